"""Log lines for people, as development shows them; they say the same as in JSON.

Redaction has happened before: only the last step, the writing, is another.
"""

from typing import Any

from app.core.log_format import LINE_BYTES, JsonLineFormatter, as_json

# What the message of an access line says already, or only machines count.
_IN_ACCESS = ("method", "path", "route", "status", "bytes_out", "user_agent")
_ACCESS = "auth_serve.access"
_HEAD = ("level", "logger", "message", "exception", "stack")


class HumanFormatter(JsonLineFormatter):
    """Writes time, level, message and what else is known; then any stack."""

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Return the lines, of which only stacks have more than one."""
        stamp = str(log_data.pop("timestamp"))[11:23]
        logger = str(log_data["logger"])
        head = f"{stamp} {log_data['level']:<7} {_plain(log_data['message'])}"
        source = "" if logger == _ACCESS else f"  [{_plain(logger)}]"
        facts = "".join(f"  {_plain(n)}={_shown(v)}" for n, v in _facts(log_data))
        lines = [head + facts + source, *_stack(log_data)]
        return "\n".join(lines)[:LINE_BYTES]


def _facts(log_data: dict[str, Any]) -> list[tuple[str, Any]]:
    hidden: tuple[str, ...] = _HEAD
    if log_data["logger"] == _ACCESS:
        hidden += _IN_ACCESS
    return [
        (name, value)
        for name, value in log_data.items()
        if name not in hidden and value not in (None, "")
    ]


def _stack(log_data: dict[str, Any]) -> list[str]:
    exception = log_data.get("exception") or {}
    lines = [*log_data.get("stack", ()), *exception.get("stack", ())]
    return [f"    {_plain(line)}" for line in lines]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else as_json(value)
    plain = _plain(text)
    return f'"{plain}"' if " " in plain and isinstance(value, str) else plain


def _plain(text: Any) -> str:
    """Return text that no terminal obeys and no stranger breaks into lines."""
    return as_json(str(text))[1:-1].replace('\\"', '"')
