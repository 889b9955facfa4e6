"""Whom a right first factor does not sign in."""

from typing import Any

from app.events.sign_in import Refusal


def refusal_of(account: Any, *, must_verify: bool) -> Refusal | None:
    """Return why an account does not sign in whatever was proven for it, or None.

    Every way to sign in asks here. Only who proved a factor may be told.

    Args:
        account: With its ``status``, ``email_verified`` and ``must_reset_password``.
        must_verify: Whether accounts without a proven address wait.
    """
    if account.status != "active":
        return Refusal.DISABLED
    if must_verify and not account.email_verified:
        return Refusal.EMAIL_NOT_VERIFIED
    if account.must_reset_password:
        return Refusal.PASSWORD_RESET_REQUIRED
    return None
