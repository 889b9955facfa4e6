"""Connections to servers that do not speak HTTP, by the same guard."""

import asyncio
import socket
from ipaddress import ip_address

from app.core.outbound.guard import Guard

_MAX_ATTEMPTS = 4


async def connect(guard: Guard, host: str, port: int, seconds: float) -> socket.socket:
    """Return a socket that is connected to an address which was looked at.

    Raises:
        OutboundRefused: It has an address that may not be called.
        OSError: It does not resolve, or none of its addresses answers.
    """
    addresses = (await guard.addresses(host, port))[:_MAX_ATTEMPTS]
    failure: OSError = ConnectionRefusedError()
    for address in addresses:
        # One silent address (IPv6 that leads nowhere) must leave time for another.
        try:
            async with asyncio.timeout(seconds / len(addresses)):
                return await _connected(address, port)
        except OSError as error:  # TimeoutError is one
            failure = error
    raise failure


async def _connected(address: str, port: int) -> socket.socket:
    is_v6 = ip_address(address).version == 6
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
