"""Refusals of a sign-in."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.exceptions import AppError, Forbidden, Unauthenticated
from app.events.sign_in import Refusal

ENROL = ("totp",)  # what can be set up within a sign-in that demands a factor


class EmailNotVerified(Forbidden):
    """The password was right, and the address was never confirmed."""

    code = "email_not_verified"
    title = "Confirm your email address first; we can send you the mail again"


class PasswordResetRequired(Forbidden):
    """What was proven was right, and only a new password signs in: by mail."""

    code = "password_reset_required"
    title = "Choose a new password first; ask for a link to reset it"


class InvalidPasskey(Unauthenticated):
    """Unknown, forged, replayed, and of an inactive account: all look the same."""

    code = "invalid_passkey"
    title = "This passkey does not sign in here; try again, or another way"


class MfaRequired(Unauthenticated):
    """One factor was proven, and the account or its roles ask for a second one."""

    code = "mfa_required"
    title = "Prove a second factor to sign in"

    def __init__(
        self,
        mfa_token: str,
        factors: Sequence[str],
        enrol: Sequence[str] = ENROL,
    ) -> None:
        """Say how the sign-in goes on.

        Args:
            mfa_token: Proves the first step at ``POST /api/v1/auth/mfa``.
            factors: By which it may go on, the strongest first.
            enrol: What can be set up where there is none; nothing while they are
                frozen.
        """
        super().__init__(hint="one factor was proven")
        self.mfa_token = mfa_token
        self.factors = tuple(factors)
        self.enrol = tuple(enrol)

    @property
    def members(self) -> Mapping[str, Any]:
        """What a program needs for the second step."""
        told: dict[str, Any] = {"mfa_token": self.mfa_token, "factors": self.factors}
        return told if self.factors else told | {"enrol": self.enrol}


class InvalidMfaToken(Unauthenticated):
    """Unknown, used, expired, or of an account that changed: all look the same."""

    code = "invalid_mfa_token"
    title = "This sign-in took too long or is over; begin it anew"


# What is told, and to whoever proved a factor of the account only.
TOLD: Mapping[Refusal, type[AppError]] = {
    Refusal.EMAIL_NOT_VERIFIED: EmailNotVerified,
    Refusal.PASSWORD_RESET_REQUIRED: PasswordResetRequired,
}
