"""How well colours can be told apart: WCAG 2.2, success criterion 1.4.3."""

import re

ENOUGH = 4.5  # of text of any size
# What text in the accent stands on: card and ground of pages.css, light and dark.
LIGHT, DARK = ("#ffffff", "#f5f3ee"), ("#18201d", "#0f1412")
# The accent of pages.css, as a link and as the ground of a button, light and dark.
ACCENT, ON_ACCENT = ("#0b6b50", "#6bd6ad"), ("#ffffff", "#06241a")
_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours, from 1 (alike) to 21 (black and white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def dark_accent(accent: str, chosen: str | None) -> str:
    """Return what an accent is on dark pages, where none was chosen a lighter one."""
    return chosen or lighter(accent)


def text_on(accent: str) -> str:
    """Return white or black, whichever is read better; one of them always is."""
    return max("#ffffff", "#000000", key=lambda text: contrast(text, accent))


def lighter(accent: str) -> str:
    """Return an accent for dark pages: the same, with as much white as it takes."""
    for share in range(0, 101, 5):
        parts = (round(each + (255 - each) * share / 100) for each in _parts(accent))
        found = "#" + "".join(f"{each:02x}" for each in parts)
        if flaw(found, DARK) is None:
            return found
    return "#ffffff"


def flaw(accent: str, grounds: tuple[str, ...]) -> str | None:
    """Say why an accent cannot be read as a link on our pages; None if it can."""
    if not _HEX.fullmatch(accent):
        return "must read #rrggbb"
    worst = min(contrast(accent, ground) for ground in grounds)
    if worst >= ENOUGH:
        return None
    kind = "light" if grounds == LIGHT else "dark"
    return f"has a contrast of {worst:.1f}:1 on {kind} pages, and text needs {ENOUGH}:1"


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(each / 255) for each in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _parts(colour: str) -> tuple[int, int, int]:
    number = int(colour.removeprefix("#"), 16)
    return number >> 16, number >> 8 & 255, number & 255
