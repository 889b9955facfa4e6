"""The streams by which a directory is spoken with."""

import asyncio
import socket
import ssl

_AT_ONCE = 64 * 1024  # bytes


async def streams(
    sock: socket.socket,
    host: str,
    context: ssl.SSLContext | None,
    seconds: float,
    *,
    farewell: float,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the streams of a socket, with TLS where there is a context for it.

    Args:
        sock: It is connected.
        host: Whom the certificate has to be for.
        context: Of TLS; None for a server without.
        seconds: For the handshake.
        farewell: Seconds until a connection is cut that does not close.
    """
    if context is None:
        return await asyncio.open_connection(sock=sock)
    return await asyncio.open_connection(
        sock=sock,
        ssl=context,
        server_hostname=host,
        ssl_handshake_timeout=seconds,
        ssl_shutdown_timeout=farewell,
    )


async def read_exactly(reader: asyncio.StreamReader, size: int) -> bytes | bytearray:
    """Return so many bytes; where they are many, they are there only once.

    Raises:
        IncompleteReadError: The stream ends before.
    """
    if size <= _AT_ONCE:
        return await reader.readexactly(size)
    content, at = bytearray(size), 0
    while at < size:
        part = await reader.read(min(size - at, _AT_ONCE))
        if not part:
            raise asyncio.IncompleteReadError(bytes(content[:at]), size)
        content[at : at + len(part)] = part
        at += len(part)
    return content
