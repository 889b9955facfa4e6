"""Columns that say which second factors an account has, and whether it needs one.

They go along with the statement of a sign-in, so that asking costs no round trip.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists

from app.models.passkey import Passkey
from app.models.recovery_code import RecoveryCode
from app.models.totp import Totp
from app.repositories.statements.held_roles import wants_second_factor


def second_factor_columns(user_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the columns ``has_*`` and ``role_wants_mfa`` of an account."""
    unused = RecoveryCode.used_at.is_(None)
    return (
        exists().where(Passkey.user_id == user_id).label("has_passkey"),
        exists().where(Totp.user_id == user_id).label("has_totp"),
        exists()
        .where(RecoveryCode.user_id == user_id, unused)
        .label("has_recovery_code"),
        wants_second_factor(user_id).label("role_wants_mfa"),
    )
