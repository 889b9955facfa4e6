"""What is kept of real files: what draws them, and nothing that tells of a person.

The files were written by Pillow: a place, a camera, texts, profiles, a thumbnail.
"""

from pathlib import Path
from zlib import crc32

import pytest

from app.core.pictures.flaw import MAX_BYTES, MAX_SIDE, PictureFlaw
from app.core.pictures.jpeg import MAX_SCANS
from app.core.pictures.picture import read_picture

FILES = Path(__file__).parent / "files"
KINDS = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
WHOLE = [each for each in sorted(FILES.iterdir()) if each.name != "moving.webp"]
# What the files hold besides the picture, as bytes that one could look for.
TOLD = (b"Camera of Ann", b"at home", b"Lisbon", b"GPS", b"xmpmeta", b"acsp", b"EXIF")
BEHIND = b"<script>alert(1)</script>"


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.name)
def test_nothing_but_the_picture_is_kept(file: Path) -> None:
    content = file.read_bytes()
    known = [each for each in TOLD if each in content]

    picture = read_picture(content + BEHIND)

    assert known or file.name == "moving.png"  # which has a second frame instead
    assert picture.media_type == KINDS[file.suffix]
    assert [each for each in (*TOLD, BEHIND) if each in picture.content] == []
    assert len(picture.content) < len(content)
    assert read_picture(picture.content) == picture  # whole, and kept as it is


def test_how_a_camera_was_held_is_all_that_is_left_of_its_notes() -> None:
    turned = read_picture((FILES / "phone.jpg").read_bytes()).content
    upright = read_picture((FILES / "progressive.jpg").read_bytes()).content

    assert turned.count(b"Exif\0\0") == 1
    assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in turned
    assert b"Exif" not in upright


def test_the_colours_of_print_stay_as_they_are() -> None:
    """Without Adobe's mark they would be shown inverted."""
    assert b"Adobe" in read_picture((FILES / "print.jpg").read_bytes()).content


def test_of_an_animation_the_first_picture_is_kept() -> None:
    content = (FILES / "moving.png").read_bytes()

    kept = read_picture(content).content

    assert b"acTL" in content and b"fdAT" in content
    assert not any(each in kept for each in (b"acTL", b"fcTL", b"fdAT"))
    assert refused((FILES / "moving.webp").read_bytes()) == "moving_picture"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8 almost",
        b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)
def test_what_its_bytes_do_not_say_to_be_a_picture_is_refused(content: bytes) -> None:
    assert refused(content) == "not_a_picture"


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.name)
def test_every_beginning_of_a_file_is_refused_and_never_a_defect(file: Path) -> None:
    content = file.read_bytes()
    kept = read_picture(content).content

    flaws = {refused(kept[:length]) for length in range(12, len(kept))}

    assert flaws == {"broken_picture"}


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.name)
def test_bytes_changed_by_chance_are_a_picture_or_a_refusal(file: Path) -> None:
    content = file.read_bytes()

    for at in range(len(content)):
        for value in (0, 0x7F, 0xFF):
            changed = content[:at] + bytes([value]) + content[at + 1 :]
            try:
                kept = read_picture(changed).content
            except PictureFlaw:
                continue
            assert read_picture(kept).content == kept


@pytest.mark.parametrize("side", [0, MAX_SIDE + 1])
@pytest.mark.parametrize(
    "file", ["screen.png", "phone.jpg", "alpha.webp"]
)  # of lossless WebP, 0 cannot be said
def test_what_would_be_nothing_or_fill_a_browser_is_refused(
    file: str, side: int
) -> None:
    content = with_width((FILES / file).read_bytes(), side)

    assert refused(content) == "picture_too_large"
    assert read_picture(with_width((FILES / file).read_bytes(), MAX_SIDE))


def test_lossless_pictures_are_bounded_too() -> None:
    content = (FILES / "lossless.webp").read_bytes()
    at = content.index(b"VP8L") + 9
    size = (MAX_SIDE).to_bytes(4, "little")  # of width, which counts from one

    assert refused(content[:at] + size + content[at + 4 :]) == "picture_too_large"


def test_a_picture_that_is_too_long_is_refused_before_it_is_read() -> None:
    content = (FILES / "screen.png").read_bytes()

    assert refused(content + bytes(MAX_BYTES)) == "too_long"


def test_many_notes_that_lead_nowhere_cost_nothing() -> None:
    """Each says that it has 65,535 entries; none of them is looked for."""
    note = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    segment = b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note
    content = (FILES / "progressive.jpg").read_bytes()
    many = segment * ((MAX_BYTES - len(content)) // len(segment))

    assert read_picture(content[:2] + many + content[2:])


def test_a_picture_that_is_drawn_over_and_over_is_refused() -> None:
    """Ten thousand scans of ten bytes keep the browser of who sees it busy."""
    content = (FILES / "progressive.jpg").read_bytes()
    at = content.rindex(b"\xff\xda")
    last = content[at:-2]
    again = MAX_SCANS - content.count(b"\xff\xda")

    assert read_picture(content[:-2] + last * again + b"\xff\xd9")
    assert refused(content[:-2] + last * (again + 1) + b"\xff\xd9") == "broken_picture"


def refused(content: bytes) -> str:
    """Return why a file is refused."""
    with pytest.raises(PictureFlaw) as caught:
        read_picture(content)
    return caught.value.code


def with_width(content: bytes, width: int) -> bytes:
    """Return the picture with another width in its header."""
    if content.startswith(b"\x89PNG"):
        header = b"IHDR" + width.to_bytes(4, "big") + content[20:29]
        return content[:12] + header + crc32(header).to_bytes(4, "big") + content[33:]
    if content.startswith(b"\xff\xd8"):
        at = content.index(b"\xff\xc0") + 7
        return content[:at] + width.to_bytes(2, "big") + content[at + 2 :]
    at = content.index(b"\x9d\x01\x2a") + 3
    return content[:at] + width.to_bytes(2, "little") + content[at + 2 :]
