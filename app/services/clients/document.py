"""Clients that are known by the address of their metadata (ADR-0087).

Nobody registers them: the document is fetched when somebody comes from there, and a row
is made when the first person agrees. It is fetched again when it is too old, at
authorization alone: what has a grant already is asked nothing.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.core.circuit_breaker import CircuitOpen
from app.core.outbound import OutboundFailed, OutboundRefused, OutboundResponse
from app.events.oauth.client import OAuthClientRegistered, OAuthClientUpdated
from app.models.oauth.client import NOBODY, OAuthClient
from app.oauth.clients.client import Client
from app.oauth.clients.metadata_document import (
    MAX_BYTES,
    believed_for,
    is_document_url,
    is_json,
    read_metadata_document,
)
from app.oauth.clients.registration import ClientMetadata
from app.oauth.errors import InvalidRequest, OAuthError
from app.oauth.scopes import ASSIGNED
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.change import (
    admit_tokens,
    check_called,
    check_sector,
    client_row,
    count_change,
    forget,
    put_metadata,
)
from app.services.clients.choices import is_api
from app.services.clients.document_memory import described
from app.services.clients.provider import Provider
from app.services.clients.resource import is_below, is_protected_host
from app.services.process.rate_limit import by_address
from app.utils import strict_json
from app.utils.strict_json import NotStrict

_UNFETCHED = "the document at client_id could not be fetched"
_IS_API = "client_id is whom tokens for an API are for"
_IS_HOST = "client_id is a protected host"
_log = logging.getLogger("auth_serve.oauth_client")


class _Silent(Exception):
    """The host of a document said nothing of it; the text says why, for the log."""


class ClientDocumentService:
    """Finds who asks for authorization, whether registered or not."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of transactions, but for what says otherwise."""
        self._provider = provider
        self._memory = provider.documents

    async def asking(self, client_id: str) -> Client | None:
        """Return a client that may ask people, or None; no transaction may be open.

        Raises:
            InvalidRequest: Its document cannot be had, or is not acceptable.
            TooManyRequests: Too many documents of strangers were fetched lately.
        """
        clients = self._provider.clients
        known = await clients.by_client_id(client_id)
        if not is_document_url(client_id) or (known and not known.has_document):
            return known
        is_off = not self._provider.supported.metadata_documents
        if is_off or (known is None and await clients.is_taken(client_id)):
            return None
        now = described(client_id, await self._metadata(client_id, known is not None))
        offered = clients.offered(now)
        if known is None:
            return offered
        return replace(
            offered,
            minimum_acr=known.minimum_acr,
            pkce=known.pkce,
            resources=known.resources,
            theme=known.theme,
        )

    async def store(self, uow: UnitOfWork, client_id: str) -> None:
        """Make a client of what somebody agrees to, or bring it up to date.

        Args:
            uow: The transaction in which somebody is granted something.
            client_id: Who asked, by ``asking``.

        Raises:
            InvalidRequest: It is not known any more.
        """
        kept = self._memory.get(client_id)
        if kept is None:
            raise InvalidRequest("client_id is unknown", hint="its document is gone")
        if await self._add(uow, client_id, kept.metadata):
            await self._demand_free(uow, client_id)  # it may be kept for an hour
            uow.record(
                OAuthClientRegistered(client_id=client_id, is_self_registered=True)
            )
            return forget(uow, self._provider, client_id)
        row = await uow.oauth_clients.keep(client_id)
        if row is None or row.status != "active" or not row.is_self_registered:
            raise InvalidRequest("client_id is unknown", hint="disabled or deleted")
        fields = put_metadata(row, kept.metadata)
        if fields:
            count_change(uow, self._provider, row)
            uow.record(OAuthClientUpdated(client_id=client_id, fields=fields))
            await uow.db.flush()

    async def _add(
        self, uow: UnitOfWork, client_id: str, metadata: ClientMetadata
    ) -> bool:
        row = client_row(
            uow, client_id, metadata, is_self_registered=True, vouched_by=NOBODY
        )
        is_new = await uow.oauth_clients.add_once(row)
        if is_new:
            await admit_tokens(uow, client_id)
        return is_new

    async def _metadata(self, client_id: str, is_known: bool) -> ClientMetadata:
        """Return what the document says; of any number at once one asks for it."""
        memory = self._memory
        async with memory.lock(client_id):
            kept, now = memory.get(client_id), memory.clock.monotonic()
            if kept and kept.is_fresh(now):
                return kept.metadata
            refused = memory.refusal(client_id)
            if refused is None:
                if not is_known:
                    await self._charge()
                refused = await self._renew(client_id)
            kept = memory.get(client_id)
            if kept is None:
                assert refused is not None
                raise InvalidRequest(refused.description, hint=refused.hint)
            return kept.metadata

    async def _charge(self) -> None:
        """Bound what strangers have us fetch; what people agreed to is not theirs."""
        limits = self._provider.limits
        await self._provider.limiter.take(
            *by_address(limits.document_address), (limits.document_all, "all")
        )

    async def _renew(self, client_id: str) -> InvalidRequest | None:
        """Fetch a document and keep what comes of it; return why there is none."""
        memory = self._memory
        if memory.turns.locked():
            return InvalidRequest(_UNFETCHED, hint="too many are being fetched")
        async with memory.turns:
            try:
                metadata, seconds = await self._fetch(client_id)
            except _Silent as error:
                refused, is_told = InvalidRequest(_UNFETCHED, hint=str(error)), False
            except OAuthError as error:
                refused, is_told = _unusable(error), True
            else:
                memory.keep(client_id, metadata, seconds)
                return None
        memory.refuse(client_id, refused, is_told=is_told)
        known = {"client_id": client_id, "reason": refused.hint or refused.description}
        _log.warning("metadata document of a client not used", extra=known)
        return refused

    async def _fetch(self, client_id: str) -> tuple[ClientMetadata, float]:
        """Return what a document says, and for how many seconds it is used."""
        await self._check_name(client_id)
        try:
            answer = await self._provider.outbound.get(
                client_id,
                headers={"Accept": "application/json"},
                max_bytes=MAX_BYTES,
                apart=True,
            )
        except (CircuitOpen, OutboundFailed) as error:
            raise _Silent(error.hint) from error
        except OutboundRefused as error:
            raise InvalidRequest(_UNFETCHED, hint=error.hint) from error
        metadata = self._judged(client_id, _json_of(answer))
        await check_sector(self._provider.outbound, metadata)
        return metadata, believed_for(answer.headers.get("cache-control", ""))

    def _judged(self, client_id: str, document: Any) -> ClientMetadata:
        provider, supported = self._provider, self._provider.supported
        scopes = tuple(each for each in supported.scopes if each not in ASSIGNED)
        metadata = read_metadata_document(
            client_id,
            document,
            development=not provider.settings.is_production,
            supported=replace(supported, scopes=scopes),
        )
        check_called(provider.outbound, metadata)
        return metadata

    async def _check_name(self, client_id: str) -> None:
        """Keep apart whom ID tokens and whom access tokens are for.

        Both say it in ``aud``: who writes below the address of an API must not be able
        to have ID tokens made that look like tokens for it.
        """
        if is_below(client_id, self._provider.settings.public_url):
            raise InvalidRequest(_IS_API)
        async with self._provider.unit_of_work(read_only=True) as uow:
            await self._demand_free(uow, client_id)

    async def _demand_free(self, uow: UnitOfWork, client_id: str) -> None:
        if await is_api(uow, self._provider, client_id):
            raise InvalidRequest(_IS_API)
        if await is_protected_host(uow, client_id):
            raise InvalidRequest(_IS_HOST)


