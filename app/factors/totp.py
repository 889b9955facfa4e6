"""Codes of authenticator apps: RFC 6238 over RFC 4226, each accepted once ever."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.factors.base import Ceremony, Enrolled, FactorRefused, Proof
from app.typed_text import typed_code

ALGORITHMS = ("SHA1", "SHA256", "SHA512")
DIGITS = (6, 8)
SECRET_BYTES = 20  # RFC 4226 section 4, R6: 160 bits
_DRIFT = 1  # steps either way: RFC 6238 section 5.2 lets clocks differ by so much
_MAX_TYPED = 64


def seal_context(user_id: UUID) -> str:
    """Return what a secret is sealed for: the row of one account."""
    return f"totps {user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpKey:
    """What an authenticator app and this service both know.

    Attributes:
        secret: As bytes; people see it as base32.
        algorithm: Of the HMAC. Many apps ignore every other than SHA1.
        digits: How long a code is.
        period: Seconds that a step takes.
    """

    secret: bytes = field(repr=False)
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30

    def code_at(self, step: int) -> str:
        """Return the code of a time step (RFC 4226 section 5.3)."""
        mac = hmac.digest(self.secret, step.to_bytes(8, "big"), self.algorithm)
        start = mac[-1] & 0xF
        number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
        return f"{number % 10**self.digits:0{self.digits}d}"

    def step_at(self, now: datetime) -> int:
        """Return the time step of an instant (RFC 6238 section 4.2)."""
        return int(now.timestamp()) // self.period

    def step_of(self, code: str, now: datetime) -> int | None:
        """Return the step that a code is of, now or one to either side.

        The latest of them: should two have the same code, it is still accepted once.
        Every step is compared, in constant time each.
        """
        present = self.step_at(now)
        steps = range(max(present - _DRIFT, 0), present + _DRIFT + 1)
        typed = code.encode("utf-8", "replace")
        right = [
            step
            for step in steps
            if hmac.compare_digest(self.code_at(step).encode(), typed)
        ]
        return max(right, default=None)


class Totp:
    """An authenticator app."""

    name: ClassVar[str] = "totp"

    def begin(
        self, enrolled: Sequence[Enrolled], ceremony: Ceremony
    ) -> dict[str, Any] | None:
        """Return None: the app needs nothing but the time."""
        return None

    def verify(
        self, enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony
    ) -> Proof:
        """Judge a code; the state that it moves on to is its time step.

        Args:
            enrolled: At most one, with what ``TotpKey`` needs in ``data``.
            answer: As it was typed, in groups or not.
            ceremony: When.

        Raises:
            FactorRefused: It is wrong, or no later than one that was accepted.
        """
        if not isinstance(answer, str) or len(answer) > _MAX_TYPED:
            raise FactorRefused("no code")
        code = typed_code(answer)
        for each in enrolled:
            key = TotpKey(secret=each.secret, **each.data)
            step = key.step_of(code, ceremony.now)
            if step is None:
                continue
            if each.state is not None and step <= each.state:
                raise FactorRefused("used before")
            return Proof(id=each.id, state=step, amr=("otp",))
        raise FactorRefused("wrong code")
