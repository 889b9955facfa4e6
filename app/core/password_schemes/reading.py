"""What a product does to a password before it hashes it: the right one is right here.

An imported hash carries the name of its reading as a mark, ``@wordpress:$P$B...``. So
does the Argon2id hash that replaces it where the mark still matters: what is hashed
anew is what was verified, neither more nor less, and whoever signed in by a reading
goes on to. A new password is a plain one again.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from app.core.password_schemes.limits import MAX_SPELLINGS

Step = Callable[[str], str]
_PHP_BLANKS = " \t\n\r\0\x0b"  # what PHP's trim() takes away
_SLASHED = re.compile(r"(['\"\\])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_MARK = re.compile(r"@([a-z0-9-]+)(?:\+cut(8|72))?:(.*)", re.ASCII | re.DOTALL)


class Spelling(NamedTuple):
    """One way to read what was typed.

    Attributes:
        hashed: What the product digests.
        kept: What our own hash is made of, if this one matches.
    """

    hashed: str
    kept: str


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _same(text: str) -> str:
    return text


def _trim(text: str) -> str:
    return text.strip(_PHP_BLANKS)


def _slashed(text: str) -> str:
    """Do what addslashes() of PHP does; U+0000 is no part of a password here."""
    return _SLASHED.sub(r"\\\1", text)


def _entities(text: str) -> str:
    """Do what htmlspecialchars() of PHP does with ENT_COMPAT."""
    return "".join(_ENTITIES.get(each, each) for each in text)


@dataclass(frozen=True, slots=True)
class Reading:
    """The ways in which a product may have read a password, the likeliest first.

    Attributes:
        name: Of the mark.
        steps: Each a chain of changes, made to the NFC form and to what was typed.
        form: Unicode form that everything is brought to, where the product does that.
        is_peppered: An HMAC under the application's secret is what is hashed.
    """

    name: str
    steps: tuple[tuple[Step, ...], ...] = ((),)
    form: str = ""
    is_peppered: bool = False

    def spellings(self, password: str) -> list[Spelling]:
        """Return at most ``MAX_SPELLINGS`` different ones, in order."""
        return list(dict.fromkeys(self._all(password)))[:MAX_SPELLINGS]

    def _all(self, password: str) -> Iterator[Spelling]:
        if self.form == "NFKC":
            text = unicodedata.normalize("NFKC", password)
            yield Spelling(text, text)
        elif self.form == "NFKD":
            text = unicodedata.normalize("NFKC", password)
            yield Spelling(unicodedata.normalize("NFKD", password), text)
        for steps in self.steps:
            for text in (_nfc(password), password):
                for step in steps:
                    text = step(text)
                yield Spelling(text, text)

    def is_plain(self, typed: str, kept: str) -> bool:
        """Tell whether what was typed may be hashed as any other password is.

        Not where something else was verified than was typed, nor where another text
        may have been the one that its owner types: ``it\\'s`` for ``it's``.
        """
        if _nfc(kept) != _nfc(typed):
            return False
        used = {step for steps in self.steps for step in steps}
        slashed = _slashed in used and "\\" in kept
        escaped = _entities in used and any(e in kept for e in _ENTITIES.values())
        return not (slashed or escaped)


PLAIN = Reading("plain")
READINGS = {
    each.name: each
    for each in (
        PLAIN,
        Reading("wordpress", ((_trim,), (_slashed, _trim), ())),
        Reading("phpbb", ((_entities,), (_entities, _trim), (), (_trim,))),
        Reading("drupal", ((_trim,), ())),
        # `$P$` alone: WordPress, phpBB, or something else that uses phpass.
        Reading("phpass", ((), (_trim,), (_slashed, _trim), (_entities, _trim))),
        Reading("nfkc", form="NFKC"),
        Reading("flask-security", (), form="NFKD", is_peppered=True),
    )
}
_BY_PREFIX = {"$wp$": "wordpress", "$S$": "drupal", "U$S$": "drupal"}
_BY_PREFIX |= {"$P$": "phpass", "$H$": "phpass"}


class Marked(NamedTuple):
    """A stored hash, told from its mark.

    Attributes:
        reading: What the mark names, or what goes without saying.
        cut: Bytes of the password that count, where not all do.
        hashed: The hash itself.
    """

    reading: Reading
    cut: int | None
    hashed: str

    def with_hash(self, hashed: str) -> str:
        """Return another hash under the same mark, or under none if it says nothing."""
        if self.reading is PLAIN and self.cut is None:
            return hashed
        return f"@{self.reading.name}{f'+cut{self.cut}' if self.cut else ''}:{hashed}"


def read_mark(stored: str) -> Marked:
    """Tell the mark from the hash.

    Raises:
        ValueError: The mark names no reading.
    """
    found = _MARK.fullmatch(stored)
    if found is None:
        return Marked(READINGS[_implied(stored)], None, stored)
    if found[1] not in READINGS:
        raise ValueError("a mark that is not known")
    cut = int(found[2]) if found[2] else None
    return Marked(READINGS[found[1]], cut, found[3])


def _implied(hashed: str) -> str:
    names: Iterable[tuple[str, str]] = _BY_PREFIX.items()
    return next((name for prefix, name in names if hashed.startswith(prefix)), "plain")
