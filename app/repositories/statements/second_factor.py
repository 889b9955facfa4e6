"""Columns that say which second factors an account has, and whether it needs one.

They go along with the statement of a sign-in, so that asking costs no round trip.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists

from app.models.passkey import Passkey
from app.models.recovery_code import RecoveryCode
from app.models.role import Role, UserRole
from app.models.totp import Totp


def second_factor_columns(user_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the columns ``has_*`` and ``role_wants_mfa`` of an account."""
    unused = RecoveryCode.used_at.is_(None)
    demanding = (UserRole.role == Role.name) & Role.mfa_required
    return (
        exists().where(Passkey.user_id == user_id).label("has_passkey"),
        exists().where(Totp.user_id == user_id).label("has_totp"),
        exists()
        .where(RecoveryCode.user_id == user_id, unused)
        .label("has_recovery_code"),
        exists().where(UserRole.user_id == user_id, demanding).label("role_wants_mfa"),
    )
