"""One way in which a product writes a hash, and what it is converted to."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.core.password_schemes.base import b64_loose, b64_text
from app.core.password_schemes.digest import ALGORITHMS, Digest
from app.core.password_schemes.limits import HashRefused
from app.core.password_schemes.pbkdf2 import DIGEST_BYTES
from app.core.password_schemes.scrypt import Scrypt


@dataclass(frozen=True, slots=True)
class Form:
    """A row of the table in docs/imports.md.

    Attributes:
        product: Who writes it, with the version that was looked at.
        example: How it begins, for people.
        pattern: Matches the whole of it.
        convert: Returns what is stored, without a mark.
        reading: What the product does to a password first, see ``reading``.
        proof: What made the hash of the test.
    """

    product: str
    example: str
    pattern: re.Pattern[str]
    convert: Callable[[re.Match[str]], str]
    reading: str = ""
    proof: str = "the product"


def form(
    product: str,
    example: str,
    pattern: str,
    convert: Callable[[re.Match[str]], str],
    *,
    reading: str = "",
    proof: str = "the product",
) -> Form:
    """Return a row; patterns are ASCII and match the whole text."""
    compiled = re.compile(pattern, re.ASCII)
    return Form(product, example, compiled, convert, reading, proof)


def inner(match: re.Match[str]) -> str:
    """Return what stands in the wrapper."""
    return match["hash"]


def pbkdf2(algorithm: str, rounds: int, salt: bytes, digest: bytes) -> str:
    """Write passlib's form of PBKDF2, of which the first block is enough.

    Raises:
        HashRefused: The algorithm is not known.
    """
    algorithm = algorithm.lower().replace("-", "").replace("_", "")
    length = DIGEST_BYTES.get(algorithm)
    if length is None:
        raise HashRefused("PBKDF2 with a digest that is not known")
    kept = b64_text(digest[:length])
    return f"$pbkdf2-{algorithm}${rounds}${b64_text(salt)}${kept}"


def scrypt(n: int, r: int, p: int, salt: bytes, digest: bytes) -> str:
    """Write our form of scrypt.

    Raises:
        HashRefused: It is malformed, or costs too much.
    """
    return str(Scrypt(n, r, p, salt, digest))


def salted(
    algorithm: str, digest: bytes, *, before: bytes = b"", after: bytes = b""
) -> str:
    """Write our form of a digest over salt and password.

    Raises:
        HashRefused: It is of another length.
    """
    return str(Digest(algorithm, digest, before=before, after=after))


def salted_b64(algorithm: str, text: str) -> str:
    """Write our form of what LDAP has: base64 of the digest, and the salt after it.

    Raises:
        HashRefused: It is too short for a digest.
    """
    raw = b64_loose(text)
    length = ALGORITHMS[algorithm]
    return salted(algorithm, raw[:length], after=raw[length:])
