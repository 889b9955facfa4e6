"""The 30,000 commonest passwords of at least eight characters, offline.

The list is a file of one password a line, made by tools/make_common_passwords.py. It is
kept as the bytes of that file, a quarter of a megabyte, and searched as they are: that
takes microseconds, and a new password costs a slow hash anyway.
"""

import unicodedata
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("data") / "common_passwords.txt"


def is_common(password: str) -> bool:
    """Tell whether a password is on the list, in any case of letters."""
    folded = unicodedata.normalize("NFC", password.casefold())
    if not folded or not folded.isprintable():
        return False  # no line is; a line break inside would match across lines
    return b"\n%b\n" % folded.encode() in _lines()


@cache
def _lines() -> bytes:
    """Return the file between two line breaks, read at first use."""
    return b"\n" + _FILE.read_bytes()
