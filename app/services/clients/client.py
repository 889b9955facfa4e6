"""Registered clients, as administrators manage them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, FieldError, NotFound, Unprocessable
from app.events.oauth.client import (
    OAuthClientRegistered,
    OAuthClientSecretRevoked,
    OAuthClientSecretRotated,
    OAuthClientUpdated,
)
from app.models.oauth.client import OAuthClient, OAuthClientSecret
from app.models.user import User
from app.oauth.client_kind import signs_in
from app.oauth.clients.registration import ClientMetadata
from app.oauth.errors import OAuthError
from app.oauth.grants.client_credentials import own_scope
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.change import (
    IssuedSecret,
    admit_tokens,
    check_sector,
    count_change,
    delete_client,
    generated_id,
    issue_secret,
    judge,
    needs_sector,
    new_client,
    put_metadata,
    refuse_tokens,
)
from app.services.clients.choices import (
    check_audience,
    check_client_id,
    check_exchange,
    check_names,
    check_owner,
    check_pattern,
)
from app.services.clients.directory import metadata_of
from app.services.clients.document import is_described, why_not_decided
from app.services.clients.provider import Provider
from app.services.clients.resource import check_assigned
from app.services.clients.supported import PERSON_SCOPES
from app.services.clients.theme import check_theme
from app.services.clients.told_claims import check_claims
from app.services.process.precondition import demand_version
from app.typed_text import canonical_email

CHOICES = (
    "status",
    "pkce",
    "vouched_by",
    "is_first_party",
    "is_resource_server",
    "audience",
    "resources",
    "minimum_acr",
    "redirect_uri_patterns",
    "theme",
    "token_exchange",
    "id_token_claims",
    "claim_mappings",
    "owner_id",
)
# Older clients without any scope can still be renamed or disabled.
_DECIDE_TOKENS = frozenset({"scope", "grant_types", "is_resource_server", "resources"})
_POWERS = (
    "is_first_party",
    "is_resource_server",
    "audience",
    "resources",
    "redirect_uri_patterns",
    "token_exchange",
)
Metadata = Mapping[str, Any]


class ClientNotFound(NotFound):
    """There is no client of this identifier."""

    code = "client_not_found"
    title = "There is no such client"


class ClientExists(Conflict):
    """The identifier is in use."""

    code = "client_exists"
    title = "A client of this identifier exists"


class ClientSecretNotFound(NotFound):
    """The client has no such secret that lives."""

    code = "client_secret_not_found"
    title = "The client has no such secret"


class ClientWithoutSecret(Conflict):
    """A public client, or one that signs: a secret would open nothing."""

    code = "client_without_secret"
    title = "A client with this token_endpoint_auth_method has no secret"


class OAuthClientService:
    """What users with ``clients:read`` and ``clients:write`` may do.

    The permission is all that is asked for, and it is much: who makes a client of the
    first party has people's data told to it without their being asked.
    """

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Work in this transaction, which begins only after any calls to others."""
        self._uow = uow
        self._provider = provider

    async def list_page(
        self,
        *,
        after: Sequence[Any] | None,
        limit: int,
        owner_id: UUID | None = None,
    ) -> Sequence[OAuthClient]:
        """Return a page of all clients, or of an owner's, by their identifiers."""
        return await self._uow.oauth_clients.list_page(
            after=after, limit=limit, owner_id=owner_id
        )

    async def find(self, text: str, limit: int) -> Sequence[OAuthClient]:
        """Return the first clients whose name or identifier contains a text."""
        return await self._uow.oauth_clients.find(text, limit)

    async def get(self, client_id: str, *, lock: bool = False) -> OAuthClient:
        """Return a client, active or not.

        Raises:
            ClientNotFound: There is none.
        """
        row = await self._uow.oauth_clients.by_client_id(client_id, lock=lock)
        if row is None:
            raise ClientNotFound
        return row

    async def with_owner(self, client_id: str) -> tuple[OAuthClient, User | None]:
        """Return a client and the account of who answers for it, if there is one.

        Raises:
            ClientNotFound: There is no such client.
        """
        found = await self._uow.oauth_clients.with_owner(client_id)
        if found is None:
            raise ClientNotFound
        return found

    async def forsaken(self, limit: int) -> Sequence[OAuthClient]:
        """Return the first that run, and whose owner is disabled or gone (ADR-0089)."""
        return await self._uow.oauth_clients.forsaken(limit)

    async def account_at(self, address: str) -> User | None:
        """Return the account of an address, to be named as an owner."""
        return await self._uow.users.by_email(canonical_email(address))

    async def secrets_of(self, client_id: str) -> Sequence[OAuthClientSecret]:
        """Return what is known of the secrets that live, the newest first."""
        now = self._uow.clock.now()
        return await self._uow.oauth_clients.secrets_of(client_id, now)

    async def create(
        self, metadata: Metadata, choices: Metadata, client_id: str | None = None
    ) -> tuple[OAuthClient, IssuedSecret | None]:
        """Make a client; return it, with its secret if it is to have one.

        Args:
            metadata: As RFC 7591 §2 has it; without ``scope`` a client that signs
                people in gets all that is about them, and no other any.
            choices: The administrator's, of ``CHOICES``.
            client_id: The administrator's choice, or None.

        Raises:
            ClientExists: The identifier is in use.
            Unprocessable: Metadata or choices are not acceptable.
        """
        if client_id is not None:
            check_client_id(client_id, self._provider.settings.public_url)
        judged = self._judge(metadata)
        await self._check_choices(choices, None)
        asks = choices.get("is_resource_server") or choices.get("resources")
        _check_own_scope(judged, bool(asks))
        await self._check_sector(judged, None)
        row = new_client(
            self._uow, client_id or generated_id(self._uow), judged, **choices
        )
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise ClientExists from error
        await admit_tokens(self._uow, row.client_id)
        await check_names(self._uow, self._provider, row)
        self._uow.record(
            OAuthClientRegistered(client_id=row.client_id, is_self_registered=False)
        )
        if not judged.needs_secret:
            return row, None
        return row, await issue_secret(self._uow, row.client_id)

    async def update(
        self,
        client_id: str,
        metadata: Metadata,
        choices: Metadata,
        versions: Collection[str] | None,
    ) -> OAuthClient:
        """Change a client, and judge the whole of it anew.

        A client that is disabled loses what people granted to it. One that does not
        authenticate with a secret any more loses those; one that begins to is given
        its first by ``rotate_secret``.

        Args:
            client_id: Which.
            metadata: Members that change; None takes one away.
            choices: The administrator's that change.
            versions: What the caller read (``If-Match``), when they said so.

        Raises:
            ClientNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: It would not be acceptable.
        """
        row = await self.get(client_id, lock=True)
        demand_version(row.version, versions)
        if is_described(row) and (flaw := why_not_decided(metadata, choices)):
            raise Unprocessable.of(flaw[0], "client_has_document", flaw[1])
        known, version = metadata_of(row), row.version
        judged = self._judge(_merged(row.document, metadata))
        await self._check_choices(choices, row)
        if (metadata.keys() | choices.keys()) & _DECIDE_TOKENS:
            asks = choices.get("is_resource_server", row.is_resource_server)
            _check_own_scope(
                judged, bool(asks or choices.get("resources", row.resources))
            )
        if needs_sector(judged, known):
            await self._uow.db.rollback()  # nothing is held while somebody is asked
            await self._check_sector(judged, known)
            row = await self.get(client_id, lock=True)
            demand_version(row.version, {str(version)})
        changed = [n for n, value in choices.items() if getattr(row, n) != value]
        for name in changed:
            setattr(row, name, choices[name])
        changed += put_metadata(row, judged)
        await check_names(self._uow, self._provider, row)
        if changed:
            await self._settle(row, judged, changed)
        return row

    async def _settle(
        self, row: OAuthClient, judged: ClientMetadata, changed: Sequence[str]
    ) -> None:
        """Count a change, and end what has no place after it."""
        count_change(self._uow, self._provider, row)
        await self._uow.db.flush()
        clients, now = self._uow.oauth_clients, self._uow.clock.now()
        if not judged.needs_secret:
            await clients.delete_secrets(row.client_id)
        if row.status != "active":
            await self._uow.oauth_grants.revoke_for_client(
                row.client_id, at=now, reason="client_disabled"
            )
        if "status" in changed and row.status == "active":
            await admit_tokens(self._uow, row.client_id)
        elif "status" in changed:
            await refuse_tokens(self._uow, row.client_id)
        fields = tuple(sorted(changed))
        self._uow.record(OAuthClientUpdated(client_id=row.client_id, fields=fields))

    async def delete(self, client_id: str, versions: Collection[str] | None) -> None:
        """Delete a client and all that people granted to it.

        Raises:
            ClientNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
        """
        row = await self.get(client_id, lock=True)
        demand_version(row.version, versions)
        await delete_client(self._uow, self._provider, client_id, "administrator")

    async def rotate_secret(self, client_id: str) -> IssuedSecret:
        """Make a new secret; the one until now lives on for a while, older ones end.

        Raises:
            ClientNotFound: There is none.
            ClientWithoutSecret: It does not authenticate with one.
        """
        row = await self.get(client_id, lock=True)
        if not metadata_of(row).needs_secret:
            raise ClientWithoutSecret
        overlap = self._provider.settings.oauth.secret_overlap_ttl
        issued = await issue_secret(self._uow, client_id, overlap=overlap)
        count_change(self._uow, self._provider, row)
        self._uow.record(
            OAuthClientSecretRotated(client_id=client_id, secret_id=issued.row.id)
        )
        return issued

    async def revoke_secret(self, client_id: str, secret_id: UUID) -> None:
        """End a secret at once.

        Raises:
            ClientNotFound: There is no such client.
            ClientSecretNotFound: It has no such secret.
        """
        row = await self.get(client_id, lock=True)
        if not await self._uow.oauth_clients.delete_secret(client_id, secret_id):
            raise ClientSecretNotFound
        count_change(self._uow, self._provider, row)
        self._uow.record(
            OAuthClientSecretRevoked(client_id=client_id, secret_id=secret_id)
        )

    def _judge(self, metadata: Metadata) -> ClientMetadata:
        document = {n: v for n, v in metadata.items() if v is not None}
        grants = document.get("grant_types", ["authorization_code"])
        document.setdefault(
            "scope", " ".join(PERSON_SCOPES) if signs_in(grants) else ""
        )
        try:
            return judge(self._provider, document)
        except OAuthError as refusal:
            raise _unacceptable(refusal) from refusal

    async def _check_sector(
        self, judged: ClientMetadata, known: ClientMetadata | None
    ) -> None:
        if not needs_sector(judged, known):
            return
        try:
            await check_sector(self._provider.outbound, judged)
        except OAuthError as refusal:
            raise _unacceptable(refusal) from refusal

    async def _check_choices(self, choices: Metadata, row: OAuthClient | None) -> None:
        """Keep powers from clients that may change themselves, whatever they become.

        An owner who is gone since stays until another is named (ADR-0089).
        """
        powers = [name for name in _POWERS if choices.get(name)]
        if row and row.is_self_registered and powers:
            message = "is not for a client that registered itself; make one for it"
            raise Unprocessable.of(powers[0], "self_registered_client", message)
        audience = choices.get("audience")
        if audience is not None:
            await check_audience(self._uow, self._provider, audience)
        await check_assigned(self._uow, self._provider, choices.get("resources"))
        for pattern in choices.get("redirect_uri_patterns") or ():
            check_pattern(pattern, self._provider.supported.preview_hosts)
        if choices.get("theme") is not None:
            check_theme(choices["theme"])
        await check_claims(self._uow, choices)
        await check_exchange(self._uow, choices.get("token_exchange"))
        owner_id = choices.get("owner_id")
        if owner_id is not None and (row is None or row.owner_id != owner_id):
            await check_owner(self._uow, owner_id)


def _merged(document: Metadata, change: Metadata) -> dict[str, Any]:
    """Return a document with members changed; the stored one leaves out no scope."""
    return {"scope": "", **document, **change}


def _check_own_scope(judged: ClientMetadata, asks_only: bool) -> None:
    """Refuse a machine that would get no token (RFC 6749 §3.3: no scope, no token).

    An API that only asks about tokens wants none.
    """
    is_machine = "client_credentials" in judged.grant_types
    if is_machine and not asks_only and not own_scope(judged.scope):
        message = (
            "must name what a client with client_credentials may do, in scopes that "
            "are not about people; AUTH_SERVE_OAUTH__SCOPES says which there are"
        )
        raise Unprocessable.of("scope", "no_own_scope", message)


def _unacceptable(refusal: OAuthError) -> Unprocessable:
    """Return what the engine refuses; its words begin with the member's name."""
    field, _, message = refusal.description.partition(" ")
    error = FieldError(field, refusal.error, message)
    return Unprocessable([error], hint=refusal.hint)
