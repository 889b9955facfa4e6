"""The line of each request: what almost all of them are, made in the shortest way.

Whatever is unusual about one (a name that may hold a secret, an id that is no UUID,
length) takes the long way of `JsonLineFormatter`, and so both say the same.
"""

import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from app.core.log_format import JsonLineFormatter, as_line
from app.core.redaction import may_hold_secret

_KNOWN = 512  # characters of what people outside choose; what is kept has this bound
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
    if not _OURS.fullmatch(fields["correlation_id"] or ""):
        return None
    chosen = tuple(fields[name] for name in ("method", "path", "route", "reason"))
    sender = fields["ip"], fields["user_agent"]
    if sum(map(len, filter(None, chosen + sender))) > _KNOWN or _is_unusual(
        *chosen, *sender
    ):
        return None
    stamp = datetime.fromtimestamp(data["created"], UTC)
    return as_line(
        {
            "timestamp": stamp.isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": data["levelname"],
            "logger": data["name"],
            "message": data["msg"] % data["args"],
            **fields,
        }
    )


@lru_cache(maxsize=1_024)
def _is_unusual(*texts: str | None) -> bool:
    return may_hold_secret("\n".join(filter(None, texts)))
