"""What is known about the request under way, for log lines, audit rows and answers."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


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
