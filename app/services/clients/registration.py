"""Clients that register and manage themselves (RFC 7591, RFC 7592)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.core.exceptions import NotFound
from app.events.oauth.client import (
    OAuthClientRegistered,
    OAuthClientUpdated,
    OAuthClientVouchedFor,
    RegistrationTokenIssued,
    RegistrationTokenRevoked,
)
from app.models.oauth.client import (
    ADMINISTRATOR,
    NOBODY,
    REGISTRATION_TOKEN,
    OAuthClient,
)
from app.oauth.clients.client import ClientSecret
from app.oauth.clients.redirect_uri import place_of
from app.oauth.clients.registration import ClientMetadata
from app.oauth.clients.registration_request import adapt, present
from app.oauth.clients.secrets import find_secret
from app.oauth.errors import InvalidClientMetadata, InvalidToken
from app.oauth.grants.client_credentials import ClientCredentials
from app.oauth.grants.device_code import DeviceCode
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.scopes import ASSIGNED
from app.repositories.token_epoch import current_epoch
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.change import (
    IssuedSecret,
    check_sector,
    count_change,
    delete_client,
    generated_id,
    issue_secret,
    judge,
    needs_sector,
    new_client,
    put_metadata,
)
from app.services.clients.directory import metadata_of
from app.services.clients.provider import Provider
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.rate_limit import by_address

# Acting for oneself is a trust that an administrator gives (RFC 6749 §4.4); a device
# code is what phishers ask for: a name that anybody may choose is not enough for it.
_NOT_FOR_STRANGERS = frozenset(
    {ClientCredentials.name, DeviceCode.name, JwtBearer.name, TokenExchange.name}
)
_VOUCHES = "vouches"  # in what is stored of an initial access token
_ANSWERED_ONLY = (  # RFC 7592 §2.2
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


class RegistrationOff(NotFound):
    """Clients do not register themselves here (AUTH_SERVE_OAUTH__REGISTRATION)."""

    code = "client_registration_off"
    title = "Clients do not register themselves here"


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as it is told of itself (RFC 7591 §3.2.1, RFC 7592 §3)."""

    row: OAuthClient
    registration_access_token: str
    secret: IssuedSecret | None = None


