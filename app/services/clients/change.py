"""Steps that every change of a registered client shares."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core.circuit_breaker import CircuitOpen
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.events.oauth.client import OAuthClientDeleted
from app.models.oauth.client import ADMINISTRATOR, OAuthClient, OAuthClientSecret
from app.oauth.clients.client import ClientSecret
from app.oauth.clients.registration import (
    ClientMetadata,
    check_sector_document,
    read_client_metadata,
)
from app.oauth.clients.secrets import client_secret, rotate, secret_digest
from app.oauth.errors import InvalidClientMetadata
from app.oauth.resources.revoked import client_entry, past_entry
from app.oauth.supported import Supported
from app.repositories.oauth.jti import LONGEST_TOKEN
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.provider import Provider
from app.utils import strict_json
from app.utils.strict_json import NotStrict

# Addresses that this server calls itself; what browsers call is no affair of the door.
_CALLED = ("jwks_uri", "sector_identifier_uri", "backchannel_logout_uri")
_MAX_SECTOR_BYTES = 64 * 1024
_log = logging.getLogger("auth_serve.oauth_client")


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A secret on its way out: ``value`` is shown now and never again."""

    row: OAuthClientSecret
    value: str


def judge(
    provider: Provider,
    document: Any,
    *,
    supported: Supported | None = None,
) -> ClientMetadata:
    """Return what a client asks to be, if it may be that.

    Args:
        provider: What this server offers, and whom it calls.
        document: The metadata, as JSON has it.
        supported: What may be registered; None means all that is offered.

    Raises:
        InvalidRedirectUri: A redirect URI is missing or not acceptable.
        InvalidClientMetadata: Something else is not.
    """
    metadata = read_client_metadata(
        document,
        development=not provider.settings.is_production,
        supported=supported or provider.supported,
    )
    check_called(provider.outbound, metadata)
    return metadata


def check_called(outbound: OutboundClient, metadata: ClientMetadata) -> None:
    """Refuse addresses that this server would never call.

    Raises:
        InvalidClientMetadata: There is one; it says which.
    """
    for name in _CALLED:
        uri = getattr(metadata, name)
        if uri is not None:
            _check_called(outbound, name, uri)


def _check_called(outbound: OutboundClient, name: str, uri: str) -> None:
    try:
        outbound.judge(uri)
    except OutboundRefused as refusal:
        raise InvalidClientMetadata(
            f"{name} is an address that this server may not call; its operator can "
            "allow the host (AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS)",
            hint=refusal.hint,
        ) from refusal


def needs_sector(metadata: ClientMetadata, known: ClientMetadata | None) -> bool:
    """Tell whether the sector document has to be asked about the redirect URIs.

    Args:
        metadata: What the client is to be.
        known: What it was, whose redirect URIs were found in the document.
    """
    uri = metadata.sector_identifier_uri
    if uri is None:
        return False
    if known is None or known.sector_identifier_uri != uri:
        return True
    return not set(metadata.redirect_uris) <= set(known.redirect_uris)


async def check_sector(outbound: OutboundClient, metadata: ClientMetadata) -> None:
    """Ask ``sector_identifier_uri`` about the redirect URIs (OIDC Registration §5).

    No transaction may be open: this waits for somebody else, for seconds at most.

    Raises:
        InvalidClientMetadata: It could not be fetched, which says no more to strangers
            than that, or does not list every redirect URI.
    """
    uri = metadata.sector_identifier_uri
    if uri is None:
        return
    try:
        response = await outbound.get(uri, max_bytes=_MAX_SECTOR_BYTES, apart=True)
    except (CircuitOpen, OutboundFailed, OutboundRefused) as error:
        raise _unfetched(error.hint) from error
    if response.status != 200:
        raise _unfetched(f"answered {response.status}")
    check_sector_document(metadata, _parsed(response.body))


def _unfetched(hint: str) -> InvalidClientMetadata:
    _log.info("sector document not fetched", extra={"reason": hint})
    return InvalidClientMetadata(
        "sector_identifier_uri could not be fetched", hint=hint
    )


def _parsed(body: bytes) -> Any:
    try:
        return strict_json.parse(body)
    except NotStrict:
        return None


def put_metadata(row: OAuthClient, metadata: ClientMetadata) -> tuple[str, ...]:
    """Give a client its metadata; return the names of what changed."""
    before, after = row.document or {}, metadata.document()
    row.document = after
    row.client_name = metadata.client_name or ""
    names = before.keys() | after.keys()
    return tuple(sorted(n for n in names if before.get(n) != after.get(n)))


def new_client(
    uow: UnitOfWork, client_id: str, metadata: ClientMetadata, **columns: Any
) -> OAuthClient:
    """Return an active client that has no secret yet, added to the transaction."""
    return uow.oauth_clients.add(client_row(uow, client_id, metadata, **columns))


