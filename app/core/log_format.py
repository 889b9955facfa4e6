"""What a log line says: taken from the call as it is then, written as JSON later."""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
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
from app.core.redaction import (
    CUT,
    any_secret_name,
    both_ends,
    may_hold_secret,
    redact,
    redact_value,
    shorten,
)

LINE_BYTES = 16_384
"""Bytes of the longest line, its end not counted."""

# Twice what a line shows, so that a secret at the cut is recognised before the cut.
_KEEP = 4_000
# A message up to here is redacted as a whole and shows both its ends.
_WHOLE = 20_000
_ITEMS = 50
_DEPTH = 6
_ROOM = 80_000
_NODE = 100
_STACK = 9_000
_STACK_READ = 60_000
_FRAMES = 60

_ATOMS = frozenset((int, float, bool, type(None), UUID))
_CARRIED = _ATOMS | {str, datetime, date}
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


class SettledRecord(logging.LogRecord):
    """A record of plain values only, which another thread may format later.

    Attributes:
        fields: What the line says besides time, level, logger, message and exception.
        exception: The exception that goes with it, or None.
    """

    fields: dict[str, Any]
    exception: ExceptionSnapshot | None


_TEMPLATE = logging.makeLogRecord({"fields": {}, "exception": None}).__dict__


def settled(**attributes: Any) -> SettledRecord:
    """Make a record from attributes that are plain values already.

    A tenth of what ``Logger.makeRecord`` costs; no file, line, process or thread.
    """
    record: SettledRecord = object.__new__(SettledRecord)
    record.__dict__ = {**_TEMPLATE, **attributes}
    return record


def context_fields() -> dict[str, Any]:
    """Return what every line says about the request under way."""
    context = current()
    fields: dict[str, Any] = {"correlation_id": context.correlation_id or None}
    if context.trace_id is not None:
        fields["trace_id"] = context.trace_id
    return fields


def snapshot(record: logging.LogRecord) -> SettledRecord:
    """Copy a record so that another thread may format it later.

    Runs at the call, in the calling task: that is where the request's context is,
    and where objects that may change or belong to this thread can be read. Texts and
    numbers are only carried; merging, redaction and JSON are left for the writer.
    """
    if type(record) is SettledRecord:
        return record
    fields = context_fields()
    room = [_ROOM]
    for name, value in record.__dict__.items():
        if name not in _NOT_EXTRA:
            fields[f"{name}_" if name in _OURS else str(name)] = _still(value, room)
    msg, args = _settle_message(record, room)
    return settled(
        name=record.name,
        levelno=record.levelno,
        levelname=record.levelname,
        created=record.created,
        msg=msg,
        args=args,
        fields=fields,
        exception=_settle_exception(record.exc_info) if record.exc_info else None,
        stack_info=record.stack_info,
    )


def _settle_message(record: logging.LogRecord, room: list[int]) -> tuple[Any, Any]:
    """Leave a text with plain arguments to be merged later; settle all else now."""
    msg, args = record.msg, record.args
    if type(msg) is str:
        if not args:
            return msg[:_WHOLE], None
        if type(args) is tuple and all(type(arg) in _CARRIED for arg in args):
            return msg, tuple(a[:_WHOLE] if type(a) is str else a for a in args)
    if isinstance(msg, dict):
        return _still(msg, room), None
    if isinstance(args, Mapping):  # "%(password)s": the names tell what is secret
        args = redact_value({str(name): value for name, value in args.items()})
    try:
        if type(msg) is str:
            return (msg % args)[:_WHOLE], None
        return (_text(msg) % args if args else _text(msg))[:_KEEP], None
    except Exception:  # a mistake in a log call must not hurt who logs
        return f"{_text(msg)} [not formatted]", None


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


def _still(value: Any, room: list[int]) -> Any:
    """Return the value as dicts, lists and plain values that nobody else can change.

    Args:
        value: Anything.
        room: How much the deep values of the record may still hold, in characters.
    """
    kind = type(value)
    if kind is str:
        return value if len(value) <= _KEEP else value[:_KEEP]
    if kind in _ATOMS and not (kind is int and value.bit_length() > 63):
        return value
    return _still_deep(value, room, 0)


