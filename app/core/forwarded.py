"""What proxies say about where a request came from: both header fields, read strictly.

``X-Forwarded-For`` is a list of addresses, ``Forwarded`` (RFC 7239) a list of elements
with ``for=``. Both are read from the right, for what stands further left was written by
somebody whom nobody vouches for. What cannot be read is never guessed at.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

HEADERS = ("x-forwarded-for", "forwarded")
# RFC 7239 section 6: a port is a number, or an obfuscated identifier.
_NODE = re.compile(
    r"(?:\[(?P<quoted>[0-9A-Fa-f:.]+)(?:%[^\]\s]{1,32})?\]|(?P<v4>[0-9.]+))"
    r"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]{1,32}))?"
)
_BARE = re.compile(r"(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(?:%\S{1,32})?")
_PAIR = re.compile(
    r"[ \t]*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)="
    r'(?:"(?P<string>(?:[^"\\]|\\.)*)"|(?P<token>[^",;\s]*))[ \t]*'
)
_FORWARDING = frozenset(
    "cf-connecting-ip client-ip fastly-client-ip fly-client-ip "
    "true-client-ip via x-client-ip x-cluster-client-ip x-envoy-external-address "
    "x-original-forwarded-for x-original-host x-proxyuser-ip x-real-ip".split()
)
_PREFIXES = ("forwarded", "x-forwarded")
_ESCAPED = re.compile(r"\\(.)")


class Unreadable(ValueError):
    """The field does not tell an address where one has to stand."""


def came_through_proxy(names: Iterable[str]) -> bool:
    """Tell whether any header field says that somebody passed the request on.

    That can only take rights away, and so anybody's word is enough.
    """
    return any(name in _FORWARDING or name.startswith(_PREFIXES) for name in names)


@lru_cache(maxsize=4_096)
def node_address(text: str) -> str:
    """Return the canonical address of a node, with or without a port.

    ``192.0.2.1``, ``192.0.2.1:4711``, ``2001:db8::1``, ``[2001:db8::1]:4711``, with or
    without a zone; IPv4 in IPv6 clothes is IPv4.

    Raises:
        Unreadable: It is none; ``unknown`` and obfuscated identifiers are none either.
    """
    text = text.strip(" \t")
    found = _NODE.fullmatch(text) or _BARE.fullmatch(text)
    if found is None:
        raise Unreadable
    try:
        address = ipaddress.ip_address(next(part for part in found.groups() if part))
    except ValueError:
        raise Unreadable from None
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_of(
    header: str,
    fields: Sequence[str],
    nearest: str,
    is_trusted: Callable[[str], bool],
) -> tuple[str, bool]:
    """Return the first address, from our side, that is not a trusted proxy's.

    Args:
        header: Which of ``HEADERS`` the fields are.
        fields: Its values, one per line, as they came.
        nearest: Address of the proxy that is connected to us.
        is_trusted: Whether an address is a proxy of ours.

    Returns:
        The address, and whether everything up to it could be read; where it could not,
        the address is that of the last proxy which is known.
    """
    nodes = _elements(fields) if header == "forwarded" else _listed(fields)
    address = nearest
    try:
        for node in nodes:
            address = node_address(node)
            if not is_trusted(address):
                break
    except Unreadable:
        return address, False
    return address, True


def _listed(fields: Sequence[str]) -> Iterator[str]:
    for field in reversed(fields):
        yield from reversed(field.split(","))


def _elements(fields: Sequence[str]) -> Iterator[str]:
    """Yield what ``for`` says in each element, the last one first.

    Line by line: a quotation mark that a client leaves open swallows nothing of the
    line that a proxy adds. On one line with it, the line is unreadable.
    """
    found = False
    for field in reversed(fields):
        for element in reversed(_parsed(field)):
            if "for" not in element:
                raise Unreadable
            found = True
            yield element["for"]
    if not found:
        raise Unreadable


def _parsed(field: str) -> list[dict[str, str]]:
    """Return the elements of one line of ``Forwarded`` (RFC 7239 section 4)."""
    elements: list[dict[str, str]] = [{}]
    place = 0
    while place < len(field):
        if field[place] in " \t,;":
            if field[place] == ",":
                elements.append({})
            place += 1
            continue
        pair = _PAIR.match(field, place)
        if pair is None or field[pair.end() : pair.end() + 1] not in ("", ",", ";"):
            raise Unreadable
        name, string = pair["name"].lower(), pair["string"]
        if name in elements[-1]:
            raise Unreadable
        value = pair["token"] if string is None else _ESCAPED.sub(r"\1", string)
        elements[-1][name] = value
        place = pair.end()
    return [element for element in elements if element]
