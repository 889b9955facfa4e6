"""Tokens that come back: introspection (RFC 7662) and revocation (RFC 7009)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.rate_limit import subject_key
from app.core.security import InvalidToken
from app.events.oauth.grant import AccessTokenRevoked, GrantEnded
from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.introspection import KnownToken, introspect
from app.oauth.mappings.told import (
    claims_by_scope,
    is_confirmed,
    mapped_claims,
    sources_of,
)
from app.oauth.resources.revoked import client_entry
from app.oauth.revocation import EndAccessToken, EndGrant, decide_revocation
from app.oauth.tokens import PERSON_SCOPE
from app.services.clients.authentication import (
    ClientAuthenticationService,
    ClientCall,
)
from app.services.clients.provider import Provider
from app.services.clients.signed_token import AccessToken
from app.services.oauth.grant import end_grant
from app.services.oauth.grant_store import still_holds
from app.services.oauth.person import subject_of, told_person
from app.services.oauth.personal_token import known_personal_token
from app.services.process.explained import explain_introspection
from app.utils.personal_token import is_personal


class KnownTokenService:
    """Finds tokens of this server, says what they are, lets them end."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider
        self._clients = ClientAuthenticationService(provider)
        self._owner: UUID | None = None  # of the grant that was found

    async def introspect(self, call: ClientCall) -> dict[str, Any]:
        """Return what the caller may know of a token.

        Raises:
            OAuthError: The request is malformed, or nobody that may ask.
            TooManyRequests: Clients failed to authenticate too often from there.
        """
        return await self._clients.recorded(call, self._introspect(call))

    async def _introspect(self, call: ClientCall) -> dict[str, Any]:
        client = await self._clients.authenticate(call)
        token = call.parameters.need("token")
        if client.is_public:
            found = None
        elif is_personal(token):
            found = await known_personal_token(self._provider, token, client)
        else:
            found = await self._find(token, is_current=True)
        answer = introspect(found, client, now=self._provider.clock.now())
        if current().is_explained:
            explain_introspection(found, client, answer)
        api = client.resource
        if found is None or not answer["active"] or api is None or not api.claims:
            return answer
        scope = answer.get("scope", "").split()
        return {**await self._told(found, api, scope), **answer}

    async def _told(
        self, token: KnownToken, api: Resource, token_scope: Collection[str]
    ) -> dict[str, Any]:
        """Return what an API wants told of the person of a token, as it is now.

        That is what this token was issued for, which may be less than its grant has: an
        exchanged one tells nothing of the person.

        ``username`` (RFC 7662 section 2.2) is what the person agreed to be known by,
        if it is theirs: an address that nobody confirmed may be anybody's.
        """
        provider, grant_id = self._provider, token.claims.get("grant_id")
        if grant_id is None or token.kind != "access_token":
            return {}
        # People agreed to no other's being told of them.
        is_another = "act" in token.claims
        person_scope = "" if is_another else token.claims.get(PERSON_SCOPE)
        if person_scope == "":
            return mapped_claims(api.claims, {}, token_scope)
        row = await provider.grants.state(UUID(grant_id), provider.clock.now())
        if row is None:
            return {}
        scope = row.scope.split()
        if person_scope is not None:
            left = {*person_scope.split(), *token_scope}
            scope = [token for token in scope if token in left]
        known = await told_person(provider, row, sources_of(api.claims))
        names = {"preferred_username", "email"}
        own = claims_by_scope(names, known, scope)
        if not is_confirmed("email", known):
            own.pop("email", None)
        username = own.get("preferred_username") or own.get("email")
        named = {} if username is None else {"username": username}
        return named | mapped_claims(api.claims, known, scope)

    async def revoke(self, call: ClientCall) -> None:
        """Let a token end, effective with the next request anywhere.

        Raises:
            OAuthError: The request is malformed, or the token is not the caller's.
            TooManyRequests: Clients failed to authenticate too often from there, or
                the client revoked too many access tokens.
        """
        await self._clients.recorded(call, self._revoke(call))

    async def _revoke(self, call: ClientCall) -> None:
        client = await self._clients.authenticate(call)
        token = call.parameters.need("token")
        # A refresh token that was spent ends its grant as well as the latest one.
        found = await self._find(token, is_current=False)
        now, signed = self._provider.clock.now(), self._provider.signed
        is_other = found is None and signed.is_of_another_kind(token, now)
        end = decide_revocation(found, client, is_other_jwt=is_other)
        if isinstance(end, EndGrant):
            await self._end_grant(end, client)
        elif isinstance(end, EndAccessToken):
            await self._end_access_token(end, client)

    async def _find(self, token: str, *, is_current: bool) -> KnownToken | None:
        """Return an access or refresh token of ours, or None."""
        provider, now = self._provider, self._provider.clock.now()
        counted = provider.secret_key.read_grant_refresh_token(token)
        if counted is not None:
            row = await provider.grants.state(counted[0], now)
            spent = row is not None and is_current and row.counter != counted[1]
            return None if row is None else await self._refresh_token(row, spent)
        try:
            read = provider.signed.read_access_token(token, now)
        except InvalidToken:
            return None
        return await self._access_token(read, now)

    async def _access_token(self, token: AccessToken, now: datetime) -> KnownToken:
        holds = await still_holds(self._provider, token, now)
        return KnownToken("access_token", token.claims, is_revoked=not holds)

    async def _refresh_token(self, row: Any, spent: bool) -> KnownToken:
        provider, self._owner = self._provider, row.user_id
        owner = await provider.clients.by_client_id(row.client_id)
        claims = {
            "iss": provider.settings.public_url,
            "client_id": row.client_id,
            "scope": row.scope,
            "exp": int(row.expires_at.timestamp()),
            "iat": int(row.refreshed_at.timestamp()),
            "grant_id": str(row.id),
        }
        if owner is not None:
            claims["sub"] = subject_of(row.user_id, owner, provider.secret_key)
        is_over = owner is None or spent or not row.is_live
        return KnownToken("refresh_token", claims, is_revoked=is_over)

    async def _end_grant(self, end: EndGrant, client: Client) -> None:
        reason = "revoked_by_client"
        ended = GrantEnded(
            user_id=self._owner,
            client_id=client.client_id,
            grant_id=end.grant_id,
            reason=reason,
        )
        await end_grant(self._provider, end.grant_id, reason, ended)

    async def _end_access_token(self, end: EndAccessToken, client: Client) -> None:
        # Each is an entry for every API to read until the token expires (ADR-0084).
        limit = self._provider.limits.revocation_client
        key = subject_key("client", client.client_id)
        await self._provider.limiter.take((limit, key))
        async with self._provider.unit_of_work() as uow:
            token_id = UUID(end.token_id)
            if await uow.oauth_used.revoke(
                token_id,
                end.expires_at,
                at=uow.clock.now(),
                client_entry=client_entry(client.client_id),
            ):
                uow.record(AccessTokenRevoked(client_id=client.client_id, jti=token_id))
