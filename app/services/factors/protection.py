"""How well an account is protected, and what its owner had better do about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import MAX_PASSKEYS

FEW_CODES = 3
Concern = Literal["email", "second_step", "recovery_codes"]


@dataclass(frozen=True, slots=True)
class Protection:
    """What an account has; no secret is read for it."""

    email_verified: bool
    has_password: bool
    password_changed_at: datetime | None
    passkeys: int
    totp_since: datetime | None
    codes_left: int

    @property
    def has_second_step(self) -> bool:
        """Tell whether the password alone signs nobody in."""
        return bool(self.passkeys) or self.totp_since is not None

    @property
    def concerns(self) -> list[Concern]:
        """What to look at, the most urgent first.

        How old a password is is none: changed without a reason they get worse (NIST
        SP 800-63B-4, 3.1.1.2).
        """
        found: list[Concern] = []
        if not self.email_verified:
            found.append("email")
        if not self.has_second_step:
            found.append("second_step")
        elif self.codes_left < FEW_CODES:
            found.append("recovery_codes")
        return found


class ProtectionService:
    """Looks at accounts."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def of(self, user: User) -> Protection:
        """Return how an account is protected."""
        totp = await self._uow.totps.of(user.id)
        passkeys = await self._uow.passkeys.list_for_user(user.id, None, MAX_PASSKEYS)
        codes = await self._uow.recovery_codes.list_unused(user.id)
        return Protection(
            email_verified=user.email_verified,
            has_password=user.password_hash is not None,
            password_changed_at=user.password_changed_at,
            passkeys=len(passkeys),
            totp_since=None if totp is None else totp.created_at,
            codes_left=len(codes),
        )
