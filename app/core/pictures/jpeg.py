"""JPEG (ITU-T T.81): segments between markers, and scans without a length."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.core.pictures.flaw import PictureFlaw, broken, check_size

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_TABLES = frozenset({0xC4, 0xDB, 0xDD})  # DHT, DQT, DRI
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ADOBE, _EXIF = 0xEE, 0xE1
# How colours are coded (ITU-T T.872): without it red and blue change places.
_ADOBE_LENGTH = 12
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a segment
# A progressive picture comes in about ten. Each makes a browser go over all pixels: ten
# thousand, of a few bytes each, keep it busy for twelve seconds.
MAX_SCANS = 64
_FILL = re.compile(rb"\xff*")  # may precede a marker
# The end of a scan: a marker that is neither a stuffed 0xFF nor a restart.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)

_Order = Literal["little", "big"]
_ORDERS: Mapping[bytes, _Order] = {b"II*\0": "little", b"MM\0*": "big"}  # of TIFF


@dataclass(slots=True)
class _Copy:
    """What was kept so far of a file that is read."""

    parts: list[bytes] = field(default_factory=list)
    turned: int = 1  # orientation of EXIF
    has_frame: bool = False
    scans: int = 0


def stripped_jpeg(content: bytes) -> bytes:
    """Return a JPEG of the segments that draw it, and of how it is turned.

    Cameras do not turn pixels, they note how the camera was held, in the EXIF that is
    left behind: that number alone is written again.

    Raises:
        PictureFlaw: It is damaged, too large, or coded in a way browsers do not show.
    """
    copy, at = _Copy(), 2
    while True:
        at, marker = _marker(content, at)
        if marker == _END:
            break
        if marker == _START or marker in _BARE:
            raise broken("a marker is where none belongs")
        end = at + int.from_bytes(content[at : at + 2], "big")
        if end < at + 2 or end > len(content):
            raise broken("it ends too early")
        _take(copy, marker, content[at + 2 : end])
        at = _take_scan(copy, content, end) if marker == _SCAN else end
    if not copy.scans:
        raise broken("nothing is drawn in it")
    return b"".join([b"\xff\xd8", *_orientation(copy.turned), *copy.parts, b"\xff\xd9"])


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """Return the next marker, and where it ends; any number of 0xFF may precede it."""
    if content[at : at + 1] != b"\xff":
        raise broken("a marker is missing")
    filled = _FILL.match(content, at)
    at = filled.end() if filled else at
    if at >= len(content):
        raise broken("it ends too early")
    return at + 1, content[at]


def _take(copy: _Copy, marker: int, data: bytes) -> None:
    """Keep a segment if it draws; note what else has to be known of it."""
    if marker in _OTHER_FRAMES:
        raise PictureFlaw("not_a_picture", "this kind of JPEG is not shown everywhere")
    if marker in _FRAMES:
        _check_frame(copy, data)
    elif marker == _SCAN and not copy.has_frame:
        raise broken("its header is not where it belongs")
    elif marker == _EXIF and data.startswith(b"Exif\0\0"):
        copy.turned = _turned(data[6:])
    elif marker == _ADOBE and data.startswith(b"Adobe"):
        data = data[:_ADOBE_LENGTH]
    elif marker not in _TABLES and marker != _SCAN:
        return
    if marker != _EXIF:
        length = (len(data) + 2).to_bytes(2, "big")
        copy.parts.append(bytes([0xFF, marker]) + length + data)


def _take_scan(copy: _Copy, content: bytes, at: int) -> int:
    """Keep what is drawn from here to the next marker; return where that is."""
    found = _NEXT_MARKER.search(content, at)
    if found is None:
        raise broken("it ends too early")
    copy.parts.append(content[at : found.start()])
    copy.scans += 1
    if copy.scans > MAX_SCANS:
        raise broken("it is drawn too many times over")
    return found.start()


def _check_frame(copy: _Copy, data: bytes) -> None:
    if copy.has_frame or len(data) < 6:
        raise broken("its header is not where it belongs")
    copy.has_frame = True
    check_size(int.from_bytes(data[3:5], "big"), int.from_bytes(data[1:3], "big"))


def _turned(tiff: bytes) -> int:
    """Return the orientation that EXIF notes (tag 0x0112), 1 where it is unreadable."""
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return 1

    first = _number(tiff, 4, 4, order)
    count = min(_number(tiff, first, 2, order), len(tiff) // 12)
    for at in range(first + 2, first + 2 + 12 * count, 12):
        if _number(tiff, at, 2, order) == 0x0112:
            value = _number(tiff, at + 8, 2, order)
            return value if 1 <= value <= 8 else 1
    return 1


def _number(tiff: bytes, at: int, length: int, order: _Order) -> int:
    return int.from_bytes(tiff[at : at + length], order)


def _orientation(turned: int) -> list[bytes]:
    """Return EXIF of one entry; none for a picture that is upright."""
    if turned == 1:
        return []
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([turned]) + b"\x00\x00"
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    data = b"Exif\0\0" + tiff
    return [b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data]
