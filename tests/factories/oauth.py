"""Applications, the codes that people let them have, and what they ask with."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from app.core import jose
from app.models import OAuthClient, OAuthClientSecret, Session, User
from app.oauth.authorize import AuthorizationRequest
from app.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from app.oauth.clients.client import Client
from app.oauth.clients.registration import read_client_metadata
from app.oauth.clients.secrets import client_secret, secret_digest
from app.oauth.ports import Authentication
from app.services.oauth.code import issue_code
from app.services.server.runtime import Runtime

REDIRECT_URI = "https://app.example.com/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GRANTS = ("authorization_code", "refresh_token")
ALGORITHM = "ES256"


@dataclass(frozen=True)
class Application:
    """A registered client, and what only it knows."""

    client_id: str
    secret: str = ""
    key: Any = None

    @property
    def basic(self) -> dict[str, str]:
        """The header that proves who asks (RFC 6749 section 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def assertion(self, runtime: Runtime, **changed: Any) -> dict[str, str]:
        """The form fields that prove who asks with a key (RFC 7523)."""
        now = int(runtime.clock.now().timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": runtime.settings.public_url,
            "iat": now,
            "exp": now + 60,
            "jti": str(runtime.randomness.uuid7()),
        } | changed
        signed = jose.sign(claims, self.key, kid="key", algorithm=ALGORITHM, typ="JWT")
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


class ApplicationFactory:
    """Registers clients past every endpoint; metadata is judged as it always is."""

    def __init__(self, runtime: Runtime) -> None:
        """Store into this runtime's database."""
        self._runtime = runtime

    async def __call__(
        self, *, columns: Mapping[str, Any] | None = None, **metadata: Any
    ) -> Application:
        """Register a client, with a secret unless its method needs none.

        Args:
            columns: What the administrator decides, such as ``audience``.
            metadata: Members of RFC 7591.
        """
        document = {
            "redirect_uris": [REDIRECT_URI],
            "grant_types": list(GRANTS),
            "client_name": "Shop",
            "id_token_signed_response_alg": ALGORITHM,  # quick
        } | metadata
        judged = read_client_metadata(
            document, development=True, supported=self._runtime.supported
        )
        client_id = f"client-{self._runtime.randomness.uuid7().hex}"
        secret = client_secret(self._runtime.randomness.bytes(32))
        async with self._runtime.unit_of_work() as uow:
            now = uow.clock.now()
            usual: dict[str, Any] = {
                "status": "active",
                "is_self_registered": False,
                "is_first_party": False,
                "is_resource_server": False,
            }
            uow.oauth_clients.add(
                OAuthClient(
                    client_id=client_id,
                    client_name=judged.client_name or "",
                    document=judged.document(),
                    version=1,
                    created_at=now,
                    updated_at=now,
                    **(usual | dict(columns or {})),
                )
            )
            await uow.db.flush()
            if judged.needs_secret:
                uow.db.add(
                    OAuthClientSecret(
                        id=uow.randomness.uuid7(),
                        client_id=client_id,
                        digest=secret_digest(secret),
                        created_at=now,
                    )
                )
        return Application(client_id, secret if judged.needs_secret else "")

    async def public(self, **metadata: Any) -> Application:
        """Register a client that cannot keep a secret."""
        return await self(token_endpoint_auth_method="none", **metadata)

    async def machine(self, **metadata: Any) -> Application:
        """Register a client that speaks for itself only."""
        usual = {"grant_types": ["client_credentials"], "redirect_uris": []}
        return await self(**(usual | metadata))

    async def with_key(self, **metadata: Any) -> Application:
        """Register a client that signs assertions."""
        key = jose.generate_key(ALGORITHM)
        jwks = {"keys": [jose.public_jwk(key, "key", ALGORITHM)]}
        method = "private_key_jwt"
        made = await self(token_endpoint_auth_method=method, jwks=jwks, **metadata)
        return Application(made.client_id, key=key)


@dataclass(frozen=True)
class IssuedCode:
    """A code on its way to the token endpoint."""

    code: str
    grant_id: UUID
    session_id: UUID
    user_id: UUID
    form: dict[str, str] = field(default_factory=dict)


class CodeFactory:
    """Codes as the authorization endpoint issues them, without a browser."""

    def __init__(self, runtime: Runtime) -> None:
        """Store into this runtime's database."""
        self._runtime = runtime

    async def __call__(
        self, app: Application, user: User, scope: str = "openid", **asked: Any
    ) -> IssuedCode:
        """Let an application have a code; what it asks for is a parameter by name.

        ``session_id`` takes a session that is there; otherwise the person signs in
        anew. ``form`` of what is returned is the body that redeems it.
        """
        runtime = self._runtime
        session_id = asked.pop("session_id", None) or await self.sign_in(user)
        client = await runtime.clients.by_client_id(app.client_id)
        assert client is not None
        async with runtime.unit_of_work() as uow:
            authentication = Authentication(
                user_id=user.id,
                session_id=session_id,
                authenticated_at=uow.clock.now(),
                acr="aal1",
                amr=("pwd",),
            )
            request = _request(client, tuple(scope.split()), asked)
            code = await issue_code(
                uow, runtime.secret_key, runtime.settings.oauth, request, authentication
            )
        grant_id = runtime.secret_key.read_one_time_token("authorization_code", code)
        assert grant_id is not None
        return IssuedCode(code, grant_id, session_id, user.id, _form(code, request))

    async def sign_in(self, user: User) -> UUID:
        """Begin a session, past every check."""
        async with self._runtime.unit_of_work() as uow:
            now, session_id = uow.clock.now(), uow.randomness.uuid7()
            ttl = self._runtime.settings.session
            uow.sessions.add(
                Session(
                    id=session_id,
                    user_id=user.id,
                    counter=0,
                    amr=["pwd"],
                    ip="192.0.2.1",
                    network="192.0.2.1",
                    user_agent="",
                    created_at=now,
                    authenticated_at=now,
                    refreshed_at=now,
                    expires_at=now + timedelta(seconds=ttl.idle_ttl),
                    absolute_expires_at=now + timedelta(seconds=ttl.absolute_ttl),
                )
            )
        return session_id


def _request(
    client: Client, scope: tuple[str, ...], asked: dict[str, Any]
) -> AuthorizationRequest:
    usual: dict[str, Any] = {
        "redirect_uri": REDIRECT_URI,
        "redirect_uri_sent": REDIRECT_URI,
        "response_mode": "query",
        "state": None,
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": CHALLENGE,
        "prompt": frozenset(),
        "max_age": None,
        "acr_values": (),
        "login_hint": None,
        "id_token_hint": None,
        "claims": {},
        "ui_locales": (),
        "display": "page",
    }
    return AuthorizationRequest(client=client, scope=scope, **(usual | asked))


def _form(code: str, request: AuthorizationRequest) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": code}
    if request.redirect_uri_sent is not None:
        form["redirect_uri"] = request.redirect_uri_sent
    if request.code_challenge == CHALLENGE:
        form["code_verifier"] = VERIFIER
    return form
