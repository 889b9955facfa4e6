"""The token endpoint: a client, a grant, and the tokens that come of it."""

from datetime import datetime
from typing import Any

from app.core.context import current, passed
from app.oauth.clients.client import Client
from app.oauth.errors import Check, InvalidGrant, OAuthError
from app.oauth.grants.base import Granted, Stores
from app.oauth.grants.client_credentials import ClientCredentials
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.token_request import redeem_grant
from app.oauth.tokens import (
    ID_TOKEN_TYPE,
    access_token_claims,
    id_token_claims,
    token_response,
)
from app.services.clients.authentication import (
    ClientAuthenticationService,
    ClientCall,
)
from app.services.clients.provider import Provider
from app.services.oauth.exchanged import tell_exchange
from app.services.oauth.grant_store import (
    CodeStore,
    DeviceCodeStore,
    RefreshTokenStore,
)
from app.services.oauth.person import session_name, subject_of
from app.services.oauth.stores.assertion import AssertionStore, speaks_for_itself
from app.services.oauth.stores.presented_token import PresentedTokenStore
from app.services.oauth.told import Told, bounded, told_in_tokens
from app.services.process.explained import explain_tokens

_NO_ID_TOKEN = frozenset({ClientCredentials.name, JwtBearer.name, TokenExchange.name})


class TokenService:
    """Issues tokens to applications. One statement, no transaction held."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider
        self._clients = ClientAuthenticationService(provider)

    async def issue(self, call: ClientCall) -> dict[str, Any]:
        """Return the token response (RFC 6749 section 5.1).

        Raises:
            OAuthError: As section 5.2 says it; the audit trail knows why.
            AlgorithmWithdrawn: The client's ID tokens cannot be signed any more.
            TooManyRequests: Clients failed to authenticate too often from there.
        """
        return await self._clients.recorded(call, self._issue(call))

    async def _issue(self, call: ClientCall) -> dict[str, Any]:
        provider = self._provider
        algorithm = provider.settings.token.algorithm
        provider.signed.demand_store(algorithm, provider.clock.now())
        assertions = AssertionStore(self._provider)
        if speaks_for_itself(call):
            client = await self._spoken_for(call, assertions)
        else:
            client = await self._clients.authenticate(call)
        if call.parameters.get("grant_type") not in _NO_ID_TOKEN:
            self._demand_key(client)
        codes = CodeStore(self._provider)
        refresh_tokens = RefreshTokenStore(self._provider, client, call.parameters)
        device_codes = DeviceCodeStore(self._provider)
        presented = PresentedTokenStore(self._provider)
        stores = Stores(
            codes=codes,
            refresh_tokens=refresh_tokens,
            device_codes=device_codes,
            resources=self._provider.resources,
            assertions=assertions,
            presented_tokens=presented,
        )
        offered = self._provider.supported.grant_types
        try:
            granted = await redeem_grant(call.parameters, client, stores, offered)
        except OAuthError as error:
            _note_client(client, call, error)
            refusal = error
        else:
            rows = (
                *(codes.row, refresh_tokens.row, device_codes.row),
                *(assertions.row, presented.row),
            )
            row = next(filter(None, rows), None)
            await tell_exchange(self._provider, granted, row)
            if current().is_explained:
                self._explain(granted, call)
            return await self._answer(granted, row)
        reasons = (
            codes.reason,
            refresh_tokens.reason,
            device_codes.reason,
            assertions.reason,
        )
        refusal.hint = next(filter(None, reasons), refusal.hint)
        await codes.end_begun()
        await device_codes.end_begun()
        raise refusal

    def _explain(self, granted: Granted, call: ClientCall) -> None:
        lives = granted.access_ttl(self._provider.settings.token.access_ttl)
        is_named = granted.client.is_public or speaks_for_itself(call)
        explain_tokens(granted, call.parameters, lives, is_named=is_named)

    async def _spoken_for(self, call: ClientCall, assertions: AssertionStore) -> Client:
        client_id = await assertions.speaker(call.parameters)
        client = await self._provider.clients.by_client_id(client_id)
        if client is None:
            hint = f"the client of the rule, {client_id}, is disabled or gone"
            raise InvalidGrant(
                "the assertion is not valid", hint=hint, check=Check.ASSERTION
            )
        return client

    def _demand_key(self, client: Client) -> None:
        """Refuse before a code is used up for which no ID token could be signed."""
        now, algorithm = self._provider.clock.now(), client.id_token_signed_response_alg
        self._provider.signed.demand_key(client.client_id, algorithm, now)

    async def _answer(self, granted: Granted, row: Any | None) -> dict[str, Any]:
        """Return the tokens; ``row`` has grant and person, unless nobody is there."""
        provider, now = self._provider, self._provider.clock.now()
        subject = None
        if row is not None:
            current().user_id = row.user_id
            subject = subject_of(row.user_id, granted.client, provider.secret_key)
        told = await told_in_tokens(provider, granted, row)
        access_token = await self._access_token(granted, subject, told, now)
        return token_response(
            granted,
            access_token=access_token,
            expires_in=granted.access_ttl(provider.settings.token.access_ttl),
            refresh_token=self._refresh_token(granted),
            id_token=await self._id_token(granted, subject, told, access_token, now),
        )

    async def _access_token(
        self, granted: Granted, subject: str | None, told: Told, now: datetime
    ) -> str:
        provider = self._provider
        settings = provider.settings
        claims = access_token_claims(
            granted,
            issuer=settings.public_url,
            subject=subject,
            token_id=provider.randomness.uuid7(),
            now=now,
            ttl=granted.access_ttl(settings.token.access_ttl),
            session=self._session(granted),
            told=told.access_token,
        )
        algorithm = granted.form.algorithm or settings.token.algorithm
        return await provider.signed.sign(
            bounded(provider, granted, claims, told),
            algorithm=algorithm,
            typ=granted.form.typ,
            now=now,
        )

    def _session(self, granted: Granted) -> str | None:
        if granted.authentication is None:
            return None
        session_id, key = granted.authentication.session_id, self._provider.secret_key
        return session_name(session_id, granted.client, key)

    def _refresh_token(self, granted: Granted) -> str | None:
        if granted.grant_id is None or granted.refresh_counter is None:
            return None
        return self._provider.secret_key.grant_refresh_token(
            granted.grant_id, granted.refresh_counter
        )

    async def _id_token(
        self,
        granted: Granted,
        subject: str | None,
        told: Told,
        access_token: str,
        now: datetime,
    ) -> str | None:
        if not granted.has_id_token or granted.authentication is None:
            return None
        assert subject is not None  # somebody signed in
        provider = self._provider
        claims = id_token_claims(
            granted,
            granted.authentication,
            issuer=provider.settings.public_url,
            subject=subject,
            now=now,
            ttl=provider.settings.oauth.id_token_ttl,
            access_token=access_token,
            person=told.id_token,
            session=self._session(granted),
        )
        return await provider.signed.sign(
            bounded(provider, granted, claims, told),
            algorithm=granted.client.id_token_signed_response_alg,
            typ=ID_TOKEN_TYPE,
            now=now,
        )


def _note_client(client: Client, call: ClientCall, error: OAuthError) -> None:
    """Keep who was refused, and whether that was proven."""
    if not error.is_usual:
        is_named = client.is_public or speaks_for_itself(call)
        check = Check.CLIENT if is_named else Check.CLIENT_PROOF
        passed(check, {"client_id": client.client_id})
