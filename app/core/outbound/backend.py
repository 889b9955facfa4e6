"""The network under the connection pool: what was checked is what is connected to.

A check of the name before the request could be outlived by its answer (DNS rebinding).
Here the name is resolved once, the addresses are checked, and the connection is made
to one of them, while TLS and ``Host`` keep the name.
"""

from collections.abc import Iterable

import httpcore2

from app.core.outbound.guard import Guard

SocketOption = (
    tuple[int, int, int]
    | tuple[int, int, bytes | bytearray]
    | tuple[int, int, None, int]
)

_MAX_ATTEMPTS = 4


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses only."""

    def __init__(
        self, guard: Guard, inner: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        """Guard a network, by default the real one."""
        self._guard = guard
        self._inner = inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of a name that answers.

        Raises:
            OutboundRefused: The name has an address that may not be called.
            OSError: It does not resolve.
            httpcore2.ConnectError: None of its first few addresses answers.
        """
        addresses = (await self._guard.addresses(host, port))[:_MAX_ATTEMPTS]
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            # One silent address (IPv6 that leads nowhere) must leave time for another.
            share = None if timeout is None else timeout / len(addresses)
            try:
                return await self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure
