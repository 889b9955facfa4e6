"""What a statement is, told by its kind and its table and never by its text.

The instrumentation of OpenTelemetry does nothing on SQLAlchemy 2.1, and would send the
text of statements; these are the events that it would listen to.
"""

import re
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

from app.tracing.span import begun, is_traced, within

_WRITES = re.compile(
    r"\b(INSERT) INTO \"?(\w+)|\b(DELETE) FROM \"?(\w+)"
    r"|(?<!FOR )(?<!DO )(?<!KEY )\b(UPDATE) \"?(\w+)"
)
_READS = re.compile(r"\bFROM \"?([a-z_]+)")
_SPAN = "_auth_serve_span"


@lru_cache(maxsize=1_024)
def about(text: str) -> tuple[str, str]:
    """Return what a statement does, and to which table; "" if to none."""
    flat = " ".join(text.split())
    write = _WRITES.search(flat)
    if write is not None:
        verb, table = (part for part in write.groups() if part is not None)
        return verb, table
    read = _READS.search(flat)
    first = flat.partition(" ")[0].upper()
    verb = "SELECT" if first in ("SELECT", "WITH") else first
    return (verb if verb.isalpha() else "OTHER"), read[1] if read else ""


def statement(text: str, system: str) -> AbstractContextManager[Any]:
    """Trace a statement that the driver runs; what it is, is looked at if need be.

    Args:
        text: SQL; nothing of it is told but kind and table.
        system: ``sqlite`` or ``postgresql``.
    """
    if not is_traced():
        return within("")
    name, words = _told(text, system)
    return within(name, "client", words)


def _told(text: str, system: str) -> tuple[str, dict[str, str]]:
    verb, table = about(text)
    words = {"db.system.name": system, "db.operation.name": verb}
    if table:
        words["db.collection.name"] = table
    return f"{verb} {table}".strip(), words


def trace_statements(engine: Engine) -> None:
    """Trace what SQLAlchemy runs on an engine, from now on."""
    system = engine.dialect.name

    def begin(
        _connection: Any,
        _cursor: Any,
        text: str,
        _values: Any,
        context: Any,
        _many: Any,
    ) -> None:
        if is_traced() and context is not None:
            name, words = _told(text, system)
            setattr(context, _SPAN, begun(name, "client", words))

    def end(
        _connection: Any,
        _cursor: Any,
        _text: str,
        _values: Any,
        context: Any,
        _many: Any,
    ) -> None:
        span = getattr(context, _SPAN, None)
        if span is not None:
            span.end()

    def fail(failure: ExceptionContext) -> None:
        span = getattr(failure.execution_context, _SPAN, None)
        if span is not None:
            span.fail(type(failure.original_exception).__name__)
            span.end()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)
