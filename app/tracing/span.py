"""The span under way, and what becomes of it; without one nothing is done.

Layers below name what they begin and never ask whether anybody listens: where traces
are off, or outside of a request and of a message, that is one look at a variable of the
task. What stands in attributes are words of ours: no value that somebody sent is in one
(ADR-0091).
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "consumer"]
Words = Mapping[str, str | int]
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FIRST = "00"  # the only version that there is; nothing may follow it
_NONE = "ff"


class Span(Protocol):
    """Something that takes time, and is told of when it has ended."""

    @property
    def trace_id(self) -> str:
        """The id of the whole, 32 hex digits."""
        ...

    @property
    def traceparent(self) -> str:
        """What others are told, so that theirs belong to it (W3C Trace Context)."""
        ...

    def child(self, name: str, kind: Kind, words: Words) -> "Span":
        """Begin a part of it."""
        ...

    def describe(self, name: str, words: Words) -> None:
        """Say better what it is, once that is known."""
        ...

    def fail(self, kind: str) -> None:
        """Say that it went wrong, and with which kind of error."""
        ...

    def end(self) -> None:
        """Tell of it."""
        ...


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_NOTHING = nullcontext()


class Current(AbstractContextManager[None]):
    """Makes a span the current one of this task, and ends it."""

    def __init__(self, span: Span) -> None:
        """Hold it."""
        self._span = span
        self._before: Token[Span | None] | None = None

    def __enter__(self) -> None:
        """Begin."""
        self._before = _current.set(self._span)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End. Of an error the class is told; what it says may quote somebody."""
        if self._before is not None:
            _current.reset(self._before)
        if kind is not None:
            self._span.fail(kind.__name__)
        self._span.end()


def enter(span: Span) -> None:
    """Make a span the current one of this task, until ``leave``."""
    _current.set(span)


def leave() -> Span | None:
    """Return what was entered; nothing is current any more."""
    span = _current.get()
    _current.set(None)
    return span


def within(
    name: str, kind: Kind = "internal", words: Words | None = None
) -> AbstractContextManager[None]:
    """Trace what is done within, as a part of what is under way."""
    span = begun(name, kind, words)
    return _NOTHING if span is None else Current(span)


def begun(name: str, kind: Kind, words: Words | None = None) -> Span | None:
    """Begin a part of what is under way, which the caller ends; None: nobody traces."""
    parent = _current.get()
    return None if parent is None else parent.child(name, kind, words or {})


def is_traced() -> bool:
    """Tell whether there is a span under way."""
    return _current.get() is not None


def traceparent() -> str | None:
    """Return what others are told of the span under way, if there is one."""
    span = _current.get()
    return None if span is None else span.traceparent


def read_traceparent(value: str | None) -> tuple[int, int, int] | None:
    """Return trace, span and flags of a ``traceparent``, or None for anything else.

    W3C Trace Context section 3.2: a later version may say more at the end.
    """
    found = _PARENT.fullmatch(value or "")
    if found is None or found[1] == _NONE or (found[1] == _FIRST and found[5]):
        return None
    trace, span, flags = (int(found[place], 16) for place in (2, 3, 4))
    return (trace, span, flags) if trace and span else None
