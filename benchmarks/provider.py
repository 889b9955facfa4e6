"""The OpenID Connect provider under load: applications and codes made beforehand."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.config import Settings
from app.oauth.authorize import AuthorizationRequest, identify, read_request
from app.oauth.parameters import Parameters
from app.oauth.ports import Authentication
from app.services.oauth.code import issue_code
from app.services.server.runtime import Runtime, build_runtime
from benchmarks.load import Connection, Step, get, post_form
from benchmarks.stage import SCOPES, SECRET
from tests.factories.oauth import (
    CHALLENGE,
    REDIRECT_URI,
    VERIFIER,
    Application,
    ApplicationFactory,
)

CODES = 12_000  # more than five seconds of any machine
_BATCH = 500  # codes in a transaction
_SCOPE = ("openid", "profile", "email", "offline_access")
_TOKEN = "/oauth2/token"


@dataclass
class Provider:
    """What the loads need.

    Attributes:
        machine: An application that speaks for itself.
        web: One that people sign in at, with ID tokens by ES256.
        plain: One that chose nothing, so that its ID tokens are by RS256.
        caller: One that calls an API for people and asks for no ID token.
        codes: To be redeemed, by client identifier.
    """

    machine: Application
    web: Application
    plain: Application
    caller: Application
    codes: Mapping[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))

    def loads(
        self, tokens: list[dict[str, Any]], caller_tokens: list[dict[str, Any]]
    ) -> dict[str, list[Step]]:
        """Return what is measured, by name; each step is a client of its own.

        Args:
            tokens: Of as many sign-ins at ``web`` as there are clients.
            caller_tokens: Of as many at ``caller``.
        """
        basic = self.web.basic["Authorization"]
        of_caller = self.caller.basic["Authorization"]
        return {
            "client credentials": [self._machine_step() for _ in tokens],
            "introspection": [_introspects(each, basic) for each in tokens],
            "userinfo": [_reads_userinfo(each) for each in tokens],
            "refresh at the token endpoint": [
                _refreshes(each, of_caller) for each in caller_tokens
            ],
            "the same with an ID token": [_refreshes(each, basic) for each in tokens],
            "code exchange, RS256": [self._exchanges() for _ in tokens],
        }

    async def sign_in(
        self, connection: Connection, application: Application
    ) -> dict[str, Any]:
        """Return the tokens of somebody who signed in there: redeem the next code."""
        fields = {
            "grant_type": "authorization_code",
            "code": self.codes[application.client_id].popleft(),
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        request = post_form(_TOKEN, fields, application.basic["Authorization"])
        tokens: dict[str, Any] = (await connection.send(request)).json()
        return tokens

    def _exchanges(self) -> Step:
        async def step(connection: Connection) -> bool:
            return "id_token" in await self.sign_in(connection, self.plain)

        return step

    def _machine_step(self) -> Step:
        authorization = self.machine.basic["Authorization"]
        fields = {"grant_type": "client_credentials"}
        return _always(post_form(_TOKEN, fields, authorization))


def _introspects(tokens: dict[str, Any], basic: str) -> Step:
    return _always(
        post_form("/oauth2/introspect", {"token": tokens["access_token"]}, basic)
    )


def _reads_userinfo(tokens: dict[str, Any]) -> Step:
    return _always(get("/oauth2/userinfo", tokens["access_token"]))


def _always(request: bytes) -> Step:
    async def step(connection: Connection) -> bool:
        return (await connection.send(request)).status == 200

    return step


def _refreshes(tokens: dict[str, Any], basic: str) -> Step:
    """Return an application that exchanges each refresh token for the next."""
    newest = str(tokens["refresh_token"])

    async def step(connection: Connection) -> bool:
        nonlocal newest
        fields = {"grant_type": "refresh_token", "refresh_token": newest}
        answer = await connection.send(post_form(_TOKEN, fields, basic))
        newest = str(answer.json()["refresh_token"])
        return True

    return step


async def prepare(database_url: str, user_email: str) -> Provider:
    """Register the applications, and have a person agree some thousand times.

    Args:
        database_url: Where the service works.
        user_email: An account that is there.
    """
    settings = {
        "database_url": database_url,
        "secret_key": SECRET,
        "oauth": {"scopes": SCOPES},
    }
    runtime = build_runtime(Settings.model_validate(settings))
    register = ApplicationFactory(runtime)
    provider = Provider(
        machine=await register.machine(scope="api"),
        web=await register(),
        plain=await register(id_token_signed_response_alg="RS256"),
        caller=await register(scope="api"),
    )
    wanted = (
        (provider.web, _SCOPE, 1),
        (provider.caller, ("api",), 1),
        (provider.plain, _SCOPE, CODES // _BATCH),
    )
    for application, scope, batches in wanted:
        request = await _request(runtime, application, scope)
        codes = provider.codes[application.client_id]
        for _ in range(batches):
            codes += await _issue(runtime, request, user_email)
    await runtime.close()
    return provider


async def _request(
    runtime: Runtime, application: Application, scope: Iterable[str]
) -> AuthorizationRequest:
    """Return what the application asks people for."""
    client = await runtime.clients.by_client_id(application.client_id)
    params = Parameters(
        {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": " ".join(scope),
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )
    to = identify(params, client, development=True)
    return read_request(params, to, supported=runtime.supported)


async def _issue(
    runtime: Runtime, request: AuthorizationRequest, user_email: str
) -> list[str]:
    """Return some codes of one person, who is signed in."""
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_email(user_email)
        assert user is not None
        [session, *_] = await uow.sessions.list_live(
            user.id, uow.clock.now(), after=None, limit=1
        )
        who = Authentication(
            user_id=user.id,
            session_id=session.id,
            authenticated_at=session.authenticated_at,
            acr="aal1",
            amr=("pwd",),
        )
        return [await issue_code(uow, runtime, request, who) for _ in range(_BATCH)]
