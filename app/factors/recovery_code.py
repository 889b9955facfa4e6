"""Codes to write down for the day on which the other factors are lost.

120 bits each, so a plain guess is hopeless and no password hash is needed (ASVS 6.5.2
asks for one below 112 bits). What is stored is a keyed digest that is bound to the
account: a dump of the database opens nothing, and a row copied to another account
works for nobody.
"""

import hmac
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from app.factors.base import Ceremony, Enrolled, FactorRefused, Proof

COUNT = 10
CODE_BYTES = 15
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_LENGTH = CODE_BYTES * 8 // 5
_GROUP = 4
_LOOKS_LIKE = str.maketrans("OIL", "011")
_USED = 1  # and 0, or None, before
_MAX_TYPED = 128


def code_of(chance: bytes) -> str:
    """Return the code that is made of 15 random bytes, in groups as people copy it."""
    number = int.from_bytes(chance, "big")
    shifts = range(5 * (_LENGTH - 1), -1, -5)
    plain = "".join(_ALPHABET[number >> shift & 31] for shift in shifts)
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def read_code(typed: str) -> str:
    """Return the letters and digits of a code that somebody typed.

    In any case, with blanks, dashes or nothing between; an O is a zero, and I and L
    are ones, for codes have none of these letters.
    """
    text = unicodedata.normalize("NFKC", typed[:_MAX_TYPED]).upper()
    between = ("Cc", "Cf", "Pd", "Zl", "Zp", "Zs")
    plain = (char for char in text if unicodedata.category(char) not in between)
    return "".join(plain).translate(_LOOKS_LIKE)


def stored_form(code: str, user_id: UUID, digest: Callable[..., bytes]) -> bytes:
    """Return what is kept of a code.

    Args:
        code: As it is shown, or as it was typed.
        user_id: Whose it is.
        digest: A keyed hash (``SecretKey.digest``).
    """
    plain = read_code(code).encode("utf-8", "replace")
    return digest(b"recovery code", user_id.bytes, plain)


class RecoveryCode:
    """A sheet of codes; each works once."""

    name: ClassVar[str] = "recovery_code"

    def begin(
        self, enrolled: Sequence[Enrolled], ceremony: Ceremony
    ) -> dict[str, Any] | None:
        """Return None: whoever has the sheet needs nothing."""
        return None

    def verify(
        self, enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony
    ) -> Proof:
        """Judge a code; the state that it moves on to is "used".

        Args:
            enrolled: The codes of the account, their stored forms as ``secret``.
            answer: As it was typed.
            ceremony: Whose codes they are, and the key of their digests.

        Raises:
            FactorRefused: It is none of them, or was used before.
        """
        if not isinstance(answer, str) or len(answer) > _MAX_TYPED:
            raise FactorRefused("no code")
        typed = stored_form(answer, ceremony.user_id, ceremony.digest)
        right = [each for each in enrolled if hmac.compare_digest(each.secret, typed)]
        if not right:
            raise FactorRefused("wrong code")
        if right[0].state:
            raise FactorRefused("used before")
        return Proof(id=right[0].id, state=_USED, amr=("otp",))
