"""What an application may read about the person of an access token."""

from typing import Any

from app.core import jose, security
from app.core.context import current
from app.oauth.claims import claims_for
from app.oauth.errors import InsufficientScope, InvalidToken
from app.oauth.scopes import OPENID
from app.oauth.tokens import USERINFO_TYPE, signed_userinfo_claims, userinfo_claims
from app.services.oauth.person import person_claims, subject_of
from app.services.process.signed_token import AccessToken
from app.services.server.runtime import Runtime


class UserinfoService:
    """Answers about people (OIDC Core section 5.3). One statement."""

    def __init__(self, runtime: Runtime) -> None:
        """Work outside of a request's transaction."""
        self._runtime = runtime

    async def describe(self, token: str) -> dict[str, Any] | str:
        """Return the claims, or a JWT of them where the client is registered for it.

        Raises:
            InvalidToken: Expired, revoked, of another kind or for somebody else; or
                its grant, session, account or client is over.
            InsufficientScope: It is not an OpenID Connect one.
            AlgorithmWithdrawn: The client's answers cannot be signed any more.
        """
        runtime, now = self._runtime, self._runtime.clock.now()
        issuer = runtime.settings.public_url
        access = self._read(token)
        client = await runtime.clients.by_client_id(access.client_id)
        row = None
        if access.grant_id is not None:
            row = await runtime.grants.person(access.grant_id, access.token_id, now)
        if row is None or client is None:
            raise _refusal("the grant, session, account or client is over")
        current().user_id = row.user_id
        subject = subject_of(row.user_id, client, runtime.secret_key)
        person = claims_for(
            "userinfo", person_claims(row), scope=access.scope, claims=row.claims
        )
        if client.userinfo_signed_response_alg is None:
            return userinfo_claims(person, subject=subject)
        algorithm = client.userinfo_signed_response_alg
        runtime.signed.demand_key(client.client_id, algorithm, now)
        return runtime.signed.sign(
            signed_userinfo_claims(person, client, issuer=issuer, subject=subject),
            algorithm=algorithm,
            typ=USERINFO_TYPE,
            now=now,
        )

    def _read(self, token: str) -> AccessToken:
        runtime = self._runtime
        try:
            access = runtime.signed.read_access_token(token, runtime.clock.now())
        except security.InvalidToken as error:
            raise _refusal(str(error)) from None
        if OPENID not in access.scope:
            raise InsufficientScope("the scope openid is needed")
        if not jose.has_audience(access.claims, (runtime.settings.public_url,)):
            raise _refusal("meant for another audience")
        return access


def _refusal(hint: str) -> InvalidToken:
    return InvalidToken("the access token is not valid", hint=hint)
