"""The path that a public URL has, and what becomes of addresses under it.

Everything in here speaks of paths from the service's own root. Only what comes in and
what goes out knows that this root may be ``/auth`` of another host: a request's path,
the fields of an answer that lead a browser on, and the links of a page.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_LINK = re.compile(
    r'(\s(?:href|src|action|formaction|data-ask|hx-(?:get|post|push-url))="'
    r'|\scontent="\d+; ?url=)/(?!/)'
)
_LEADING = (b"location", b"hx-redirect")


def base_path(public_url: str) -> str:
    """Return the path of an issuer: empty at the root of its host, else ``/auth``."""
    return urlsplit(public_url).path


def without_base(path: str, base: str) -> str:
    """Return a request's path from our own root.

    A proxy in front may have taken the base off already, or may pass it on: what does
    not begin with it is taken as it is. No route of ours begins with it: the start
    demands that.
    """
    if path == base:
        return "/"
    return path[len(base) :] if path.startswith(f"{base}/") else path


def raw_without(scope: Mapping[str, Any], base: str) -> bytes:
    """Return the path of a request under the base as it was sent, without the base.

    Letters may have come percent-encoded, which makes them no others (RFC 3986 §6.2.2):
    the path that begins with the base begins so in either form.
    """
    raw: bytes = scope.get("raw_path") or b""
    length = 0
    for _ in base:
        length += 3 if raw[length : length + 1] == b"%" else 1
    return raw[length:] or b"/"


def links_under(html: str, base: str) -> str:
    """Return a page of ours with its links under the base.

    Attributes alone are looked at, where a page leads by itself too: what people typed
    is escaped, and its quotes end none.
    """
    return _LINK.sub(rf"\g<1>{base}/", html)


def fields_under(
    fields: list[tuple[bytes, bytes]], base: bytes
) -> list[tuple[bytes, bytes]]:
    """Return header fields of an answer, with own addresses under the base."""
    return [
        (name, base + value) if name in _LEADING and _is_own(value) else (name, value)
        for name, value in fields
    ]


def _is_own(value: bytes) -> bool:
    return value.startswith(b"/") and not value.startswith(b"//")
