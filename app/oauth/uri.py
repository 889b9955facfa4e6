"""RFC 3986: one reading of a URI for every rule that judges one.

Two parsers that disagree are how redirects get astray, so this one is asked alone. It
knows less than the standard allows: no user information, no fragment, no wildcard, no
control character in any spelling. Whatever it does not know it refuses with None.
"""

import re
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote, unquote_plus, urlencode

MAX_LENGTH = 2_048
_ENCODED = "%(?![01]|7[Ff])[0-9A-Fa-f]{2}"  # anything but a control character
_PCHAR = rf"(?:[A-Za-z0-9._~!$&'()+,;=:@/-]|{_ENCODED})"
_URI = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*):"
    r"(?://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?)?"
    rf"(?P<path>(?:/{_PCHAR}*)?)"
    rf"(?:\?(?P<query>(?:[/?]|{_PCHAR})*))?"
)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Uri(NamedTuple):
    """An absolute URI in its parts, each as it was written."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port, comparable (RFC 6454 §4)."""
        port = self.port or _DEFAULT_PORTS.get(self.scheme)
        return self.scheme, self.host.lower(), port

    @property
    def is_loopback_ip(self) -> bool:
        """Whether the host is an address of this machine (RFC 8252 §7.3)."""
        address = _address(self.host)
        return address is not None and address.is_loopback

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by address or by name (RFC 6761 §6.3)."""
        name = self.host.lower()
        is_named = name == "localhost" or name.endswith(".localhost")
        return is_named or self.is_loopback_ip


def parse_uri(text: str) -> Uri | None:
    """Return the parts, or None for what is no URI that this service would use."""
    found = _URI.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    scheme, host, digits, path, query = found.groups()
    port = int(digits) if digits else None
    is_web = scheme in _DEFAULT_PORTS
    if port is not None and not 0 < port < 65_536:
        return None
    if not (_is_host(host) if host else not is_web):
        return None
    return Uri(scheme, host or "", port, path, query)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except ValueError:
        return None


def _is_host(host: str) -> bool:
    """Tell whether it is an address or a name; browsers read ``127.1`` as the first."""
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        return _address(host) is not None
    return all(_LABEL.fullmatch(label) for label in labels)


def encode(parameters: Mapping[str, str]) -> str:
    """Return parameters as a query (RFC 6749 appendix B).

    A space becomes ``%20``, which decoders of forms and of URIs both understand.
    """
    return urlencode(parameters, quote_via=quote, safe="")


def keep_query(uri: str, drop: Collection[str]) -> str:
    """Return the URI with its own query, but without parameters of these names."""
    base, mark, query = uri.partition("?")
    names_kept = [
        pair
        for pair in query.split("&")
        if unquote_plus(pair.partition("=")[0]) not in drop
    ]
    return base + mark + "&".join(names_kept) if names_kept else base


def add_query(
    uri: str, parameters: Mapping[str, str], drop: Collection[str] = ()
) -> str:
    """Return the URI with parameters added, each of them there once."""
    base = keep_query(uri, {*parameters, *drop})
    if not parameters:
        return base
    joint = "?" if "?" not in base else "" if base.endswith(("?", "&")) else "&"
    return base + joint + encode(parameters)
