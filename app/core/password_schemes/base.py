"""What a foreign scheme without a passlib handler has to bring."""

import base64
import hashlib
import hmac
from abc import abstractmethod
from re import Pattern
from typing import Any, ClassVar, Never, Protocol

from passlib.utils.handlers import MinimalHandler

# crypt(3)'s, in the order of their values; a cost is often one of them.
CRYPT_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Derivation(Protocol):
    """A hash that was read, and found to be neither malformed nor too costly."""

    def matches(self, secret: bytes) -> bool:
        """Compute, and compare in constant time."""
        ...

    def work(self, length: int) -> int:
        """Estimate the microseconds of that for a password of so many bytes."""
        ...


class ImportedHandler(MinimalHandler):
    """A scheme that is verified for accounts from elsewhere, and never written.

    A subclass names its form and reads it; ``CryptContext`` finds it by ``pattern``.
    """

    name: ClassVar[str]
    setting_kwds: ClassVar[tuple[str, ...]] = ()
    context_kwds: ClassVar[tuple[str, ...]] = ()
    pattern: ClassVar[Pattern[str]]

    @classmethod
    @abstractmethod
    def parse(cls, hashed: str) -> Derivation:
        """Read the hash and its cost, without computing anything.

        Raises:
            HashRefused: It is malformed or costs more than ``limits`` allows.
        """

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:  # noqa: A002 (passlib's name)
        """Tell whether the hash has this scheme's form."""
        return cls.pattern.match(_text(hash)) is not None

    @classmethod
    def verify(
        cls, secret: str | bytes, hash: str | bytes, **context: Any  # noqa: A002
    ) -> bool:
        """Verify for ``CryptContext``."""
        raw = secret.encode() if isinstance(secret, str) else secret
        return cls.parse(_text(hash)).matches(raw)

    @classmethod
    def hash(cls, secret: str | bytes, **settings: Any) -> Never:
        """Refuse: new passwords are Argon2id.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(f"{cls.name} is for imported hashes only")


def b64(text: str) -> bytes:
    """Decode standard base64 strictly.

    Raises:
        ValueError: It holds anything else.
    """
    return base64.b64decode(text, validate=True)


def b64_loose(text: str) -> bytes:
    """Decode base64 of either alphabet or passlib's, with padding or without.

    Raises:
        ValueError: It holds anything else.
    """
    text = text.replace("-", "+").replace("_", "/").replace(".", "+").rstrip("=")
    return b64(text + "=" * (-len(text) % 4))


def b64_text(raw: bytes) -> str:
    """Return standard base64 without padding, as PHC strings have it."""
    return base64.b64encode(raw).decode().rstrip("=")


def same(computed: bytes, stored: bytes) -> bool:
    """Compare two digests in constant time; an empty one is never the same."""
    return bool(stored) and hmac.compare_digest(computed, stored)


def scrypt_digest(
    secret: bytes, salt: bytes, *, n: int, r: int, p: int = 1, length: int
) -> bytes:
    """Compute scrypt with exactly the memory that the parameters need."""
    needed = 128 * r * (n + p + 2) + (1 << 16)
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=needed, dklen=length)


def _text(hashed: str | bytes) -> str:
    """Return what passlib passes around as text; foreign bytes match nothing."""
    return hashed if isinstance(hashed, str) else hashed.decode("ascii", "replace")
