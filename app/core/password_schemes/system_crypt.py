"""``crypt(3)`` of the machine, for schemes that no library here computes.

libxcrypt is the C library's ``crypt`` of today's Linux distributions: yescrypt, which
they hash with by default, GOST yescrypt, ``$7$`` (scrypt) and ``$2x$``. Where it is
absent (macOS, Windows, Alpine) such hashes are refused by name and not stored.
"""

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from app.core.password_schemes.base import CRYPT_DIGITS, ImportedHandler, same
from app.core.password_schemes.limits import (
    MAX_BCRYPT_LOG2,
    HashRefused,
    bcrypt_work,
    refuse_above,
    refuse_costly_scrypt,
    scrypt_work,
)

MAX_PHRASE = 511  # bytes; libxcrypt takes no longer one, so nothing was made of one
_BUFFER = 32_768
_FORM = re.compile(
    r"(?P<yes>\$g?y\$[./0-9A-Za-z](?P<n>[./0-9A-Za-z])(?P<r>[./0-9A-Za-z])"
    r"\$[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43})"
    r"|(?P<seven>\$7\$(?P<ln>[./0-9A-Za-z])(?P<r7>[./0-9A-Za-z]{5})"
    r"(?P<p7>[./0-9A-Za-z]{5})[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43})"
    r"|(?P<x>\$2x\$(?P<cost>\d\d)\$[./0-9A-Za-z]{53})",
    re.ASCII,
)
_LONG_DIGIT = 48  # from here on yescrypt writes a number in several characters


@cache
def system_crypt() -> Callable[[bytes, bytes], bytes] | None:
    """Return libxcrypt's ``crypt``, or None where there is none.

    The call frees the interpreter lock, and each has a buffer of its own.
    """
    try:
        compute = ctypes.CDLL("libcrypt.so.1").crypt_rn  # not in glibc's own libcrypt
    except (OSError, AttributeError):
        try:
            compute = ctypes.CDLL("libcrypt.so.2").crypt_rn
        except (OSError, AttributeError):
            return None
    compute.restype = ctypes.c_char_p
    arguments = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    compute.argtypes = arguments

    def crypt(phrase: bytes, setting: bytes) -> bytes:
        if len(phrase) > MAX_PHRASE or b"\0" in phrase:
            return b""
        buffer = ctypes.create_string_buffer(_BUFFER)
        return compute(phrase, setting, buffer, _BUFFER) or b""

    return crypt


@dataclass(frozen=True, slots=True)
class _Stored:
    hashed: str
    cost: int

    def matches(self, secret: bytes) -> bool:
        """Compute with the hash as the setting, and compare; never without both."""
        crypt = system_crypt()
        return crypt is not None and same(
            crypt(secret, self.hashed.encode()), self.hashed.encode()
        )

    def work(self, length: int) -> int:
        """Estimate by the parameters; the password is digested once."""
        return self.cost


class SystemCrypt(ImportedHandler):
    """``$y$``, ``$gy$``, ``$7$`` and ``$2x$``."""

    name = "system_crypt"
    pattern = re.compile(r"\$(g?y|7|2x)\$")

    @classmethod
    def parse(cls, hashed: str) -> _Stored:
        """Refuse a malformed form, too high a cost, or a machine without libxcrypt.

        Raises:
            HashRefused: One of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed yescrypt, scrypt or $2x$ hash")
        if system_crypt() is None:
            raise HashRefused(
                "yescrypt, $7$ and $2x$ need libxcrypt, which this machine lacks"
            )
        if form["x"]:
            refuse_above(int(form["cost"]), MAX_BCRYPT_LOG2, "bcrypt cost")
            return _Stored(hashed, bcrypt_work(int(form["cost"])))
        n, r, p = _scrypt_costs(form)
        refuse_costly_scrypt(n, r, p)
        return _Stored(hashed, scrypt_work(n, r, p))


def _scrypt_costs(form: re.Match[str]) -> tuple[int, int, int]:
    if form["seven"]:
        r, p = _number(form["r7"]), _number(form["p7"])
        return 1 << CRYPT_DIGITS.index(form["ln"]), r, p
    log2, r = CRYPT_DIGITS.index(form["n"]), CRYPT_DIGITS.index(form["r"])
    if max(log2, r) >= _LONG_DIGIT:
        raise HashRefused("parameters of yescrypt that are not known")
    return 2 << log2, r + 1, 1


def _number(digits: str) -> int:
    """Read crypt's base64 of a number, the lowest digit first."""
    return sum(CRYPT_DIGITS.index(digit) << 6 * at for at, digit in enumerate(digits))
