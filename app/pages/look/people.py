"""How people are drawn where they have no picture: initials, on a colour of theirs."""

from hashlib import blake2b
from uuid import UUID

from app.utils.helpers import printable

_HUES = 8  # of pages.css


def initials(name: str) -> str:
    """Return one or two letters for a name or an email address; "?" for none."""
    words = printable(name, 200).partition("@")[0].replace(".", " ").split()
    letters = [each for word in words if (each := _first_letter(word))]
    return "".join([*letters[:1], *letters[1:][-1:]]).upper() or "?"


def hue(of: UUID | str) -> str:
    """Return the class of a person's colour: the same wherever they are shown."""
    digest = blake2b(str(of).encode(), digest_size=1).digest()
    return f"hue-{digest[0] % _HUES + 1}"


def _first_letter(word: str) -> str:
    return next((each for each in word if each.isalnum()), "")
