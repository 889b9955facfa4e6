"""What a directory's answer to a name and a password means.

Result codes do not say it alone: 49 is not always a wrong password, 53 and 19 can be
verdicts about an account, and 0 is not always a sign-in. Each rule is what Samba 4.17,
slapd 2.5 with ppolicy, and 389 Directory Server 2.3 were seen to do; Active Directory's
codes are those of MS-ERREF. Nothing is asked here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.upstreams.directory import ber
from app.upstreams.directory.message import PASSWORD_POLICY, Control, Result
from app.upstreams.values import shown

PASSWORD_POLICY_ASKED = Control(PASSWORD_POLICY)
# Sent unasked by 389 Directory Server (Netscape's).
PASSWORD_EXPIRED = "2.16.840.1.113730.3.4.4"
PASSWORD_EXPIRING = "2.16.840.1.113730.3.4.5"

ACTIVE_DIRECTORY = "ad"

_DATA = re.compile(r"\bdata ([0-9a-fA-F]{1,8})\b")
_STATUS = re.compile(r"^([0-9a-fA-F]{8}):")
_SUCCESS, _OPERATIONS, _STRONGER, _CONFIDENTIAL = 0, 1, 8, 13
_CONSTRAINT, _NO_SUCH, _BAD_DN, _INAPPROPRIATE = 19, 32, 34, 48
_INVALID_CREDENTIALS, _NO_RIGHT, _UNWILLING = 49, 50, 53


class State(StrEnum):
    """What an attempt to sign in came to."""

    PROVEN = "proven"  # the password is right, and nothing stands against it
    WRONG = "wrong"  # no such person, or another password
    MUST_CHANGE = "must_change"  # right, and good for choosing another one alone
    EXPIRED = "expired"  # right, and no longer good for anything
    INACTIVE = "inactive"  # disabled, expired, or not at this hour or place
    LOCKED = "locked"  # too many wrong ones: later
    MISCONFIGURED = "misconfigured"  # our question was none that it takes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer says.

    Attributes:
        proves: Whether the password was right, so that its owner may be told.
        detail: What was seen, for the trail.
        grace: Sign-ins that remain with a password that expired, if it says so.
        expires_in: Seconds until it does, if it says so.
    """

    state: State
    proves: bool
    detail: str
    grace: int | None = None
    expires_in: int | None = None


@dataclass(frozen=True, slots=True)
class _Policy:
    """The control of password policies, read."""

    error: int | None = None
    grace: int | None = None
    expires_in: int | None = None


# MS-ERREF, as "data" of a refused bind. Only who has the right password is told these
# (Samba says 52e to others), but for 775, 530 and 531.
_AD_STATES: Mapping[int, tuple[State, bool]] = {
    0x525: (State.WRONG, False),  # no such user; Samba says 52e
    0x52E: (State.WRONG, False),
    0x530: (State.INACTIVE, False),  # not at this hour
    0x531: (State.INACTIVE, False),  # not from this machine
    0x532: (State.MUST_CHANGE, True),  # the password expired
    0x533: (State.INACTIVE, True),  # disabled
    0x701: (State.INACTIVE, True),  # the account expired
    0x773: (State.MUST_CHANGE, True),
    0x775: (State.LOCKED, False),
}
_EXPIRED, _ACCOUNT_LOCKED, _CHANGE_AFTER_RESET = 0, 1, 2  # of the ppolicy control


def judge_bind(kind: str, result: Result) -> Verdict:
    """Return what the answer to a bind says.

    Args:
        kind: ``ad``, or whatever else.
        result: Of the bind; never 51, 52 or 81, which say nothing about anybody.
    """
    seen = f"bind: result {result.code}"
    if result.text:
        seen += f", {shown(result.text)}"
    if result.code in (_STRONGER, _CONFIDENTIAL, _INAPPROPRIATE, _OPERATIONS):
        return Verdict(State.MISCONFIGURED, False, seen)
    if kind == ACTIVE_DIRECTORY:
        return _judge_ad(result, seen)
    return _judge_policy(result, seen)


def _judge_ad(result: Result, seen: str) -> Verdict:
    if result.code == _SUCCESS:
        return Verdict(State.PROVEN, True, seen)
    if result.code != _INVALID_CREDENTIALS:
        return Verdict(State.MISCONFIGURED, False, seen)
    data = _DATA.search(result.text)
    state, proves = _AD_STATES.get(
        int(data[1], 16) if data else -1, (State.WRONG, False)
    )
    return Verdict(state, proves, seen)


