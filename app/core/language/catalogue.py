"""The sentences of one language, looked up in the file that GNU gettext defines.

The library's own reader makes an object of every sentence and of its English: three
megabytes for ten languages. Here the file stays as it is, a tenth of that, and what a
page says is searched in it.
"""

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

ENGLISH = "en"
LOCALES = Path(__file__).parents[2] / "locales"
_MAGIC = 0x950412DE
_HEAD = struct.Struct("<5I")  # magic, version, count, where originals and others begin
_ENTRY = struct.Struct("<2I")  # length, and where it begins
_BETWEEN = "\0"  # singular and plural, and the forms of a translation


class Catalogue:
    """A compiled catalogue; both tables are sorted by the bytes of the original."""

    def __init__(self, data: bytes) -> None:
        """Read the head of a ``.mo``.

        Raises:
            ValueError: It is none, or of another byte order than `tools.catalogues`.
        """
        magic, _, self._count, self._originals, self._others = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError("no catalogue")
        self._data = data
        self.head = _fields(self.find("") or "")
        self._plural = _plural_of(self.head.get("plural-forms", ""))

    def find(self, message: str) -> str | None:
        """Return the translation of a sentence, or None."""
        wanted = message.encode()
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            original = self._at(self._originals, middle)
            if original < wanted:
                low = middle + 1
            elif original > wanted:
                high = middle
            else:
                return self._at(self._others, middle).decode()
        return None

    def find_plural(self, singular: str, plural: str, number: int) -> str | None:
        """Return the form of a sentence that goes with a number, or None."""
        forms = self.find(f"{singular}{_BETWEEN}{plural}")
        if forms is None:
            return None
        return forms.split(_BETWEEN)[self._plural(number)]

    def _at(self, table: int, index: int) -> bytes:
        length, begin = _ENTRY.unpack_from(self._data, table + index * _ENTRY.size)
        return self._data[begin : begin + length]


def read_catalogue(tag: str) -> Catalogue:
    """Read the catalogue of a language."""
    return Catalogue((LOCALES / f"{tag}.mo").read_bytes())


@cache
def catalogue(tag: str) -> Catalogue | None:
    """Return the sentences of a language; None for English, which has them as is."""
    return None if tag == ENGLISH else read_catalogue(tag)


def _fields(head: str) -> dict[str, str]:
    """Return what a catalogue says of itself: the translation of nothing."""
    lines = (line.partition(":") for line in head.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _plural_of(rule: str) -> Callable[[int], int]:
    """Return which form goes with a number, by an expression of C that says it."""
    # Here: for nobody who reads English.
    from gettext import c2py

    _, found, expression = rule.partition("plural=")
    return c2py(expression.rstrip("; ") if found else "n != 1")
