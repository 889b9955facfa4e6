"""Response bodies, read no further than somebody is ready to keep."""

import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

from app.core.outbound.errors import OutboundFailed


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A complete response below 500; names of header fields are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def read_body(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """Read and decode a body of at most ``limit`` bytes, as sent and as decoded.

    Raises:
        OutboundFailed: It is larger, truncated, or in a coding that nobody asked for.
            Nested codings are among those: each level would multiply the work.
    """
    decode = _decoder(encoding)
    body, received = bytearray(), 0
    async for chunk in chunks:
        received += len(chunk)
        body += decode.feed(chunk, limit + 1 - len(body))
        if received > limit or len(body) > limit:
            hint = f"response is larger than {limit} bytes"
            raise OutboundFailed(hint, is_too_long=True)
    decode.finish()
    return bytes(body)


class _Identity:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[:room]

    def finish(self) -> None:
        """Nothing is held back."""


class _Gzip:
    """Some stores serve what they keep, asked for or not, so one level is taken."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def feed(self, data: bytes, room: int) -> bytes:
        try:
            return self._inflate.decompress(data, room)
        except zlib.error as error:
            raise OutboundFailed("response is not valid gzip") from error

    def finish(self) -> None:
        if not self._inflate.eof or self._inflate.unused_data:
            raise OutboundFailed("response is not one whole gzip member")


def _decoder(encoding: str) -> _Identity | _Gzip:
    if encoding in ("", "identity"):
        return _Identity()
    if encoding == "gzip":
        return _Gzip()
    raise OutboundFailed("response has a content coding that was not asked for")
