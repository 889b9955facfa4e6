"""WebP (RFC 9649): chunks in a RIFF container, of which one or two are the picture."""

from collections.abc import Iterator

from app.core.pictures.flaw import PictureFlaw, broken, check_size

_ANIMATED, _ALPHA = 0x02, 0x10  # flags of VP8X


def stripped_webp(content: bytes) -> bytes:
    """Return a WebP of the picture and its transparency.

    Raises:
        PictureFlaw: It is damaged, too large, or moving.
    """
    found: dict[bytes, bytes] = {}
    for kind, data in _chunks(content):
        if kind in found:
            raise broken("it has a part twice")
        if _is_moving(kind, data):
            raise PictureFlaw("moving_picture", "choose a picture that does not move")
        found[kind] = data
    if b"VP8L" in found:
        return _file(_lossless(found[b"VP8L"]))
    if b"VP8 " not in found:
        raise broken("nothing is drawn in it")
    return _file(_lossy(found[b"VP8 "], found.get(b"ALPH")))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kinds and contents, as far as the container says that it goes."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content):
        raise broken("it ends too early")
    at = 12
    while at + 8 <= end:
        kind = content[at : at + 4]
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise broken("it ends too early")
        yield kind, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _is_moving(kind: bytes, data: bytes) -> bool:
    if kind == b"VP8X":
        return bool(data[:1]) and bool(data[0] & _ANIMATED)
    return kind in (b"ANIM", b"ANMF")


def _lossless(data: bytes) -> list[bytes]:
    if data[:1] != b"\x2f" or len(data) < 5:
        raise broken("its header says what no WebP is")
    bits = int.from_bytes(data[1:5], "little")
    check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return [_chunk(b"VP8L", data)]


def _lossy(data: bytes, alpha: bytes | None) -> list[bytes]:
    # RFC 6386 section 9.1: a key frame, which has the size.
    if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        raise broken("its header says what no WebP is")
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    height = int.from_bytes(data[8:10], "little") & 0x3FFF
    check_size(width, height)
    picture = _chunk(b"VP8 ", data)
    if alpha is None:
        return [picture]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = _chunk(b"VP8X", bytes([_ALPHA, 0, 0, 0]) + size)
    return [extended, _chunk(b"ALPH", alpha), picture]


def _chunk(kind: bytes, data: bytes) -> bytes:
    padding = b"\0" * (len(data) % 2)
    return kind + len(data).to_bytes(4, "little") + data + padding


def _file(chunks: list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
