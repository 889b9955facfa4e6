"""What held of a sign-in, for whoever asks why it was allowed (ADR-0092).

Called only where a request is explained: nothing of it is worked out for others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.context import Held, passed
from app.factor_settings import MfaSettings
from app.oauth.acr import acr_of
from app.policies.second_factor import factors_of
from app.services.sign_in.attempt import Candidate


def explain_password(candidate: Candidate, found: Any, must_verify: bool) -> None:
    """Say how the attempt was counted, and what the account had to be."""
    counted = "for a stranger at the account, and at its network"
    if candidate.device is not None:
        counted = "at a device that the account knows"
    elif candidate.limit is not None:
        counted = "the account's limit is reached; it knows this network"
    passed(Held.ATTEMPT, {"counted": counted})
    passed(Held.PASSWORD)
    confirmed = "demanded" if must_verify else "not demanded"
    passed(
        Held.ACCOUNT,
        {
            "user": str(found.id),
            "status": str(found.status),
            "confirmed address": f"{_yes(found.email_verified)}, {confirmed}",
        },
    )


def explain_second_step(
    found: Any, mfa: MfaSettings, *, is_due: bool, is_remembered: bool
) -> None:
    """Say whether one factor is enough, and by what."""
    due = "yes" if is_due else "no"
    if is_remembered:
        due = "no: this browser was remembered"
    passed(
        Held.SECOND_STEP,
        {
            "due": due,
            "factors of the account": " ".join(factors_of(found)) or "none",
            "demanded by a role": _yes(found.role_wants_mfa),
            "demanded of everybody": _yes(mfa.required),
        },
    )


def explain_session(
    user_id: UUID,
    session_id: UUID,
    method: str,
    amr: Sequence[str],
    columns: Mapping[str, Any],
) -> None:
    """Say what was proven, and for how long it counts."""
    passed(
        Held.SESSION,
        {
            "user": str(user_id),
            "session": str(session_id),
            "method": method,
            "amr": " ".join(amr),
            "acr": acr_of(amr),
            "ends unused": _instant(columns["expires_at"]),
            "ends at the latest": _instant(columns["absolute_expires_at"]),
        },
    )


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _yes(is_so: object) -> str:
    return "yes" if is_so else "no"
