"""What is known about the request under way, for log lines, audit rows and answers."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

_NOTHING: Mapping[str, str] = {}
MOST_STEPS = 12


class Held(StrEnum):
    """What is looked at beside what ``oauth.errors.Check`` names.

    What did not hold is named by ``events.sign_in.Refusal``.
    """

    ATTEMPT = "attempt"
    PASSWORD = "password"
    ACCOUNT = "account"
    SECOND_STEP = "second_step"
    SESSION = "session"
    TOKEN = "token"
    CLAIMS = "claims"
    HOST = "host"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Step:
    """One decision about a request, for whoever asks why it was made (ADR-0092).

    Attributes:
        outcome: ``passed`` or ``refused``.
        code: Of a refusal, as the answer has it.
        title: Of it, in English, where the answer has one.
        check: What was looked at; empty where the code says it.
        hint: The true reason, as the log has it.
        compared: What with what.
    """

    outcome: str
    code: str = ""
    title: str = ""
    check: str = ""
    hint: str = ""
    compared: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RequestContext:
    """Facts of one request; middleware makes it, later layers add to it.

    Attributes:
        correlation_id: ``X-Request-ID``; the id of every log line, problem and event.
        trace_id: 32 hex digits of W3C ``traceparent``, when one was sent.
        ip: Address of the client, after trusted proxies, in its canonical form.
        user_agent: As sent, cut to 256 characters.
        browser: What a page's browser is recognised by; empty for other callers.
        devices: What was shown as known devices; whoever reads them judges them.
        proof: What was sent as the solution of a challenge (ADR-0053).
        passed: The challenge that this request used up.
        new_device: What the device of who just signed in is known by from now on.
        user_id: Set once the caller is known.
        token_id: Of the personal access token that they are known by, if it was one.
        reason: Why the request was refused; for the log only.
        steps: What was decided on the way there; empty unless it was refused, or what
            held is kept as well.
        is_explained: Whether what holds is kept as well, as an operator may wish.
        headers: Header fields that the answer gets, such as ``RateLimit``.
        left: Returns once the client has gone; only after the body was read.
        scope: The request as the server has it, for what pages alone ask for.
        ui_locales: Languages that an application asked for, the dearest first.
        wished_at: When it did.
        locale: The language of the person who is signed in at the browser.
        language: The one to speak, once somebody had to be spoken to.
        worn: The application whose look a page has, and its accents.
        happened: What was written into the audit trail, for metrics: the name, and what
            says more of a sign-in.
        grant_type: What a token was asked for with, for metrics; None: nobody asked.
    """

    correlation_id: str = ""
    trace_id: str | None = None
    ip: str = ""
    user_agent: str = ""
    browser: str = ""
    devices: tuple[str, ...] = ()
    proof: str = ""
    passed: str = ""
    new_device: str = ""
    user_id: UUID | None = None
    token_id: UUID | None = None
    reason: str = ""
    steps: tuple[Step, ...] = ()
    is_explained: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    left: Callable[[], Awaitable[None]] | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    ui_locales: tuple[str, ...] = ()
    wished_at: datetime | None = None
    locale: str | None = None
    language: str = ""
    worn: tuple[str, Mapping[str, Any]] | None = None
    happened: list[tuple[str, str]] | None = None
    grant_type: str | None = None


_current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def current() -> RequestContext:
    """Return the context of the request under way, or an empty one outside of any."""
    return _current.get() or RequestContext()


def begin(context: RequestContext) -> None:
    """Make ``context`` current for this task and the tasks it starts."""
    _current.set(context)


def refused(code: str, hint: str = "", error: Exception | None = None) -> None:
    """Say why the request is refused: to the log, and to whoever asks afterwards.

    Args:
        code: What the answer calls it.
        hint: The true reason.
        error: The refusal itself; what it checked and compared is kept.
    """
    context = current()
    context.reason = f"{code} ({hint})" if hint else code
    if getattr(error, "is_usual", False):
        return
    step = Step(
        "refused",
        code,
        title=getattr(error, "title", ""),
        check=getattr(error, "check", ""),
        hint=hint,
        compared=getattr(error, "compared", _NOTHING),
    )
    _add(context, step)


def passed(check: str, compared: Mapping[str, str] = _NOTHING) -> None:
    """Say what held of a request that is explained, or is refused for something else.

    A check is told once: who explains everything says more of it than a refusal does.
    """
    context = current()
    if all(each.check != check for each in context.steps):
        _add(context, Step("passed", check=check, compared=compared))


def _add(context: RequestContext, step: Step) -> None:
    if len(context.steps) < MOST_STEPS:
        context.steps += (step,)