def _still_deep(value: Any, room: list[int], depth: int) -> Any:
    room[0] -= _NODE
    if depth >= _DEPTH or room[0] <= 0:
        return "[too much]"
    if isinstance(value, Mapping):
        pairs = islice(value.items(), _ITEMS)
        return {_text(k)[:128]: _still_deep(v, room, depth + 1) for k, v in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [_still_deep(v, room, depth + 1) for v in islice(value, _ITEMS)]
    if type(value) is int and value.bit_length() > 63:
        return hex(value)[:_KEEP]  # past what JSON numbers hold everywhere
    if type(value) in _ATOMS:
        return value
    text = _text(value)[: room[0]]
    room[0] -= len(text)
    return text


def _text(value: object) -> str:
    try:
        if isinstance(value, bytes | bytearray):  # as text, or no pattern would see it
            return value[:_KEEP].decode("utf-8", "backslashreplace")
        if isinstance(value, date):
            return value.isoformat()
        return str(value)[:_KEEP]
    except Exception:  # a broken __str__ must not hurt whoever logs
        return f"[unprintable {type(value).__name__}]"


class JsonLineFormatter(OrjsonFormatter):
    """Makes one bounded line of strict JSON out of a record from :func:`snapshot`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end; whatever happens, there is a line."""
        with suppress(Exception):
            return super().format(record)
        # Such as arguments that do not fit. The thread that writes must live on.
        with suppress(Exception):
            plain = {"msg": f"{record.msg} [not formatted]", "args": None}
            return super().format(settled(**record.__dict__ | plain))
        return '{"level":"ERROR","message":"a line could not be formatted"}'

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """Put the fields in the order that people read them."""
        data = record.__dict__
        stamp = datetime.fromtimestamp(record.created, UTC)
        log_data["timestamp"] = stamp.isoformat(timespec="milliseconds")[:-6] + "Z"
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = _message(record.message)
        message_dict.pop("stack_info", None)  # put there by our base class, as a text
        for name in message_dict.keys() & _OURS:
            message_dict[f"{name}_"] = message_dict.pop(name)
        log_data |= data["fields"] | message_dict
        if data["stack_info"]:
            log_data["stack"] = _lines([data["stack_info"]])
        if data["exception"] is not None:
            log_data["exception"] = _describe(data["exception"])

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Take the secrets out."""
        stamp = log_data.pop("timestamp")  # holds none, but looks as if it could
        if _may_hold_secret(log_data):
            log_data = redact_value(log_data)
        return {"timestamp": stamp, **log_data}

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Return strict JSON of at most :data:`LINE_BYTES` bytes, with no line end."""
        line = as_line(log_data)
        for limit in (1_000, 250, 60):
            if len(line) * 4 <= LINE_BYTES or len(line.encode()) <= LINE_BYTES:
                return line
            line = as_line({**_squeeze(log_data, limit), "cut": True})
        if len(line.encode()) <= LINE_BYTES:
            return line
        few = ("timestamp", "level", "logger", "message", "correlation_id")
        kept = {name: log_data.get(name) for name in few}
        return as_line({**_squeeze(kept, 250), "cut": True})


def _message(text: str) -> str:
    if len(text) <= CUT or len(text) >= _WHOLE:  # the latter was cut already
        return text[:_KEEP]
    return both_ends(redact(text))


def _may_hold_secret(fields: dict[str, Any]) -> bool:
    texts = []
    for value in fields.values():
        if type(value) is str:
            texts.append(value)
        elif type(value) is dict or type(value) is list:
            return True
    joined = "\n".join(texts)  # one look at all of them costs little more than at one
    return (
        len(joined) > CUT or may_hold_secret(joined) or any_secret_name(tuple(fields))
    )


def _describe(exception: ExceptionSnapshot) -> dict[str, Any]:
    return {
        "type": exception.type,
        "message": exception.message,
        "stack": _lines(exception.trace.format()),
    }


def _lines(chunks: Any) -> list[str]:
    """Return lines without secrets, some left out in the middle if there are many."""
    # Redacted before it is split, for a key is several lines long, in a note even
    # several chunks.
    whole = redact("".join(chunk[:_KEEP] for chunk in chunks)[:_STACK_READ])
    lines = [shorten(line) for line in whole.rstrip("\n").split("\n")]
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
        return both_ends(value, limit)
    if type(value) is dict:
        pairs = islice(value.items(), _ITEMS)
        return {name[:limit]: _squeeze(item, limit) for name, item in pairs}
    if type(value) is list:
        last = value[-limit // 10 :]
        return [_squeeze(item, limit) for item in last]
    return value


def as_line(fields: dict[str, Any]) -> str:
    """Return JSON of what is redacted and cut already."""
    try:
        line = orjson.dumps(fields).decode()
    except TypeError:  # a lone surrogate, which UTF-8 cannot hold
        line = orjson.dumps(_whole(fields)).decode()
    if line.isascii() and "\x7f" not in line:
        return line
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def as_json(value: Any) -> str:
    """Return strict JSON in which nothing acts on a terminal."""
    return as_line({"": value})[4:-1]


def _whole(value: Any) -> Any:
    if type(value) is str:
        return value.encode("utf-8", "backslashreplace").decode()
    if type(value) is dict:
        return {_whole(name): _whole(item) for name, item in value.items()}
    if type(value) is list:
        return [_whole(item) for item in value]
    return value
