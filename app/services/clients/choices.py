"""What an administrator chooses for a client, judged: names, audience, patterns."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.core.exceptions import Unprocessable
from app.core.security import FIRST_PARTY_CLIENT
from app.models.oauth.client import MAX_CLIENT_ID, OAuthClient
from app.oauth.client_kind import signs_in
from app.oauth.clients.metadata_document import is_document_url
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.preview_pattern import pattern_flaw
from app.services.clients.provider import Provider
from app.services.clients.resource import (
    OAuthResourceService,
    ResourceNotFound,
    is_below,
    is_protected_host,
)

# RFC 6749 appendix A.1, without blanks; the two that no path can name are not ids.
_CLIENT_ID = re.compile(rf"(?!\.{{1,2}}\Z)[!-~]{{1,{MAX_CLIENT_ID}}}")
_AUDIENCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!\"$-~]{1,1000}")  # without #


def check_client_id(client_id: str, issuer: str) -> None:
    """Refuse what tokens or paths could not have.

    Raises:
        Unprocessable: The identifier is malformed, or this server's own.
    """
    if client_id.casefold() == FIRST_PARTY_CLIENT:
        message = "is what tokens of this server's own API have"
        raise Unprocessable.of("client_id", "reserved_client_id", message)
    if not _CLIENT_ID.fullmatch(client_id):
        message = f"must be 1 to {MAX_CLIENT_ID} characters of ASCII, without blanks"
        raise Unprocessable.of("client_id", "invalid_client_id", message)
    if is_below(client_id, issuer):
        message = "must not be of this server itself"
        raise Unprocessable.of("client_id", "reserved_client_id", message)


async def check_names(uow: UnitOfWork, provider: Provider, row: OAuthClient) -> None:
    """Keep apart whom ID tokens and whom access tokens are for.

    Both say it in ``aud``, and many libraries look no further: an access token for an
    API is no ID token for the application of that name, nor is what the program of a
    protected host is told.

    Raises:
        Unprocessable: One name is both.
    """
    if _signs_in(row) and await is_api(uow, provider, row.client_id):
        message = "is whom tokens for an API are for"
        raise Unprocessable.of("client_id", "client_id_is_audience", message)
    if _signs_in(row) and await is_protected_host(uow, row.client_id):
        message = "is a protected host, whose visits have it in aud too"
        raise Unprocessable.of("client_id", "client_id_is_host", message)
    named = row.audience and await uow.oauth_clients.by_client_id(row.audience)
    if named and _signs_in(named):
        message = "is the identifier of a client that signs people in"
        raise Unprocessable.of("audience", "audience_is_client_id", message)


async def check_exchange(uow: UnitOfWork, policy: Mapping[str, Any] | None) -> None:
    """Refuse names of clients that are none: nothing would ever be exchanged.

    One that is known by its document may come later (ADR-0087).

    Raises:
        Unprocessable: One does not exist.
    """
    for client_id in policy["clients"] if policy else ():
        known = await uow.oauth_clients.by_client_id(client_id)
        if known is None and not is_document_url(client_id):
            message = f"has {client_id}, which is no client here; name its client_id"
            raise Unprocessable.of("token_exchange.clients", "unknown_client", message)


async def check_owner(uow: UnitOfWork, owner_id: UUID) -> None:
    """Refuse an owner who could not answer for anything.

    Raises:
        Unprocessable: There is no such account, or it is disabled.
    """
    user = await uow.users.by_id(owner_id)
    if user is None or user.status != "active":
        message = "must be the id of an active account"
        raise Unprocessable.of("owner_id", "invalid_owner", message)


async def check_audience(uow: UnitOfWork, provider: Provider, audience: str) -> None:
    """Keep tokens of clients away from this server's own API.

    Applications of one API name the same audience as its resource server does. What is
    no URI has to be registered as a resource: nobody else would know it.

    Raises:
        Unprocessable: It is this server's, or nothing that could be an API.
    """
    if is_below(audience, provider.settings.public_url):
        message = "must not be of this server itself"
        raise Unprocessable.of("audience", "invalid_audience", message)
    if await is_protected_host(uow, audience):
        message = "is a protected host, whose visits have it in aud too"
        raise Unprocessable.of("audience", "invalid_audience", message)
    if _AUDIENCE.fullmatch(audience):
        return
    try:
        await OAuthResourceService(uow, provider).by_identifier(audience)
    except ResourceNotFound:
        message = "must be an absolute URI, or the identifier of a resource"
        raise Unprocessable.of("audience", "invalid_audience", message) from None


def check_pattern(pattern: str, preview_hosts: Collection[str]) -> None:
    """Refuse a redirect URI with ``*`` that leads where the operator has no say.

    Raises:
        Unprocessable: It does.
    """
    flaw = pattern_flaw(pattern, preview_hosts)
    if flaw is not None:
        raise Unprocessable.of(
            "redirect_uri_patterns", "invalid_redirect_uri_pattern", flaw
        )


async def is_api(uow: UnitOfWork, provider: Provider, name: str) -> bool:
    """Tell whether tokens for some API have a name in ``aud``."""
    declared = (each.identifier for each in provider.resources.declared)
    if name in declared or await uow.oauth_clients.is_audience(name):
        return True
    return bool(await uow.oauth_resources.by_identifiers([name]))


def _signs_in(row: OAuthClient) -> bool:
    return signs_in(row.document["grant_types"])
