"""The operator's logo in mails: part of each, so that nobody is asked for it.

A picture that is fetched would tell us when and where a mail is read, and most programs
fetch none unasked. One that comes along (RFC 2392) they show at once. It is a PNG: what
an SVG file draws, few of them do.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.theme_settings import ThemeSettings

MOST = 64 * 1_024  # bytes: it comes with each mail
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that comes with a mail.

    Attributes:
        name: Its Content-ID, without the brackets.
    """

    name: str
    content: bytes

    @property
    def address(self) -> str:
        """What the HTML of a mail names it by."""
        return f"cid:{self.name}"

    def shown_in(self, html: str) -> str:
        """Return a mail for a browser, which has no parts to look for it in."""
        data = b64encode(self.content).decode()
        return html.replace(self.address, f"data:image/png;base64,{data}")


def read_logo(theme: ThemeSettings, site: str) -> Logo | None:
    """Return what stands at the head of mails; None where there is only the name.

    Args:
        theme: ``mail_logo`` has to be there and fit, ``logo`` is taken if it does.
        site: The public URL.

    Raises:
        ValueError: ``mail_logo`` cannot be read, is no PNG, or too large.
    """
    if theme.mail_logo is not None:
        return _named(_judged(theme.mail_logo), site)
    if theme.logo is None:
        return None
    try:
        return _named(_judged(theme.logo), site)
    except ValueError:  # an SVG file, say, which pages show
        return None


def _judged(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
    except OSError:
        raise ValueError("cannot be read") from None
    if not content.startswith(_PNG):
        raise ValueError("is no PNG file")
    if len(content) > MOST:
        raise ValueError(f"is larger than {MOST // 1_024} KiB")
    return content


def _named(content: bytes, site: str) -> Logo:
    host = urlsplit(site).hostname or "localhost"
    return Logo(f"{hashlib.sha256(content).hexdigest()[:16]}@{host}", content)
