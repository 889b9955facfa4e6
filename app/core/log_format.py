"""What a log line says: taken from the call as it is then, written as JSON later."""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import islice
from traceback import TracebackException
from types import TracebackType
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from app.core.context import current
from app.core.redaction import redact, redact_value, shorten

LINE_BYTES = 16_384
"""Bytes of the longest line, its end not counted."""

# Twice what a line shows, so that a secret at the cut is recognised before the cut.
_KEEP = 4_000
_ITEMS = 50
_DEPTH = 6
_STACK = 9_000
_FRAMES = 60

_ATOMS = frozenset((int, float, bool, type(None), UUID, datetime, date))
# uvicorn sends each message a second time, in colour.
_NOT_EXTRA = frozenset(RESERVED_ATTRS) | {"taskName", "color_message"}
_OURS = frozenset(("timestamp", "level", "logger", "message", "exception"))

# JSON leaves these as they are; a terminal, a viewer or a log shipper obeys them.
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class ExceptionSnapshot(NamedTuple):
    """An exception as it was at the call, without its frames and what they hold."""

    type: str
    message: str
    trace: TracebackException


def snapshot(record: logging.LogRecord) -> logging.LogRecord:
    """Copy a record so that another thread may format it later.

    Runs at the call, in the calling task: that is where the request's context is,
    and where objects that may change or belong to this thread can be read. Texts and
    numbers are only carried; merging, redaction and JSON are left for the writer.
    """
    copy = object.__new__(logging.LogRecord)
    fields = copy.__dict__
    fields.update(record.__dict__)
    context = current()
    fields.setdefault("correlation_id", context.correlation_id or None)
    if context.trace_id is not None:
        fields.setdefault("trace_id", context.trace_id)
    for name, value in record.__dict__.items():
        if name not in _NOT_EXTRA:
            fields[name] = _still(value)
    _settle_message(copy)
    copy.exc_text = None
    if record.exc_info:
        fields["exception"] = _settle_exception(record.exc_info)
        copy.exc_info = None
    return copy


def _settle_message(record: logging.LogRecord) -> None:
    """Leave a text with plain arguments to be merged later; settle all else now."""
    if isinstance(record.msg, dict):
        record.msg = _still(record.msg)
        return
    args = record.args
    if isinstance(record.msg, str) and type(args) is tuple:
        if all(type(arg) is str or type(arg) in _ATOMS for arg in args):
            record.args = tuple(map(_still, args)) if args else None
            return
    if isinstance(args, Mapping):  # "%(password)s": the names tell what is secret
        record.args = redact_value(dict(args))
    record.msg = _text(record.getMessage())
    record.args = None


def _settle_exception(
    info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None],
) -> ExceptionSnapshot | None:
    kind, error, trace = info
    if kind is None or error is None:
        return None  # logger.exception() where nothing was raised
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    frames = TracebackException(kind, error, trace, limit=-_FRAMES, lookup_lines=False)
    return ExceptionSnapshot(name, _text(error), frames)


