"""Where a request came from: its connection, or the word of a proxy (ADR-0022)."""

import ipaddress
import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from app.core.clock import Clock
from app.core.forwarded import HEADERS, client_of
from app.utils.helpers import canonical_ip

UNIX = "unix"  # in the list of trusted proxies: whoever may open the socket
PAUSE = 60.0  # seconds between two lines about one proxy
_MAX_TOLD = 64  # proxies whose last line is remembered
_log = logging.getLogger("auth_serve.proxies")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ClientAddress:
    """Reads addresses as the settings say; one instance serves all requests."""

    def __init__(
        self, trusted: Iterable[str], header: str | None, clock: Clock
    ) -> None:
        """Know the proxies.

        Args:
            trusted: Networks, and ``unix`` for Unix sockets.
            header: The field that they set; None: the only one that is there.
            clock: For the pauses between lines of the log.
        """
        named = list(trusted)
        self._trusts_unix = UNIX in named
        self._networks = tuple(
            ipaddress.ip_network(name) for name in named if name != UNIX
        )
        self._headers = HEADERS if header is None else (header,)
        self._told = _Told(clock)

    def of(self, peer: str | None, fields: Mapping[str, Sequence[str]]) -> str:
        """Return the client's address, or "" where nobody can know it.

        Args:
            peer: Address of the connection; None on a Unix socket.
            fields: The lines of both ``HEADERS``, as far as they are there.
        """
        nearest = canonical_ip(peer) if peer else ""
        if nearest and not fields:  # nobody says otherwise
            return nearest
        if not (self._trusts_unix if not nearest else self._is_trusted(nearest)):
            self._told.stranger(nearest)
            return nearest
        heard = [header for header in self._headers if fields.get(header)]
        found = {
            client_of(header, fields[header], nearest, self._is_trusted)
            for header in heard
        }
        if not found:
            return nearest
        if len(found) > 1:
            self._told.contradicted(nearest)
            return nearest
        [(address, was_read)] = found
        if not was_read:
            self._told.unreadable(nearest, " and ".join(heard))
        return address

    def trusts(self, peer: str | None) -> bool:
        """Tell whether a connection is a proxy's of ours; None is a Unix socket."""
        if peer is None:
            return self._trusts_unix
        address = canonical_ip(peer)
        return bool(address) and self._is_trusted(address)

    def _is_trusted(self, address: str) -> bool:
        return bool(self._networks) and _within(address, self._networks)


class _Told:
    """Lines for operators, once a minute for each proxy: every request would be one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[str, float] = {}

    def unreadable(self, proxy: str, header: str) -> None:
        text = "%s of the proxy %s cannot be read: its clients count as one address"
        self._tell(proxy, proxy, text, header, proxy or UNIX)

    def contradicted(self, proxy: str) -> None:
        text = (
            "X-Forwarded-For and Forwarded of the proxy %s contradict each other, and "
            "neither counts; AUTH_SERVE_FORWARDED_HEADER names the one that it sets"
        )
        self._tell(proxy, proxy, text, proxy or UNIX)

    def stranger(self, address: str) -> None:
        """Tell of who is no proxy of ours; one line for all, or they would fill it."""
        text = (
            "%s forwards requests and AUTH_SERVE_TRUSTED_PROXIES does not name it: if "
            "it is your proxy, its clients count as one address"
        )
        self._tell("*", address, text, address or "a Unix socket")

    def _tell(self, key: str, proxy: str, text: str, *values: str) -> None:
        now = self._clock.monotonic()
        last = self._at.get(key)
        if last is not None and now - last < PAUSE:
            return
        if len(self._at) >= _MAX_TOLD:
            self._at.clear()
        self._at[key] = now
        _log.warning(text, *values, extra={"proxy": proxy or UNIX})


@lru_cache(maxsize=4_096)
def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(
        parsed.version == network.version and parsed in network for network in networks
    )
