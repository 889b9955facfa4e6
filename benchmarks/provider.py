"""Applications and codes, made beforehand for a provider that is put under load.

Runs with the code of the build that is measured, see `benchmarks.inside`.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.config import Settings
from app.oauth.authorize import AuthorizationRequest, identify, read_request
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.parameters import Parameters
from app.oauth.ports import Authentication
from app.services.oauth.code import issue_code
from app.services.server.runtime import Runtime, build_runtime
from benchmarks.stage import SCOPES, SECRET
from tests.factories.oauth import (
    CHALLENGE,
    REDIRECT_URI,
    Application,
    ApplicationFactory,
)
from tests.factories.resource import ORDERS, ResourceFactory

CODES = 12_000  # more than five seconds of any machine
_GATEWAY = "https://gateway.example"
_BATCH = 500  # codes in a transaction
_CODE_TTL = 600  # seconds, the most there is: they are redeemed in the last round too
_SCOPE = ("openid", "profile", "email", "offline_access")


@dataclass
class Provider:
    """What was made.

    Attributes:
        machine: An application that speaks for itself.
        web: One that people sign in at, with ID tokens by ES256.
        plain: One that chose nothing, so that its ID tokens are by RS256.
        caller: One that calls an API for people and asks for no ID token.
        sender: One whose tokens are for the gateway.
        gateway: An API that exchanges them.
        codes: To be redeemed, by client identifier.
    """

    machine: Application
    web: Application
    plain: Application
    caller: Application
    sender: Application
    gateway: Application
    codes: Mapping[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))


async def prepare(database_url: str, user_email: str) -> Provider:
    """Register the applications, and have a person agree some thousand times.

    Args:
        database_url: Where the service works.
        user_email: An account that is there.
    """
    settings = {
        "database_url": database_url,
        "secret_key": SECRET,
        "oauth": {"scopes": SCOPES, "code_ttl": _CODE_TTL},
    }
    runtime = build_runtime(Settings.model_validate(settings))
    register = ApplicationFactory(runtime)
    await ResourceFactory(runtime)(ORDERS, scopes={"api": "Everything"})
    assigned = {"resources": {ORDERS: None}}
    sender = await register(scope="api", columns={"audience": _GATEWAY})
    provider = Provider(
        machine=await register.machine(scope="api", columns=assigned),
        web=await register(),
        plain=await register(id_token_signed_response_alg="RS256"),
        caller=await register(scope="api"),
        sender=sender,
        gateway=await register.machine(
            grant_types=[TokenExchange.name],
            scope="api",
            columns=assigned
            | {"audience": _GATEWAY, "is_resource_server": True}
            | _exchanging(sender),
        ),
    )
    wanted = (
        (provider.web, _SCOPE, 1),
        (provider.caller, ("api",), 1),
        (provider.sender, ("api",), 1),
        (provider.plain, _SCOPE, CODES // _BATCH),
    )
    for application, scope, batches in wanted:
        request = await _request(runtime, application, scope)
        codes = provider.codes[application.client_id]
        for _ in range(batches):
            codes += await _issue(runtime, request, user_email)
    await runtime.close()
    return provider


def _exchanging(sender: Application) -> dict[str, Any]:
    policy = {"clients": [sender.client_id], "impersonation": False}
    return {"token_exchange": policy}


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
    to = identify(params, client, scopes=runtime.supported.scopes, development=True)
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
        return [
            await issue_code(
                uow, runtime.secret_key, runtime.settings.oauth, request, who
            )
            for _ in range(_BATCH)
        ]