def _still(value: Any, depth: int = 0) -> Any:
    """Return the value as dicts, lists and plain values that nobody else can change."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= _KEEP else value[:_KEEP]
    if kind in _ATOMS:
        # JSON numbers end at 64 bits here; a longer one is shown in hexadecimal.
        big = kind is int and not -(2**63) <= value < 2**63
        return hex(value)[:_KEEP] if big else value
    if depth >= _DEPTH:
        return "[too deep]"
    if isinstance(value, Mapping):
        pairs = islice(value.items(), _ITEMS)
        return {_text(name)[:128]: _still(item, depth + 1) for name, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_still(item, depth + 1) for item in islice(value, _ITEMS)]
    return _text(value)


def _text(value: object) -> str:
    try:
        if isinstance(value, bytes | bytearray):  # as text, or no pattern would see it
            return value[:_KEEP].decode("utf-8", "backslashreplace")
        return str(value)[:_KEEP]
    except Exception:  # a broken __str__ must not hurt whoever logs
        return f"[unprintable {type(value).__name__}]"


class JsonLineFormatter(OrjsonFormatter):
    """Makes one bounded line of strict JSON out of a record from :func:`snapshot`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end; whatever happens, there is a line."""
        try:
            return super().format(record)
        except Exception as error:  # such as arguments that do not fit the message
            record.msg = f"{record.msg} [not formatted: {type(error).__name__}]"
            record.args = None
            return super().format(record)

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """Put the fields in the order that people read them."""
        stamp = datetime.fromtimestamp(record.created, UTC)
        log_data["timestamp"] = stamp.isoformat(timespec="milliseconds")[:-6] + "Z"
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.message[:_KEEP]
        for fields in (message_dict, record.__dict__):
            for name, value in fields.items():
                if name not in _NOT_EXTRA and type(value) is not ExceptionSnapshot:
                    log_data[f"{name}_" if name in _OURS else str(name)] = value
        if record.stack_info:
            log_data["stack"] = _lines([record.stack_info])
        exception = record.__dict__.get("exception")
        if type(exception) is ExceptionSnapshot:
            log_data["exception"] = _describe(exception)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Take the secrets out, after the time, which holds none."""
        stamp = log_data.pop("timestamp")
        return {"timestamp": stamp, **redact_value(log_data)}

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Return strict JSON of at most :data:`LINE_BYTES` bytes, with no line end."""
        line = _dump(log_data)
        for limit in (1_000, 250, 60):
            if len(line) * 4 <= LINE_BYTES or len(line.encode()) <= LINE_BYTES:
                return line
            line = _dump({**_squeeze(log_data, limit), "cut": True})
        if len(line.encode()) <= LINE_BYTES:
            return line
        few = ("timestamp", "level", "logger", "message", "correlation_id")
        kept = {name: log_data.get(name) for name in few}
        return _dump({**_squeeze(kept, 250), "cut": True})

    def formatException(self, ei: object) -> str:
        """Return nothing: the snapshot is shown, whatever other handlers have kept."""
        return ""


def _describe(exception: ExceptionSnapshot) -> dict[str, Any]:
    return {
        "type": exception.type,
        "message": exception.message,
        "stack": _lines(exception.trace.format()),
    }


def _lines(chunks: Any) -> list[str]:
    """Return lines without secrets, some left out in the middle if there are many."""
    # Redacted before they are split: a key or a message may be several lines long.
    lines = [
        shorten(line)
        for chunk in chunks
        for line in redact(chunk[:_KEEP]).rstrip("\n").split("\n")
    ]
    while len(lines) > 3 and sum(map(len, lines)) > _STACK:
        # The root cause stands first, the place that failed last: both are kept.
        third = len(lines) // 3
        size = max(1, len(lines) // 10)
        lines[third : third + size] = []
        if "..." not in lines:
            lines.insert(third, "...")
    return lines


def _squeeze(value: Any, limit: int) -> Any:
    if type(value) is str:
        return shorten(value, limit)
    if type(value) is dict:
        pairs = islice(value.items(), _ITEMS)
        return {name[:limit]: _squeeze(item, limit) for name, item in pairs}
    if type(value) is list:
        last = value[-limit // 10 :]
        return [_squeeze(item, limit) for item in last]
    return value


def _dump(fields: dict[str, Any]) -> str:
    try:
        line = orjson.dumps(fields).decode()
    except TypeError:  # a lone surrogate, which UTF-8 cannot hold
        line = orjson.dumps(_whole(fields)).decode()
    if line.isascii() and "\x7f" not in line:
        return line
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _whole(value: Any) -> Any:
    if type(value) is str:
        return value.encode("utf-8", "backslashreplace").decode()
    if type(value) is dict:
        return {_whole(name): _whole(item) for name, item in value.items()}
    if type(value) is list:
        return [_whole(item) for item in value]
    return value
