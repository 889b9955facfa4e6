"""draft-ietf-oauth-client-id-metadata-document §3-§6: clients that say who they are.

The identifier of such a client is the address of a document that says what it is. The
draft leaves to the server how long it believes one; errors it never remembers (§5.2).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.oauth.clients.metadata_value import refusal
from app.oauth.clients.registration import ClientMetadata, read_client_metadata
from app.oauth.clients.registration_request import adapt
from app.oauth.errors import InvalidClientMetadata
from app.oauth.supported import Supported
from app.oauth.uri import Uri, parse_uri

# Seconds that a document is believed: where it does not say, at least, and at most.
USUAL, FLOOR, CEILING = 300.0, 60.0, 3_600.0
MAX_LENGTH = 255  # characters of an address: what is kept of any client_id
MAX_BYTES = 32 * 1024  # §6.6 recommends 5 KiB; keys of a client make it longer
_SHARED = ("client_secret", "client_secret_expires_at")
_METHODS = ("none", "private_key_jwt")
_GRANTS = frozenset({"authorization_code", "refresh_token"})
_DETOUR = re.compile(r"/\.{1,2}(?:/|$)|%(?:2[EeFf5]|5[Cc])")
_JSON = re.compile(r"application/(?:[!#$&^_.+a-z0-9-]+\+)?json\s*(?:;.*)?")
_MAX_AGE = re.compile(r'max-age\s*=\s*"?([0-9]{1,10})"?')


def is_document_url(client_id: str) -> bool:
    """Tell whether an identifier may be the address of its client's metadata (§3).

    Host in lower case and no default port: people are shown one spelling of a name, and
    another one is no other client. Letters beyond ASCII are only there as Punycode.
    """
    return client_id.startswith("https://") and _document_uri(client_id) is not None


def _document_uri(client_id: str) -> Uri | None:
    """Return the parts; no credentials and no fragment, which ``parse_uri`` refuses."""
    uri = parse_uri(client_id) if len(client_id) <= MAX_LENGTH else None
    if uri is None or uri.scheme != "https" or not uri.path:
        return None
    is_spelled = uri.host == uri.host.lower() and uri.port != 443
    return uri if is_spelled and not _DETOUR.search(uri.path) else None


def domain_of(client_id: str) -> str:
    """Return who answers for a document: its host, and a port that is not usual (§6.4).

    Empty for other identifiers.
    """
    uri = _document_uri(client_id)
    if uri is None:
        return ""
    return uri.host if uri.port is None else f"{uri.host}:{uri.port}"


def read_metadata_document(
    client_id: str, document: Any, *, development: bool, supported: Supported
) -> ClientMetadata:
    """Return what a client is by its own document (§4).

    Args:
        client_id: Where the document is.
        document: What the JSON of it says.
        development: Whether plain http is acceptable on this machine.
        supported: What strangers may have.

    Raises:
        InvalidRedirectUri: A redirect URI is missing or not acceptable.
        InvalidClientMetadata: Something else is not.
    """
    if not isinstance(document, Mapping) or document.get("client_id") != client_id:
        raise InvalidClientMetadata("client_id must be the address of the document")
    for name in _SHARED:
        if name in document:
            raise refusal(name, "must not be in a document that everybody can read")
    offered = replace(
        supported,
        auth_methods=tuple(m for m in supported.auth_methods if m in _METHODS),
        grant_types=tuple(g for g in supported.grant_types if g in _GRANTS),
        keyless_jwt=False,
    )
    adapted = adapt(document, offered)
    adapted.setdefault("token_endpoint_auth_method", "none")
    return read_client_metadata(adapted, development=development, supported=offered)


def is_json(content_type: str) -> bool:
    """Tell whether an answer says that it is JSON (§4).

    Text that somebody uploaded to another's site does not.
    """
    return _JSON.fullmatch(content_type.strip().lower()) is not None


def believed_for(cache_control: str) -> float:
    """Return for how many seconds a document is used (§5.2, RFC 9111 §5.2.2)."""
    said = cache_control.lower()
    if "no-store" in said or "no-cache" in said:
        return FLOOR
    found = _MAX_AGE.search(said)
    return min(max(float(found[1]), FLOOR), CEILING) if found else USUAL
