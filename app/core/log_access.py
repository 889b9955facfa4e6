"""The line of each request: what almost all of them are, made in the shortest way.

Whatever is unusual about one (a name that may hold a secret, an id that is no UUID,
length) takes the long way of `JsonLineFormatter`, and so both say the same.
"""

import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from app.core.log_format import JsonLineFormatter, as_json, as_line
from app.core.redaction import may_hold_secret

_KNOWN = 512  # characters of what people outside choose; what is kept has this bound
_USER = '"%s"'
_TRACE = '"trace_id":"%s",'
_OURS = re.compile(r"[0-9a-f-]{32,36}")  # an id that cannot hold a secret


class AccessLineFormatter(JsonLineFormatter):
    """Makes lines of JSON; those of requests from what is known about their parts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        if record.__dict__.get("is_access"):
            line = _short(record.__dict__)
            if line is not None:
                return line
        return super().format(record)


def _short(data: dict[str, Any]) -> str | None:
    """Return the line of a request, or None if it has to go the long way."""
    fields = data["fields"]
    request, trace = fields["correlation_id"] or "", fields.get("trace_id", "")
    if not _OURS.fullmatch(request) or trace and not _OURS.fullmatch(trace):
        return None
    chosen = fields["method"], fields["path"], fields["route"], fields["reason"]
    sender = fields["ip"], fields["user_agent"]
    if sum(map(len, filter(None, chosen + sender))) > _KNOWN:
        return None
    known = _written(*chosen, *sender)
    if known is None:
        return None
    message, before, after = known
    stamp = datetime.fromtimestamp(data["created"], UTC)
    status, user = fields["status"], fields["user_id"]
    return (
        f'{{"timestamp":"{stamp.isoformat(timespec="milliseconds")[:-6]}Z",'
        f'"level":"{data["levelname"]}","logger":"{data["name"]}",'
        f'"message":"{message} {status}","correlation_id":"{request}",'
        f'{trace and _TRACE % trace}{before},"status":{status},'
        f'"duration_ms":{fields["duration_ms"]!r},"bytes_out":{fields["bytes_out"]},'
        f'{after},"user_id":{_USER % user if user else "null"}}}'
    )


@lru_cache(maxsize=1_024)
def _written(
    method: str,
    path: str,
    route: str | None,
    reason: str,
    ip: str,
    user_agent: str,
) -> tuple[str, str, str] | None:
    """Return the parts of a line that texts make, or None if one may be a secret."""
    texts = method, path, route, reason, ip, user_agent
    if may_hold_secret("\n".join(filter(None, texts))):
        return None
    message = as_json(f"{method} {path}")[1:-1]
    before = {"method": method, "path": path, "route": route}
    after = {"reason": reason, "ip": ip, "user_agent": user_agent}
    return message, as_line(before)[1:-1], as_line(after)[1:-1]
