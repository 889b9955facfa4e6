"""What happened, in words for whoever looks for the reason of something."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from app.core.exceptions import TooManyRequests
from app.core.language import N_, Message, gettext
from app.core.language.words import spoken_instant
from app.events import EVENTS
from app.events.sign_in import Refusal, SignInFailed
from app.events.user import UserStatusChanged
from app.models.audit_event import AuditEvent
from app.pages.console.event_texts import SAID
from app.pages.errors import ErrorEntry, error_entries
from app.pages.parts.refusal_texts import titled
from app.services.accounts.errors import InvalidCredentials
from app.services.one_time.errors import InvalidCode
from app.services.server.why.service import ToldStep
from app.services.server.why.texts import REASONS
from app.services.sign_in.errors import TOLD, InvalidPasskey
from app.services.upstreams.realm import ConnectionLeads

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
    Refusal.CONNECTION_LEADS: ConnectionLeads.code,
    **{reason: kind.code for reason, kind in TOLD.items()},
}
# What an account was made.
_STATUS: Mapping[str, Message] = {
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
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)


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
    words = {name: text or "–" for name, text in data.items()}
    words["reason"] = _reason(data.get("reason", ""))
    said = SAID.get(event.name)
    if event.name == UserStatusChanged.name:
        said = _STATUS.get(data.get("status", ""), said)
    try:
        text = gettext(said) % words if said else event.name
    except KeyError:  # of another release, whose events say less
        text = event.name
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


def said_step(step: ToldStep) -> str:
    """Return what was decided about a request, in its reader's language."""
    return titled(step.code, step.sentence) if step.is_title else gettext(step.sentence)


def names() -> list[str]:
    """Return the names of all events, for whoever looks for one."""
    return sorted(kind.name for kind in EVENTS)


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
    return gettext(REASONS[reason]) if reason in REASONS else reason


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
    text = "" if value is None else str(value)
    if _INSTANT.fullmatch(text):
        with suppress(ValueError, OverflowError):  # a stranger's text, and no instant
            return spoken_instant(datetime.fromisoformat(text).astimezone(UTC))
    return text
