"""Which kind of picture bytes are, and the bytes without what nobody sees."""

from dataclasses import dataclass

from app.core.pictures.flaw import MAX_BYTES, PictureFlaw
from app.core.pictures.jpeg import stripped_jpeg
from app.core.pictures.png import stripped_png
from app.core.pictures.webp import stripped_webp


@dataclass(frozen=True, slots=True)
class Picture:
    """What is kept: written anew from the parts that draw it."""

    media_type: str
    content: bytes


def read_picture(content: bytes) -> Picture:
    """Return what is kept of an uploaded file.

    The pixels are not decoded: nobody here needs them, and decoders are where pictures
    attack. Each container is written anew with a known list of its parts, so that
    neither a place (EXIF, XMP), a text, a thumbnail, a colour profile with the name of
    a screen nor a second file behind the picture survives.

    Raises:
        PictureFlaw: It is too long, damaged, too large, moving, or another format.
    """
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // 1024
        raise PictureFlaw("too_long", f"a picture may have {limit} KB at most")
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Picture("image/png", stripped_png(content))
    if content.startswith(b"\xff\xd8\xff"):
        return Picture("image/jpeg", stripped_jpeg(content))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Picture("image/webp", stripped_webp(content))
    raise PictureFlaw("not_a_picture", "choose a PNG, JPEG or WebP picture")
