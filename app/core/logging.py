"""Logging of the whole process: one JSON object a line, written off the event loop."""

import asyncio
import atexit
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

from app.core.clock import SystemClock
from app.core.context import current
from app.core.log_access import AccessLineFormatter
from app.core.log_format import SettledRecord, context_fields, settled
from app.core.log_human import HumanFormatter
from app.core.log_writer import LogHandler, LogWriter
from app.core.redaction import CUT

CAPACITY = 10_000
"""Lines that may wait for a slow output before further ones are dropped."""

_access = logging.getLogger("auth_serve.access")
_uncaught = logging.getLogger("auth_serve.uncaught")
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
# Below this level they print the values that are bound to SQL statements, or, at the
# very first start of all, every single step.
_TALKATIVE = (
    *("aiosqlite", "sqlalchemy"),
    *("app.driver.pool", "alembic"),
)

_clock = SystemClock()
_active: "LoggingRuntime | None" = None


def configure_logging(
    level: str = "INFO",
    stream: IO[Any] | None = None,
    *,
    capacity: int = CAPACITY,
    human: bool = False,
) -> "LoggingRuntime":
    """Send every log line of the process to one stream, without secrets.

    May be called again: it sets the level anew and takes back the loggers that
    somebody has configured since. Only another stream ends what was there before.

    Args:
        level: Lowest level that is written; of all loggers that have none themselves.
        stream: Where lines go; standard output if not given.
        capacity: Lines that may wait to be written; applies to a new stream.
        human: Write lines for people instead of JSON.

    Returns:
        The handle with which the application drains its log when it ends.

    Raises:
        ValueError: There is no such level.
    """
    global _active
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"unknown log level: {level}")
    if _active is not None and stream not in (None, _active.stream):
        _active.close()
    if _active is None:
        _active = LoggingRuntime(stream or sys.stdout, capacity)
    _active.take_over(number, human)
    return _active


class LoggingRuntime:
    """Logging as it was configured, until it is closed."""

    def __init__(self, stream: IO[Any], capacity: int) -> None:
        """Start the writer and remember how everything was."""
        self.stream = stream
        self._writer = LogWriter(stream, capacity)
        self._handler = LogHandler(self._writer)
        self._only = [self._handler]
        self._undo = ExitStack()
        for name in (None, *_UVICORN, "uvicorn.access", *_TALKATIVE):
            self._undo.callback(_remembered(logging.getLogger(name)))
        self._undo.callback(_take_hooks())
        self._undo.callback(logging.captureWarnings, False)
        atexit.register(self._at_exit)

    @property
    def dropped(self) -> int:
        """How many lines were lost so far, to a full queue or a failing output."""
        return self._writer.lost

    def take_over(self, level: int, human: bool = False) -> None:
        """Become the only way out for the lines of all loggers."""
        self._writer.formatter = HumanFormatter() if human else AccessLineFormatter()
        root = logging.getLogger()
        root.handlers = [self._handler]
        root.setLevel(level)
        for name in _UVICORN:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.NOTSET)
        # Without a way out uvicorn does not even make its access lines: ours have more.
        access = logging.getLogger("uvicorn.access")
        access.handlers, access.propagate, access.disabled = [], False, True
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(level, logging.WARNING))
        logging.captureWarnings(True)

    def take(self, record: SettledRecord) -> bool:
        """Queue a settled record past the loggers; False if others listen as well.

        From the logger to the only handler it is as far as to make the record.
        """
        alone = logging.root.handlers == self._only and not _access.handlers
        if not alone or self._handler.patience or _access.filters:
            return False
        self._writer.put(record)
        return True

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until all lines so far are written or lost; False if it took longer."""
        return self._writer.flush(timeout)

    def drain(self, timeout: float = 2.0) -> bool:
        """Flush, and write each later line before its call returns.

        For the end of the application: after it uvicorn still logs, and then may let
        a signal end the process at once. An output that does not take a line within
        half a second is waited for no longer.
        """
        written = self.flush(timeout)
        self._handler.patience = 0.5 if written else 0.0
        return written

    def close(self, timeout: float = 2.0) -> None:
        """Write what is queued, for at most ``timeout`` seconds, and undo the set-up.

        May be called again. What could not be written is told on standard error.
        """
        global _active
        if _active is self:
            _active = None
        self._undo.close()
        atexit.unregister(self._at_exit)
        self._writer.stop(timeout)

    def _at_exit(self) -> None:
        # The handler stays: without it late lines would leave with their secrets.
        self._writer.tell_losses(abandon=not self.drain())


def access_line(
    method: str,
    path: str,
    route: str | None,
    status: int,
    duration_ms: float,
    bytes_out: int,
    reason: str,
) -> None:
    """Log one answered request, with what the context knows about the caller.

    Args:
        method: As sent.
        path: Decoded; a query string is left out, for it may hold codes and tokens.
        route: The template that the path matched, such as ``/users/{id}``.
        status: Of the answer.
        duration_ms: From the request's first byte to the answer's last.
        bytes_out: Length of the answer's body.
        reason: Why it was refused; empty when it was not.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    context = current()
    path = _printable(path[:CUT].partition("?")[0])
    fields = {
        **context_fields(),
        "method": method[:32],
        "path": path,
        "route": route,
        "status": status,
        "duration_ms": round(duration_ms, 2),
        "bytes_out": bytes_out,
        "reason": reason[:CUT],
        "ip": context.ip,
        "user_agent": context.user_agent,
        "user_id": context.user_id and str(context.user_id),
    }
    # Not Logger.info(): looking for the caller's file and line costs as much again.
    record = settled(
        name=_access.name,
        levelno=logging.INFO,
        levelname="INFO",
        created=_clock.now().timestamp(),
        msg="%s %s %d",
        args=(method[:32], path, status),
        fields=fields,
        is_access=True,
    )
    if _active is None or not _active.take(record):
        _access.handle(record)


def lost_lines() -> int:
    """Return how many lines this process lost, to a full queue or a failing output."""
    return 0 if _active is None else _active.dropped


def loop_exception_handler(
    _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """Log what nobody awaited; for ``loop.set_exception_handler``.

    asyncio's own handler would put the ``repr`` of tasks, and so their results and
    errors, into the message.
    """
    message = context.get("message") or "unhandled error in the event loop"
    _uncaught.error(message, exc_info=context.get("exception"))


def _printable(path: str) -> str:
    if path.isprintable() and " " not in path:
        return path
    return "".join(
        (
            mark
            if mark.isprintable() and mark != " "
            else quote(mark, "", "utf-8", "replace")
        )
        for mark in path
    )


def _remembered(logger: logging.Logger) -> Callable[[], None]:
    """Return a function that puts a logger back to what it is now."""
    handlers, level = list(logger.handlers), logger.level
    propagate, disabled = logger.propagate, logger.disabled

    def restore() -> None:
        logger.handlers = handlers
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled

    return restore


def _take_hooks() -> Callable[[], None]:
    """Log uncaught errors, unless somebody else (a debugger) already takes them."""
    undo = ExitStack()
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _log_uncaught
        undo.callback(setattr, sys, "excepthook", sys.__excepthook__)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _log_uncaught_in_thread
        undo.callback(setattr, threading, "excepthook", threading.__excepthook__)
    return undo.close


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _uncaught.critical("uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    info = (args.exc_type, args.exc_value, args.exc_traceback)
    name = args.thread.name if args.thread else "unknown"
    _uncaught.error("uncaught error in thread %s", name, exc_info=info)
