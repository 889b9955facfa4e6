"""PNG (ISO/IEC 15948): a signature, and chunks with a checksum each."""

from collections.abc import Iterator
from zlib import crc32

from app.core.pictures.flaw import broken, check_size

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What draws the first picture. Texts, times, EXIF, profiles, and the further frames of
# an animation (acTL, fcTL, fdAT) stay behind.
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP"})
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def stripped_png(content: bytes) -> bytes:
    """Return a PNG of the chunks that draw it.

    Raises:
        PictureFlaw: It is damaged, or too large.
    """
    kept = [_SIGNATURE]
    has_pixels = False
    for at, (kind, data) in enumerate(_chunks(content)):
        if (kind == b"IHDR") != (at == 0):
            raise broken("its header is not where it belongs")
        if kind == b"IHDR":
            _check_header(data)
        has_pixels = has_pixels or kind == b"IDAT"
        if kind == b"IDAT" or (kind in _KEPT and not has_pixels):
            kept.append(_chunk(kind, data))
    if not has_pixels:
        raise broken("nothing is drawn in it")
    return b"".join([*kept, _chunk(b"IEND", b"")])


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kinds and contents up to IEND; what follows is no part of the picture."""
    at = len(_SIGNATURE)
    while True:
        length = int.from_bytes(content[at : at + 4], "big")
        kind, end = content[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(content):
            raise broken("it ends too early")
        if crc32(content[at + 4 : end]) != int.from_bytes(
            content[end : end + 4], "big"
        ):
            raise broken("a checksum is wrong")
        if kind == b"IEND":
            return
        yield kind, content[at + 8 : end]
        at = end + 4


def _check_header(data: bytes) -> None:
    if len(data) != 13:
        raise broken("its header has another length")
    depth, colour, compression, filtering, interlace = data[8:]
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering:
        raise broken("its header says what no PNG is")
    if interlace > 1:
        raise broken("its header says what no PNG is")
    check_size(int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"))


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + checksum