class OAuthRegistrationService:
    """What applications may do about themselves.

    They are nobody: they may ask for what is about people, who are asked each time,
    and for nothing else.
    """

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Work in this transaction, which begins only after counting and calls."""
        self._uow = uow
        self._provider = provider
        self._epoch: UUID | None = None
        self._is_epoch_known = False

    async def admit(self, token: str | None) -> str | None:
        """Count a try to register, and ask for the initial access token if one is due.

        Args:
            token: What came as bearer token.

        Returns:
            Who vouches for what it registers; None if a stranger does that.

        Raises:
            InvalidToken: It is missing or does not hold; the hint says which.
            RegistrationOff: Nobody registers here.
            TooManyRequests: The address had its share.
        """
        mode = self._provider.settings.client_registration
        if mode == "off":
            raise RegistrationOff
        await self._charge()
        vouched_by = await self._voucher_by(token or "")
        await self._uow.db.rollback()  # nothing is held while others are asked
        if vouched_by is None and mode != "open":
            raise InvalidToken("the initial access token is not valid")
        return vouched_by

    async def _voucher_by(self, token: str) -> str | None:
        """Return who vouches for what brings this token; None if it does not hold."""
        purpose = Purpose.CLIENT_REGISTRATION
        token_id = self._provider.secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            return None
        now = self._uow.clock.now()
        row = await self._uow.one_time_tokens.peek(token_id, purpose, now)
        if row is None:
            return None
        return REGISTRATION_TOKEN if row.data.get(_VOUCHES, True) else NOBODY

    async def register(self, document: Any, vouched_by: str | None) -> Registered:
        """Make a client of what ``admit`` let in.

        Args:
            document: The metadata, as JSON has it.
            vouched_by: What ``admit`` returned.

        Raises:
            InvalidRedirectUri: A redirect URI is missing or not acceptable.
            InvalidClientMetadata: Something else is not.
            TooManyRequests: All strangers together had their share.
        """
        metadata = self._judge(document, may_have_assigned=False)
        await check_sector(self._provider.outbound, metadata)
        if vouched_by is None:  # rubbish takes nothing of what all strangers share
            await self._charge_strangers()
            vouched_by = NOBODY
        row = new_client(
            self._uow,
            generated_id(self._uow),
            metadata,
            is_self_registered=True,
            vouched_by=vouched_by,
        )
        await self._uow.db.flush()
        self._uow.record(
            OAuthClientRegistered(client_id=row.client_id, is_self_registered=True)
        )
        if vouched_by != NOBODY:
            self._uow.record(
                OAuthClientVouchedFor(client_id=row.client_id, vouched_by=vouched_by)
            )
        secret = None
        if metadata.needs_secret:
            secret = await issue_secret(self._uow, row.client_id)
        return await self._told(row, secret)

    async def read(self, client_id: str, token: str | None) -> Registered:
        """Return a client's own registration; without its secret, which is not kept.

        Raises:
            InvalidToken: The token is not this client's, or there is none such.
        """
        return await self._told(await self._own(client_id, token))

    async def replace(
        self, client_id: str, token: str | None, document: Any
    ) -> Registered:
        """Replace all metadata of a client (RFC 7592 §2.2); its secret stays.

        Raises:
            InvalidToken: The token is not this client's, or there is none such.
            InvalidRedirectUri: A redirect URI is missing or not acceptable.
            InvalidClientMetadata: Something else is not.
            TooManyRequests: The address had its share.
        """
        await self._demand_token(client_id, token)
        await self._charge()
        known = metadata_of(await self._own(client_id, token))
        document = present(document)
        _check_identity(client_id, document)
        await self._check_secret(client_id, document)
        metadata = self._judge(document)
        await self._uow.db.rollback()  # nothing is held while others are asked
        if needs_sector(metadata, known):
            await check_sector(self._provider.outbound, metadata)
        row = await self._own(client_id, token, lock=True)
        held = metadata_of(row)
        approved = _places(held)
        kept = held.scope if _places(metadata) <= approved else ()
        metadata = _without_assigned(metadata, kept)
        changed = put_metadata(row, metadata)
        if not changed:
            return await self._told(row)
        if row.voucher == ADMINISTRATOR and not _places(metadata) <= approved:
            row.vouched_by = NOBODY  # what was approved was the places of before
            changed += ("vouched_by",)
        count_change(self._uow, self._provider, row)
        self._uow.record(OAuthClientUpdated(client_id=client_id, fields=changed))
        await self._uow.db.flush()
        return await self._told(row, await self._fitting_secret(client_id, metadata))

    async def delete(self, client_id: str, token: str | None) -> None:
        """Delete a client at its own wish (RFC 7592 §2.3).

        Raises:
            InvalidToken: The token is not this client's, or there is none such.
        """
        await self._own(client_id, token, lock=True)
        await delete_client(self._uow, self._provider, client_id, "client")

    async def issue_token(self, ttl: int, *, vouches: bool = True) -> str:
        """Return a new initial access token, for any number of registrations.

        Args:
            ttl: Seconds that it holds.
            vouches: Whether what registers with it is vouched for (ADR-0014).
        """
        tokens = OneTimeTokenService(self._uow, self._provider)
        # A subject of its own: an older one shall live on beside it.
        own = self._uow.randomness.uuid7().hex
        purpose, data = Purpose.CLIENT_REGISTRATION, {_VOUCHES: vouches}
        row = await tokens.issue(purpose, subject=own, ttl=ttl, data=data)
        self._uow.record(
            RegistrationTokenIssued(registration_token=row.id, ttl=ttl, vouches=vouches)
        )
        key = self._provider.secret_key
        return key.one_time_token(purpose, row.id)

    async def revoke_token(self, token: str | None) -> None:
        """End an initial access token, or all; who registered with it stays.

        Raises:
            InvalidOneTimeToken: It does not hold anyway.
        """
        if token is not None:
            tokens = OneTimeTokenService(self._uow, self._provider)
            row = await tokens.consume(Purpose.CLIENT_REGISTRATION, token)
            self._uow.record(RegistrationTokenRevoked(registration_token=row.id))
            return
        now = self._uow.clock.now()
        purpose = Purpose.CLIENT_REGISTRATION
        await self._uow.one_time_tokens.revoke_purpose(purpose, now)
        self._uow.record(RegistrationTokenRevoked())

    async def _charge(self) -> None:
        limit = self._provider.limits.registration_address
        await self._provider.limiter.take(*by_address(limit))

    async def _charge_strangers(self) -> None:
        """Bound what strangers can have stored, from however many addresses."""
        limiter = self._provider.limiter
        limit = self._provider.limits.registration_stored
        # Shown only where it refuses: how much others ask for is nobody's business.
        [verdict] = await limiter.measure((limit, "all"))
        if not verdict.allowed:
            raise limiter.refusal(verdict)

    def _judge(
        self, document: Any, *, may_have_assigned: bool = True
    ) -> ClientMetadata:
        """Return what is registered: what was asked for, as far as there is such."""
        offered = self._provider.supported
        if not may_have_assigned:
            scopes = tuple(token for token in offered.scopes if token not in ASSIGNED)
            offered = replace(offered, scopes=scopes)
        grants = tuple(g for g in offered.grant_types if g not in _NOT_FOR_STRANGERS)
        supported = replace(offered, grant_types=grants, keyless_jwt=False)
        adapted = adapt(document, supported)
        return judge(self._provider, adapted, supported=supported)

    async def _demand_token(self, client_id: str, token: str | None) -> None:
        if not self._is_epoch_known:
            # Outside of the transaction, which must not begin before the limiter's.
            self._epoch = await current_epoch(self._provider.database)
            self._is_epoch_known = True
        key = self._provider.secret_key
        if not key.is_registration_access_token(token or "", client_id, self._epoch):
            raise InvalidToken("the registration access token is not valid")

    async def _own(
        self, client_id: str, token: str | None, *, lock: bool = False
    ) -> OAuthClient:
        """Return the client whose token this is.

        One that is gone, disabled or an administrator's looks the same outside as one
        whose token is wrong.
        """
        await self._demand_token(client_id, token)
        row = await self._uow.oauth_clients.by_client_id(client_id, lock=lock)
        if row is None or not row.is_self_registered or row.status != "active":
            hint = "the client is gone, disabled or an administrator's"
            raise InvalidToken("the registration access token is not valid", hint=hint)
        return row

    async def _check_secret(self, client_id: str, document: Mapping[str, Any]) -> None:
        """RFC 7592 §2.2: a client may name its secret, and not choose one."""
        named = document.get("client_secret")
        if named is None:
            return
        now = self._uow.clock.now()
        rows = await self._uow.oauth_clients.secrets_of(client_id, now)
        known = [ClientSecret(row.digest, row.expires_at) for row in rows]
        if not isinstance(named, str) or find_secret(named, known) is None:
            raise InvalidClientMetadata("client_secret is not the one of this client")

    async def _fitting_secret(
        self, client_id: str, metadata: ClientMetadata
    ) -> IssuedSecret | None:
        """Give a client its first secret, or take away what it cannot use any more."""
        clients, now = self._uow.oauth_clients, self._uow.clock.now()
        if not metadata.needs_secret:
            await clients.delete_secrets(client_id)
            return None
        if await clients.secrets_of(client_id, now):
            return None
        return await issue_secret(self._uow, client_id)

    async def _told(
        self, row: OAuthClient, secret: IssuedSecret | None = None
    ) -> Registered:
        key, epoch = self._provider.secret_key, await self._uow.token_epochs.current()
        token = key.registration_access_token(row.client_id, epoch)
        return Registered(row, token, secret)


def _places(metadata: ClientMetadata) -> set[str]:
    """Return to whom a client may have browsers sent."""
    uris = metadata.redirect_uris + metadata.post_logout_redirect_uris
    return set(map(place_of, uris))


def _check_identity(client_id: str, document: Mapping[str, Any]) -> None:
    """RFC 7592 §2.2: the client says who it is, and nothing that only we say."""
    if document.get("client_id") != client_id:
        raise InvalidClientMetadata("client_id must be the one of this client")
    for name in _ANSWERED_ONLY:
        if name in document:
            raise InvalidClientMetadata(f"{name} must not be sent")


def _without_assigned(
    metadata: ClientMetadata, kept: Collection[str]
) -> ClientMetadata:
    """Return metadata without scopes that an administrator has to give (ADR-0054).

    A client that has one keeps it as long as it leads people to the same places.
    """
    gone = ASSIGNED - set(kept)
    left = tuple(token for token in metadata.scope if token not in gone)
    return replace(metadata, scope=left)
