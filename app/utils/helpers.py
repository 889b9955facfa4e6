"""Pure text and bytes helpers; nothing here knows the rest of the house."""

import ipaddress
import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson

UNKNOWN_NETWORK = "unknown"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@lru_cache(maxsize=4_096)
def canonical_ip(text: str) -> str:
    """Return one spelling of an address; IPv4 in IPv6 clothes is IPv4; else ""."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(maxsize=4_096)
def network_of(ip: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 /64.

    Who has one address of a /64 has them all. Whatever cannot be read is one client,
    because a free count each would be no limit.
    """
    canonical = canonical_ip(ip)
    if not canonical:
        return UNKNOWN_NETWORK
    if ":" in canonical:
        return str(ipaddress.ip_network((canonical, 64), strict=False))
    return canonical


@lru_cache(maxsize=4_096)
def networks_of(ip: str) -> tuple[str, ...]:
    """Return all that counts as one client, the narrowest first.

    An IPv6 /48 besides its /64: that is what one site gets, and with it 65,536 of them.
    """
    narrow = network_of(ip)
    if not narrow.endswith("/64"):
        return (narrow,)
    site = ipaddress.ip_network(narrow).supernet(new_prefix=48)
    return narrow, str(site)


def printable(text: str, limit: int) -> str:
    """Return text for a log or a page: no control or direction marks, cut to length."""
    if text.isascii() and text.isprintable():  # almost always
        return text[:limit]
    return _BIDI.sub("", _CONTROL.sub(" ", text))[:limit]


def as_segment(text: str) -> str:
    """Return a text as one segment of a path (RFC 3986 section 3.3)."""
    return quote(text, safe="!$&'()*+,;=:@")


def base64url(raw: bytes) -> str:
    """Return bytes as JOSE and WebAuthn write them (RFC 4648 section 5, unpadded)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def encoded_json(content: Any) -> bytes:
    """Return plain values as JSON; an instant ends in ``Z``."""
    # asyncpg has a UUID of its own, which orjson knows only through ``default``.
    return orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)


def readable_json(content: Any) -> bytes:
    """Return the same for a file that people open: a member to a line."""
    option = orjson.OPT_UTC_Z | orjson.OPT_INDENT_2
    return orjson.dumps(content, default=str, option=option)
