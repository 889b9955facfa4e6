"""When a sign-in needs a second step, and by which factors."""

from collections.abc import Iterable
from typing import Any

from app.factor_settings import MfaSettings
from app.oauth.acr import TWO_FACTORS, acr_of

# The strongest first: what cannot be phished, what is made anew, what is left.
PASSKEY, TOTP, RECOVERY_CODE = "passkey", "totp", "recovery_code"


def factors_of(found: Any) -> tuple[str, ...]:
    """Return the names of an account's second factors, the strongest first.

    Args:
        found: A row with the columns of ``statements.second_factor``.
    """
    own = {
        PASSKEY: found.has_passkey,
        TOTP: found.has_totp,
        RECOVERY_CODE: found.has_recovery_code,
    }
    return tuple(name for name, is_there in own.items() if is_there)


def has_second_factor(found: Any) -> bool:
    """Tell whether an account has one; recovery codes alone are none."""
    return bool(found.has_passkey or found.has_totp)


def is_demanded(found: Any, settings: MfaSettings) -> bool:
    """Tell whether the account's roles or the installation ask for one."""
    return bool(settings.required or found.role_wants_mfa)


def is_due(found: Any, settings: MfaSettings) -> bool:
    """Tell whether one factor does not sign this account in."""
    return has_second_factor(found) or is_demanded(found, settings)


def names_that_count(row: Any, acr: str, settings: MfaSettings) -> tuple[str, ...]:
    """Return the sorted names of the roles that count where this was proven.

    As ``roles_that_count`` decides, for who tells of roles or lets in by them.

    Args:
        row: With all ``roles``, and those that demand no second factor as
            ``weaker_roles``, each in one string.
        acr: Of the session or grant.
        settings: What the installation demands.
    """
    if acr == TWO_FACTORS:
        names = row.roles
    else:
        names = "" if settings.required else row.weaker_roles
    return tuple(sorted((names or "").split()))


def roles_that_count(roles: Iterable[Any], settings: MfaSettings) -> list[Any]:
    """Return the roles that count in a session.

    One that demands two factors is worth nothing in a session that proved one, however
    that came to be: it began before the demand, before the role was given, or at a
    browser that is remembered.

    Args:
        roles: Rows with ``mfa_required``, and the ``amr`` of the session.
        settings: What the installation demands.
    """
    return [
        role
        for role in roles
        if acr_of(role.amr) == TWO_FACTORS
        or not (settings.required or role.mfa_required)
    ]
