"""Verifying whatever hash is none of today's: other parameters, other schemes."""

import unicodedata
from collections.abc import Iterator

from passlib.context import CryptContext

from app.core.password_schemes import PEPPERED, TRIMMED, TRUNCATED
from app.core.password_schemes.importable import scheme_of

_BCRYPT_BYTES = 72
_PHP_BLANKS = " \t\n\r\0\x0b"


class OtherHashes:
    """Every scheme of the list, as its writer may have used it."""

    def __init__(self, context: CryptContext, devise_pepper: str) -> None:
        """Verify.

        Args:
            context: Knows every scheme of the list.
            devise_pepper: What Devise appended to each password before it hashed.
        """
        self._context = context
        self._devise_pepper = devise_pepper

    def matches(self, password: str, hashed: str) -> bool:
        """Try the password in the forms that the writer of the hash may have used."""
        try:
            spellings = self._secrets(password, scheme_of(hashed) or "")
            return any(self._context.verify(secret, hashed) for secret in spellings)
        except (ValueError, TypeError, NotImplementedError):
            return False  # parsed, and still nothing that its library can verify

    def _secrets(self, password: str, scheme: str) -> Iterator[bytes]:
        """Yield NFC first; only foreign schemes may hold what was typed unchanged."""
        forms = [unicodedata.normalize("NFC", password)]
        if scheme != "argon2" and password not in forms:
            forms.append(password)
        if scheme in TRIMMED:
            forms += [form.strip(_PHP_BLANKS) for form in forms]
        for form in dict.fromkeys(forms):
            if scheme in PEPPERED and self._devise_pepper:
                yield (form + self._devise_pepper).encode()[:_BCRYPT_BYTES]
            raw = form.encode()
            yield raw[:_BCRYPT_BYTES] if scheme in TRUNCATED else raw
