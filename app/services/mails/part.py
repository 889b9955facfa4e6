"""What mails are made of, as HTML and as plain text: one template writes both."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Protocol

from markupsafe import Markup

from app.core.language import gettext
from app.theme_settings import ThemeSettings
from app.utils.theme import colour

COLUMNS = 72
# Languages without blanks break anywhere, but not before a mark that closes.
_PIECES = re.compile(
    r"[「『（《“]*[\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF]"
    r"[、。，．：；？！」』）》”]*|[^\s\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF]+|\s+"
)


class Parts(Protocol):
    """The words that templates of mails are written in."""

    def text(self, sentence: str) -> str:
        """Return a paragraph."""

    def button(self, link: str, label: str) -> str:
        """Return the one thing that a mail is for."""

    def link(self, link: str, label: str) -> str:
        """Return another way to go."""

    def code(self, digits: str) -> str:
        """Return a code that is typed elsewhere."""

    def facts(self, lines: Iterable[str]) -> str:
        """Return what happened, a line each."""


class TextParts:
    """Parts as lines of at most 72 columns; addresses are never broken."""

    def text(self, sentence: str) -> str:
        """Return the sentence, broken where it may be."""
        return f"{wrapped(sentence)}\n\n"

    def button(self, link: str, label: str) -> str:
        """Return the address alone on its line, so that programs find its end."""
        return f"{wrapped(label)}:\n{link}\n\n"

    def link(self, link: str, label: str) -> str:
        """Return the same: text has no smaller letters."""
        return self.button(link, label)

    def code(self, digits: str) -> str:
        """Return the digits apart from everything else."""
        return f"    {digits}\n\n"

    def facts(self, lines: Iterable[str]) -> str:
        """Return the lines below one another."""
        return "".join(f"    {line}\n" for line in lines if line) + "\n"


def wrapped(text: str) -> str:
    """Return text in lines of at most 72 columns, as terminals count them."""
    lines, line, width = [], "", 0
    for piece in _PIECES.findall(text):
        size = _columns(piece)
        if width + size > COLUMNS and line.strip():
            lines.append(line.rstrip())
            line, width = "", 0
            if piece.isspace():
                continue
        line, width = line + piece, width + size
    return "\n".join([*lines, line.rstrip()])


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def tidy(text: str) -> str:
    """Return a mail as text, without more than one empty line at a time."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


_TEXT = "margin:0 0 16px"
_BUTTON = (
    "background:{accent};border-radius:10px;color:{on_accent};display:inline-block;"
    "font-weight:bold;padding:12px 20px;text-decoration:none"
)
_LINK = "color:{accent}"
_SMALL = "color:#55615b;font-size:14px;margin:0 0 16px"
_CODE = (
    "background:#f7f6f2;border-radius:10px;font-family:Consolas,Menlo,monospace;"
    "font-size:28px;font-weight:bold;letter-spacing:3px;margin:24px 0;padding:16px;"
    "text-align:center"
)


def colours_of(theme: ThemeSettings) -> Mapping[str, str]:
    """Return the colours of buttons and links, light and dark, as pages have them."""
    if theme.accent is None:
        (light, dark), (on_light, on_dark) = colour.ACCENT, colour.ON_ACCENT
    else:
        light, dark = theme.accent, colour.dark_accent(theme.accent, theme.accent_dark)
        on_light, on_dark = colour.text_on(light), colour.text_on(dark)
    own = (light, on_light, dark, on_dark)
    return dict(zip(("accent", "on_accent", "dark", "on_dark"), own, strict=True))


class HtmlParts:
    """Parts as HTML that mail programs show: styles inline, dark ones by class."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        """Write in the operator's colours, see ``colours_of``."""
        self._button = _BUTTON.format(**colours)
        self._link = _LINK.format(**colours)

    def text(self, sentence: str) -> str:
        """Return a paragraph; what stands in it is escaped unless it is ours."""
        return self._made('<p style="%s">%s</p>\n', _TEXT, sentence)

    def button(self, link: str, label: str) -> str:
        """Return a button, and its address for programs that show none."""
        note = gettext("If the button does not work, open this address:")
        return self._made(
            '<p style="margin:24px 0">'
            '<a href="%s" class="button" style="%s">%s</a></p>\n'
            '<p class="muted" style="%s">%s<br><a href="%s" class="link" dir="ltr" '
            'style="%s;word-break:break-all">%s</a></p>\n',
            *(link, self._button, label, _SMALL, note, link, self._link, link),
        )

    def link(self, link: str, label: str) -> str:
        """Return a link in a line of its own."""
        return self._made(
            '<p style="%s"><a href="%s" class="link" style="%s">%s</a></p>\n',
            *(_TEXT, link, self._link, label),
        )

    def code(self, digits: str) -> str:
        """Return the digits large, from left to right in every language."""
        return self._made(
            '<p class="code" dir="ltr" style="%s">%s</p>\n', _CODE, digits
        )

    def facts(self, lines: Iterable[str]) -> str:
        """Return the lines in one paragraph."""
        shown = Markup("<br>").join(line for line in lines if line)
        return self._made('<p style="%s">%s</p>\n', _TEXT + ";padding:0 16px", shown)

    def _made(self, markup: str, *values: str) -> str:
        return Markup(markup) % values
