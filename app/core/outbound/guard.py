"""What may be called: the spelling of a URL, and the addresses behind its name.

One parser reads the URL, and what it read is what is connected to, so that two
parsers cannot disagree. Spellings that no honest sender uses are refused unresolved.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING

from app.core.outbound.address import is_public
from app.core.outbound.errors import OutboundRefused

if TYPE_CHECKING:
    import httpx2

_log = logging.getLogger("auth_serve.outbound")
Resolver = Callable[[str, int], Awaitable[list[str]]]

_CREDENTIALS = re.compile(r"[^/?#]*//[^/?#]*@")
_PORTS = {"http": 80, "https": 443}
_DIRECTORY_PORTS = {"ldap": 389, "ldaps": 636}
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# The last label of a name that inet_aton() would read as an address (WHATWG URL 3.5).
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that is spelled acceptably; ``path`` carries the query."""

    scheme: str
    host: str
    port: int
    path: bytes

    @property
    def destination(self) -> str:
        """``host:port``, the name of the breaker."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def authority(self) -> str:
        """The ``Host`` field (RFC 9110 section 7.2)."""
        default = self.port == _PORTS[self.scheme]
        return _bracketed(self.host) if default else self.destination

    def use(self, method: str) -> str:
        """Name a breaker for this method of this URL; path and query may be secret.

        ``client:`` is before it, for readiness, which is not what strangers name.
        """
        said = b" ".join((method.encode(), self.scheme.encode(), self.path))
        return f"client:{sha256(said).hexdigest()[:16]} at {self.destination}"


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver for every address of a name.

    Raises:
        OSError: There is none, or nobody could be asked.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """The rules of the door, as an operator opened it."""

    def __init__(
        self,
        allowed_hosts: frozenset[str] = frozenset(),
        resolve: Resolver = resolve_by_system,
    ) -> None:
        """Set the exceptions.

        Args:
            allowed_hosts: ``host`` or ``host:port`` that may be internal, by http too.
            resolve: Where addresses come from.

        Raises:
            ValueError: An entry is neither of the two.
        """
        self._allowed = frozenset(_entry(text) for text in allowed_hosts)
        self._resolve = resolve

    def target(self, url: str, ports: Mapping[str, int] = _PORTS) -> Target:
        """Read a URL.

        Raises:
            OutboundRefused: It is malformed, not https, or spelled to deceive.
        """
        parsed = _parsed(url)
        host, scheme = parsed.raw_host.decode("ascii"), parsed.scheme
        _check_host(host)
        if scheme not in ports or "\\" in url or _CREDENTIALS.match(url):
            raise OutboundRefused("scheme, backslash or credentials in the URL")
        port = ports[scheme] if parsed.port is None else parsed.port
        if not 1 <= port <= 65_535:
            raise OutboundRefused("port out of range")
        if scheme == "http" and not self._is_allowed(host, port):
            raise OutboundRefused(f"plain http to {host}")
        return Target(scheme, host, port, parsed.raw_path)

    def judge(self, url: str) -> Target:
        """Read a URL that is to be kept, and refuse what its spelling alone tells.

        Names are not looked up: the answer would show strangers who register addresses
        which names there are inside, and would say nothing about tomorrow.

        Raises:
            OutboundRefused: As ``target``, or the host is an internal address.
        """
        return self._judged(self.target(url))

    def judge_server(self, url: str) -> Target:
        """Read the URL of a directory that is to be kept; all else as ``judge``.

        Raises:
            OutboundRefused: As ``judge``, but for schemes of its own.
        """
        return self._judged(self.target(url, _DIRECTORY_PORTS))

    def _judged(self, target: Target) -> Target:
        host = target.host
        is_local = host == "localhost" or host.endswith(".localhost")
        is_internal = is_local or (_is_address(host) and not is_public(host))
        if is_internal and not self._is_allowed(host, target.port):
            raise OutboundRefused(f"{host} is internal")
        return target

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses that may be connected to, which are all of the name's.

        Raises:
            OutboundRefused: One of them is internal. A name with both kinds of
                address is an attack or a mistake, so none of it is used.
            OSError: The name does not resolve.
        """
        found = [host] if _is_address(host) else await self._resolve(host, port)
        if not self._is_allowed(host, port):
            for address in found:
                if not is_public(address):
                    # To the log alone: hints are kept, and told to who reads the
                    # trail or a list of deliveries, and may not see the network.
                    told = {"target": host, "address": address}
                    _log.warning("internal address", extra=told)
                    raise OutboundRefused(f"{host} has an internal address")
        return found

    def _is_allowed(self, host: str, port: int) -> bool:
        return not self._allowed.isdisjoint({(host, None), (host, port)})


def _parsed(url: str) -> "httpx2.URL":
    import httpx2  # here: it is megabytes, and most services never call anybody

    try:
        return httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise OutboundRefused("malformed URL") from error


def _entry(text: str) -> tuple[str, int | None]:
    """Read ``host``, ``host:port`` or a bare IPv6 address with the URLs' own parser."""
    try:
        # An unknown scheme, so that no port counts as the default and is dropped.
        parsed = _parsed(f"any://{_bracketed(text) if _is_address(text) else text}")
        host = parsed.raw_host.decode("ascii")
        _check_host(host)
    except (UnicodeError, OutboundRefused) as error:
        raise ValueError(f"neither host nor host:port: {text!r}") from error
    if parsed.raw_path != b"/" or "@" in text or parsed.port == 0:
        raise ValueError(f"neither host nor host:port: {text!r}")
    return host, parsed.port


def _check_host(host: str) -> None:
    if _is_address(host) and "%" not in host:
        return
    if not _NAME.fullmatch(host) or _NUMBER.fullmatch(host):
        raise OutboundRefused("the host is neither a plain name nor an address")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