def is_described(row: OAuthClient) -> bool:
    """Tell whether a client is what its document says, and nobody else decides."""
    return row.is_self_registered and is_document_url(row.client_id)


def why_not_decided(
    metadata: Mapping[str, Any], choices: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return what an administrator may not change of such a client, and why."""
    if metadata:
        return min(metadata), "is what the client's document at its client_id says"
    if choices.get("vouched_by") not in (None, NOBODY):
        reason = "is not for a client that is known by a document; register one"
        return "vouched_by", reason
    return None


def _json_of(answer: OutboundResponse) -> Any:
    """Return the JSON of an answer; a redirect is none (§4)."""
    if answer.status != 200:
        raise InvalidRequest(_UNFETCHED, hint=f"answered {answer.status}")
    kind = answer.headers.get("content-type", "")
    if not is_json(kind):
        hint = f"is {ascii(kind[:100])}"
        raise InvalidRequest("the document at client_id is not JSON", hint=hint)
    try:
        return strict_json.parse(answer.body)
    except NotStrict as error:
        text = "the document at client_id is not JSON"
        raise InvalidRequest(text, hint=str(error)) from None


def _unusable(error: OAuthError) -> InvalidRequest:
    """Return a refusal in the words of authorization requests."""
    if isinstance(error, InvalidRequest):
        return error
    text = f"the document at client_id is not acceptable: {error.description}"
    return InvalidRequest(text, hint=error.hint)