def _judge_policy(result: Result, seen: str) -> Verdict:
    policy = _policy(result.controls)
    is_over = PASSWORD_EXPIRED in result.controls
    if result.code == _SUCCESS:
        must = is_over or policy.error == _CHANGE_AFTER_RESET
        state = State.MUST_CHANGE if must else State.PROVEN
        return Verdict(state, True, seen, policy.grace, policy.expires_in)
    if result.code == _INVALID_CREDENTIALS:
        if is_over or policy.error == _EXPIRED:
            return Verdict(State.EXPIRED, True, f"{seen} (password expired)")
        if policy.error == _ACCOUNT_LOCKED:
            return Verdict(State.LOCKED, False, f"{seen} (account locked)")
        return Verdict(State.WRONG, False, seen)
    if result.code in (_NO_SUCH, _BAD_DN):
        return Verdict(State.WRONG, False, seen)
    if result.code == _CONSTRAINT:  # 389: too many tries, right or wrong
        return Verdict(State.LOCKED, False, seen)
    if result.code == _UNWILLING:  # 389: nsAccountLock, with a wrong password too
        return Verdict(State.INACTIVE, False, seen)
    return Verdict(State.MISCONFIGURED, False, seen)


def _policy(controls: Mapping[str, bytes]) -> _Policy:
    """Read what the controls say; what cannot be read says nothing."""
    try:
        found = _read_policy(controls.get(PASSWORD_POLICY, b""))
    except ber.Malformed:
        found = _Policy()
    expiring = controls.get(PASSWORD_EXPIRING, b"")
    if found.expires_in is None and expiring.isdigit() and len(expiring) <= 10:
        return _Policy(found.error, found.grace, int(expiring))
    return found


def _read_policy(value: bytes) -> _Policy:
    error = grace = expires_in = None
    for _, body in ber.children(value):
        for tag, part in ber.children(body):
            if tag == 0x81:
                error = ber.whole(part)
            elif tag == 0xA0:
                for which, number in ber.children(part):
                    if which == 0x80:
                        expires_in = ber.whole(number)
                    elif which == 0x81:
                        grace = ber.whole(number)
    return _Policy(error, grace, expires_in)


class Change(StrEnum):
    """What an attempt to choose another password came to."""

    DONE = "done"
    WRONG = "wrong"  # the old one is not right
    REFUSED = "refused"  # the new one does not meet the rules of the directory
    TOO_YOUNG = "too_young"  # the old one was chosen too short a time ago
    NOT_ALLOWED = "not_allowed"  # people may not, or not in this way


# Errors 3 to 8 of the control: draft-behera-ldap-password-policy, section 6.2.
_POLICY_CHANGES: Mapping[int, Change] = {
    3: Change.NOT_ALLOWED,
    4: Change.WRONG,
    5: Change.REFUSED,
    6: Change.REFUSED,
    7: Change.TOO_YOUNG,
    8: Change.REFUSED,
}
# MS-ERREF: ERROR_INVALID_PASSWORD and ERROR_PASSWORD_RESTRICTION.
_AD_WRONG_OLD, _AD_RESTRICTION = 0x56, 0x52D


def judge_change(kind: str, result: Result) -> Change:
    """Return what the answer to a change of a password says.

    Args:
        kind: ``ad``, or whatever else.
        result: Of the change.
    """
    if result.code == _SUCCESS:
        return Change.DONE
    if kind == ACTIVE_DIRECTORY:
        status = _STATUS.match(result.text)
        said = int(status[1], 16) if status else None
        if result.code == _CONSTRAINT and said == _AD_WRONG_OLD:
            return Change.WRONG
        # 52D is of length, age and history alike; it does not say which.
        is_rule = result.code == _CONSTRAINT or said == _AD_RESTRICTION
        return Change.REFUSED if is_rule else Change.NOT_ALLOWED
    error = _policy(result.controls).error
    if error is not None and error in _POLICY_CHANGES:
        return _POLICY_CHANGES[error]
    if result.code == _INVALID_CREDENTIALS:
        return Change.WRONG
    return Change.REFUSED if result.code == _CONSTRAINT else Change.NOT_ALLOWED
