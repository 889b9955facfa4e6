"""What an application may read about the person of an access token."""

from datetime import datetime
from typing import Any

from app.core import jose, security
from app.core.context import current
from app.oauth.claims import claims_for, told_claims
from app.oauth.errors import InsufficientScope, InvalidToken
from app.oauth.mappings.told import mapped_claims, sources_of
from app.oauth.scopes import OPENID
from app.oauth.tokens import USERINFO_TYPE, signed_userinfo_claims, userinfo_claims
from app.services.clients.provider import Provider
from app.services.clients.signed_token import AccessToken
from app.services.oauth.person import subject_of, told_person
from app.services.process.explained import explain_userinfo


class UserinfoService:
    """Answers about people (OIDC Core section 5.3). One statement."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider

    async def describe(self, token: str) -> dict[str, Any] | str:
        """Return the claims, or a JWT of them where the client is registered for it.

        Raises:
            InvalidToken: Expired, revoked, of another kind or for somebody else; or
                its grant, session, account or client is over.
            InsufficientScope: It is not an OpenID Connect one.
            AlgorithmWithdrawn: The client's answers cannot be signed any more.
        """
        provider, now = self._provider, self._provider.clock.now()
        issuer = provider.settings.public_url
        access = self._read(token, now)
        client = await provider.clients.by_client_id(access.client_id)
        row = None
        if access.grant_id is not None:
            row = await provider.grants.person(access.grant_id, access.token_id, now)
        if row is None or client is None:
            raise _refusal("the grant, session, account or client is over")
        current().user_id = row.user_id
        subject = subject_of(row.user_id, client, provider.secret_key)
        scope, mappings = access.scope, client.claim_mappings
        names = told_claims("userinfo", scope=scope, claims=row.claims)
        known = await told_person(provider, row, names | sources_of(mappings))
        person = claims_for("userinfo", known, scope=scope, claims=row.claims)
        if mappings:
            person |= mapped_claims(mappings, known, scope)
        if current().is_explained:
            explain_userinfo(access.claims, person)
        if client.userinfo_signed_response_alg is None:
            return userinfo_claims(person, subject=subject)
        algorithm = client.userinfo_signed_response_alg
        provider.signed.demand_key(client.client_id, algorithm, now)
        return await provider.signed.sign(
            signed_userinfo_claims(person, client, issuer=issuer, subject=subject),
            algorithm=algorithm,
            typ=USERINFO_TYPE,
            now=now,
        )

    def _read(self, token: str, now: datetime) -> AccessToken:
        provider = self._provider
        try:
            access = provider.signed.read_access_token(token, now)
        except security.InvalidToken as error:
            raise _refusal(str(error)) from None
        if OPENID not in access.scope:
            raise InsufficientScope("the scope openid is needed")
        if not jose.has_audience(access.claims, (provider.settings.public_url,)):
            raise _refusal("meant for another audience")
        return access


def _refusal(hint: str) -> InvalidToken:
    return InvalidToken("the access token is not valid", hint=hint)
