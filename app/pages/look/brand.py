"""Whose pages these are: the name, mark and colours that stand on each of them.

An operator's are read once, when the service starts, and judged then (ADR-0066).
"""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.config import PREFIX, Settings, SettingsError
from app.core.language import N_
from app.pages.look.static import StaticFile
from app.theme_settings import ThemeSettings
from app.utils.theme import colour

_MOST = 256 * 1_024  # bytes of a logo
_SHEET, _LOGO = "/theme.css", "/theme-logo"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Brand:
    """What an operator is called, and looks like.

    Attributes:
        name: Stands above every card and at the end of every title.
        logo: Address of a picture that stands in for our mark; empty for none.
        sheet: Address of a style sheet after ours; empty for none.
        links: Text and address of terms and the like, below every card.
        rules: The operator's own style sheet, which is in ``sheet``.
        files: What is served at those addresses, by their paths.
    """

    name: str = "Auth Serve"
    logo: str = ""
    sheet: str = ""
    links: tuple[tuple[str, str], ...] = ()
    rules: str = ""
    files: dict[str, StaticFile] = field(default_factory=dict)


def brand_of(settings: Settings) -> Brand:
    """Return what the settings make of the pages.

    Raises:
        SettingsError: A file is none, a colour cannot be read, or a style sheet is not
            within the contract.
    """
    theme = settings.theme
    files = {}
    if theme.logo is not None:
        files[_LOGO] = _logo(theme.logo)
    rules = "" if theme.stylesheet is None else _checked(theme.stylesheet)
    if parts := [each for each in (_accents(theme), rules) if each]:
        files[_SHEET] = sheet_of(*parts)
    brand = Brand(name=theme.name, links=_links(theme), rules=rules, files=files)
    at = {path: f"{path}?v={file.tag}" for path, file in files.items()}
    return replace(brand, logo=at.get(_LOGO, ""), sheet=at.get(_SHEET, ""))


def colours(accent: str, accent_dark: str | None) -> str:
    """Return the tokens that follow from an accent."""
    dark = colour.dark_accent(accent, accent_dark)
    both = f"light-dark({accent}, {dark})"
    return (
        f":root {{ --color-accent: {both}; --color-focus: {both}; "
        f"--color-on-accent: light-dark({colour.text_on(accent)}, "
        f"{colour.text_on(dark)}); --color-accent-soft: color-mix(in oklab, "
        f"{both} 12%, var(--color-surface)); }}"
    )


def sheet_of(*parts: str) -> StaticFile:
    """Return a style sheet of the layer that themes have."""
    content = "@layer theme {{\n{}\n}}\n".format("\n".join(parts)).encode()
    return _file(content, "text/css; charset=utf-8")


def _links(theme: ThemeSettings) -> tuple[tuple[str, str], ...]:
    known = ((N_("Terms"), theme.terms_url), (N_("Privacy"), theme.privacy_url))
    return tuple((text, url) for text, url in known if url is not None)


def _logo(path: Path) -> StaticFile:
    content = _read(path, "LOGO", _MOST)
    if content.startswith(_PNG):
        return _file(content, "image/png")
    if b"<svg" in content[:1_024]:
        return _file(content, "image/svg+xml")
    raise SettingsError(f"{PREFIX}THEME__LOGO is neither a PNG nor an SVG file")


def _accents(theme: ThemeSettings) -> str:
    if theme.accent is not None:
        _refuse(colour.flaw(theme.accent, colour.LIGHT), "ACCENT")
        if theme.accent_dark is not None:
            _refuse(colour.flaw(theme.accent_dark, colour.DARK), "ACCENT_DARK")
        return colours(theme.accent, theme.accent_dark)
    if theme.accent_dark is not None:
        _refuse("demands an ACCENT beside it", "ACCENT_DARK")
    return ""


def _checked(path: Path) -> str:
    # Here: few installations have a style sheet of their own.
    from app.utils.theme.check import MAX_SIZE, check_theme

    try:
        text = _read(path, "STYLESHEET", MAX_SIZE).decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{PREFIX}THEME__STYLESHEET is not UTF-8") from None
    if findings := check_theme(text):
        _refuse(f"{findings[0]}; auth-serve theme check says it all", "STYLESHEET")
    return text


def _read(path: Path, name: str, most: int) -> bytes:
    try:
        content = path.read_bytes()
    except OSError:
        raise SettingsError(f"{PREFIX}THEME__{name} cannot be read") from None
    if len(content) > most:
        _refuse(f"is larger than {most // 1_024} KiB", name)
    return content


def _refuse(flaw: str | None, name: str) -> None:
    if flaw is not None:
        raise SettingsError(f"{PREFIX}THEME__{name} {flaw}")


def _file(content: bytes, media_type: str) -> StaticFile:
    tag = hashlib.sha256(content).hexdigest()[:16]
    return StaticFile(content, media_type, tag)