def client_row(
    uow: UnitOfWork, client_id: str, metadata: ClientMetadata, **columns: Any
) -> OAuthClient:
    """Return an active client that has no secret yet; it is of no transaction."""
    now = uow.clock.now()
    values: Mapping[str, Any] = {
        "status": "active",
        "is_self_registered": False,
        "vouched_by": ADMINISTRATOR,
        "is_first_party": False,
        "is_resource_server": False,
        "audience": None,
        "resources": None,
        "pkce": None,
        "minimum_acr": None,
        "redirect_uri_patterns": None,
        "theme": None,
        "token_exchange": None,
        "id_token_claims": None,
        "claim_mappings": None,
        "owner_id": None,
    }
    row = OAuthClient(
        client_id=client_id,
        version=1,
        created_at=now,
        updated_at=now,
        last_used_at=None,
        **{**values, **columns},
    )
    put_metadata(row, metadata)
    return row


def generated_id(uow: UnitOfWork) -> str:
    """Return an identifier for a client.

    Its form is none that a ``sub`` has, so that no API can take the one for the other
    (RFC 9700 §4.15); of identifiers that administrators choose the engine takes care.
    """
    return f"client-{uow.randomness.uuid7().hex}"


async def issue_secret(
    uow: UnitOfWork, client_id: str, *, overlap: int = 0
) -> IssuedSecret:
    """Give a client, whose row is locked or new, a secret; two live at most.

    Args:
        uow: The transaction.
        client_id: Whose.
        overlap: Seconds that the one until now lives on.
    """
    now = uow.clock.now()
    value = client_secret(uow.randomness.bytes(32))
    row = OAuthClientSecret(
        id=uow.randomness.uuid7(),
        client_id=client_id,
        digest=secret_digest(value),
        created_at=now,
        expires_at=None,
    )
    await _retire(uow, client_id, row.digest, now, now + timedelta(seconds=overlap))
    uow.oauth_clients.add_secret(row)
    await uow.db.flush()
    return IssuedSecret(row, value)


async def _retire(
    uow: UnitOfWork, client_id: str, digest: bytes, now: datetime, ends_at: datetime
) -> None:
    """Let the engine say which of the secrets live on, and until when."""
    rows = await uow.oauth_clients.secrets_of(client_id, now)
    known = [ClientSecret(one.digest, one.expires_at) for one in rows]
    kept = {
        one.digest: one.expires_at
        for one in rotate(known, digest, now=now, ends_at=ends_at)
    }
    for row in rows:
        if row.digest in kept:
            row.expires_at = kept[row.digest]
        else:
            await uow.oauth_clients.delete_secret(client_id, row.id)


def count_change(uow: UnitOfWork, provider: Provider, row: OAuthClient) -> None:
    """Count a change of a client, and have this process read it anew."""
    row.version += 1
    row.updated_at = uow.clock.now()
    forget(uow, provider, row.client_id)


def forget(uow: UnitOfWork, provider: Provider, client_id: str) -> None:
    """Have this process read a client anew once the transaction is committed."""
    uow.after_commit(lambda: provider.clients.forget(client_id))


async def delete_client(
    uow: UnitOfWork, provider: Provider, client_id: str, reason: str
) -> None:
    """Delete a client, and with it its secrets and all that people granted to it."""
    await refuse_tokens(uow, client_id)
    await uow.oauth_clients.delete(client_id)
    uow.record(OAuthClientDeleted(client_id=client_id, reason=reason))
    forget(uow, provider, client_id)


async def refuse_tokens(uow: UnitOfWork, client_id: str) -> None:
    """Let APIs hear that no token of a client holds any more (ADR-0084)."""
    now = uow.clock.now()
    entry = client_entry(client_id)
    await uow.oauth_used.revoke(entry, now + LONGEST_TOKEN, at=now)


async def admit_tokens(uow: UnitOfWork, client_id: str) -> None:
    """Let a client have tokens that was enabled or made anew, and none of before.

    Where no grant stands behind them nothing else would end those: the name is known
    again, and whoever had it before may be somebody else.
    """
    now = uow.clock.now()
    await uow.oauth_used.restore_client(
        client_entry(client_id), past_entry(client_id), now
    )


async def delete_unused(
    uow: UnitOfWork, unused: timedelta, never_used: timedelta, limit: int
) -> int:
    """Delete a batch of self-registered clients unused so long; return how many."""
    now = uow.clock.now()
    deleted = await uow.oauth_clients.delete_unused(
        now - unused, now - never_used, limit
    )
    for client_id in deleted:
        uow.record(OAuthClientDeleted(client_id=client_id, reason="unused"))
    return len(deleted)
