"""What happened, in words for whoever looks for the reason of something."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from app.core.exceptions import TooManyRequests
from app.core.language import N_, gettext
from app.events import EVENTS
from app.events.sign_in import Refusal, SignInFailed
from app.events.user import UserStatusChanged
from app.models.audit_event import AuditEvent
from app.pages.errors import ErrorEntry, error_entries
from app.pages.parts.refusal_texts import titled
from app.services.accounts.errors import InvalidCredentials
from app.services.one_time.errors import InvalidCode
from app.services.sign_in.errors import TOLD, InvalidPasskey

_SAID: Mapping[str, str] = {
    "sign_in.succeeded": N_("Signed in with: %(method)s."),
    "sign_in.failed": N_("The sign-in was refused. %(reason)s"),
    "sign_in.second_step_demanded": N_(
        "The first factor was right (%(method)s). A second one was asked for."
    ),
    "sign_in.second_step_guessed": N_(
        "Somebody who knows the first factor keeps guessing at the second one. "
        "The owner was told by email."
    ),
    "sign_in.elsewhere": N_(
        "Neither the device nor the network was known. The owner was told by email."
    ),
    "sign_in.not_me": N_("The owner said that it was somebody else. All was ended."),
    "email_code.requested": N_("A code was sent by email."),
    "one_time_code.refused": N_("A typed code was wrong, or had no tries left."),
    "oauth.authorization_granted": N_("%(client_id)s was given a code for: %(scope)s."),
    "oauth.authorization_refused": N_(
        "The request of %(client_id)s was refused: %(error)s."
    ),
    "oauth.device_approved": N_("%(client_id)s was let in on a device: %(scope)s."),
    "oauth.device_denied": N_("The person turned a device of %(client_id)s away."),
    "oauth.device_code_refused": N_("A typed code of a device did not work."),
    "oauth.device_code_reused": N_(
        "%(client_id)s brought a device code a second time. All that came of it was "
        "ended."
    ),
    "oauth.consent_granted": N_("The person allowed %(client_id)s: %(scope)s."),
    "oauth.consent_denied": N_("The person did not allow %(client_id)s: %(scope)s."),
    "oauth.consent_revoked": N_("The person took back what %(client_id)s had."),
    "oauth.token_refused": N_(
        "%(client_id)s was refused at the %(endpoint)s endpoint: %(error)s."
    ),
    "oauth.code_reused": N_(
        "%(client_id)s brought a code a second time. All that came of it was ended."
    ),
    "oauth.refresh_token_reused": N_(
        "%(client_id)s brought a refresh token that was used before. Somebody may hold "
        "a copy, so all was ended."
    ),
    "oauth.grant_ended": N_("What %(client_id)s had was ended: %(reason)s."),
    "oauth_logout.refused": N_(
        "The sign-out that %(client_id)s asked for was refused: %(error)s."
    ),
    "session.revoked": N_("A session was ended: %(reason)s."),
    "session.refresh_token_reused": N_(
        "A refresh token came back that was used before. The session was ended."
    ),
    "user.registered": N_("An account was created."),
    "email.verified": N_("The email address was confirmed."),
    "password.changed": N_("The password was changed."),
    "password.reset": N_("The password was reset."),
    "password.reset_requested": N_("A link to reset the password was asked for."),
    "password.change_failed": N_(
        "The password was not changed: the present one was wrong."
    ),
}
_REASONS: Mapping[str, str] = {
    Refusal.UNKNOWN_ACCOUNT: N_("There is no account with what was typed."),
    Refusal.NO_PASSWORD: N_("The account has no password."),
    Refusal.WRONG_PASSWORD: N_("The password was wrong."),
    Refusal.WRONG_CODE: N_("The code from the email was wrong."),
    Refusal.WRONG_PASSKEY: N_("The passkey did not match."),
    Refusal.WRONG_SECOND_FACTOR: N_("The second factor was wrong."),
    Refusal.DISABLED: N_("The account is disabled."),
    Refusal.EMAIL_NOT_VERIFIED: N_("The email address is not confirmed yet."),
    Refusal.PASSWORD_RESET_REQUIRED: N_("The password has to be reset first."),
    Refusal.CHANGED_MEANWHILE: N_("The account changed in the same moment."),
    Refusal.TOO_MANY_ATTEMPTS: N_("There were too many attempts; it has to wait."),
}
# What a sign-in was answered; most reasons look the same from outside.
ANSWERED: Mapping[str, str] = {
    Refusal.UNKNOWN_ACCOUNT: InvalidCredentials.code,
    Refusal.NO_PASSWORD: InvalidCredentials.code,
    Refusal.WRONG_PASSWORD: InvalidCredentials.code,
    Refusal.DISABLED: InvalidCredentials.code,
    Refusal.CHANGED_MEANWHILE: InvalidCredentials.code,
    Refusal.WRONG_CODE: InvalidCode.code,
    Refusal.WRONG_SECOND_FACTOR: InvalidCode.code,
    Refusal.WRONG_PASSKEY: InvalidPasskey.code,
    Refusal.TOO_MANY_ATTEMPTS: TooManyRequests.code,
    **{reason: kind.code for reason, kind in TOLD.items()},
}
# What an account was made.
_STATUS: Mapping[str, str] = {
    "disabled": N_("The account is disabled."),
    "active": N_("The account is enabled."),
}
_LABELS: Mapping[str, str] = {
    "client_id": N_("Application"),
    "hint": N_("Why exactly"),
    "difference": N_("Why exactly"),
    "error": N_("Error"),
    "method": N_("Method"),
    "scope": N_("Scope"),
    "session_id": N_("Session"),
    "reason": N_("Reason"),
}


_YES, _NO = N_("Yes"), N_("No")


@dataclass(frozen=True, slots=True)
class Told:
    """An event in words.

    Attributes:
        kind: ``danger`` for a refusal, ``success`` for what was let through.
        answer: What the caller was answered, of the catalogue.
        facts: What is known, as label and value.
        untold: Those of them that the text does not say.
    """

    event: AuditEvent
    text: str
    kind: str = ""
    answer: ErrorEntry | None = None
    facts: tuple[tuple[str, str], ...] = ()
    untold: tuple[tuple[str, str], ...] = ()


def tell(event: AuditEvent) -> Told:
    """Return an event in the language of the request."""
    data = {name: _plain(value) for name, value in event.data.items()}
    words = data | {"reason": _reason(data.get("reason", ""))}
    said = _SAID.get(event.name)
    if event.name == UserStatusChanged.name:
        said = _STATUS.get(data.get("status", ""))
    try:
        text = gettext(said) % words if said else _documented(event.name)
    except KeyError:  # of another release, whose events say less
        text = _documented(event.name)
    told = said or ""
    facts = [(name, _label(name), value) for name, value in data.items() if value]
    return Told(
        event,
        text,
        _kind(event.name),
        _answer(_answered(event.name, data)),
        tuple((label, value) for _, label, value in facts),
        tuple(
            (label, value) for name, label, value in facts if f"({name})" not in told
        ),
    )


def names() -> list[str]:
    """Return the names of all events, for whoever looks for one."""
    return sorted(kind.name for kind in EVENTS)


def _documented(name: str) -> str:
    for kind in EVENTS:
        if kind.name == name:
            return (kind.__doc__ or name).strip().splitlines()[0].replace("``", "")
    return name


def _answer(code: str) -> ErrorEntry | None:
    known = _catalogue().get(code)
    return known and replace(known, title=titled(code, known.title))


@cache
def _catalogue() -> dict[str, ErrorEntry]:
    return {entry.code: entry for entry in error_entries()}


def _answered(name: str, data: Mapping[str, str]) -> str:
    """Return the code of the answer; other events than a sign-in's have it in them."""
    if name == SignInFailed.name:
        return ANSWERED.get(data.get("reason", ""), "")
    return data.get("code", "") or data.get("reason", "")


def _kind(name: str) -> str:
    last = name.rpartition(".")[2]
    if last in ("failed", "refused", "denied") or last.endswith(
        ("_refused", "_failed")
    ):
        return "danger"
    if last.endswith(("reused", "guessed")) or last in ("not_me", "elsewhere"):
        return "warning"
    return "success" if last in ("succeeded", "authorization_granted") else ""


def _reason(reason: str) -> str:
    return gettext(_REASONS[reason]) if reason in _REASONS else reason


def _label(name: str) -> str:
    known = _LABELS.get(name)
    return gettext(known) if known else name


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return gettext(_YES if value else _NO)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
