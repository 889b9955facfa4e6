"""Paths whose segments may hold a slash, written ``%2F``: identifiers of clients.

The router reads the decoded path, in which such a slash looks like any other. Here the
path is read as it was sent, and a slash within a segment stays in it (RFC 3986 §2.2).
"""

import re
from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.api.strict_json import StrictRoute

_SLASH = re.compile(rb"%2f", re.IGNORECASE)
_STANDS_FOR = "\0"  # no path has it: the middleware refuses it


class WholeSegmentRoute(APIRoute):
    """A route whose parameters are whole segments, slashes included."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return how a request matches, and what its path says."""
        raw: bytes = scope.get("raw_path") or b""
        if not _SLASH.search(raw):
            return super().matches(scope)
        path = unquote(_SLASH.sub(b"%00", raw).decode("latin-1"))
        match, found = super().matches({**scope, "path": path})
        values = found.get("path_params", {})
        return match, {**found, "path_params": _restored(values)}


def _restored(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(_STANDS_FOR, "/") if isinstance(value, str) else value
        for name, value in values.items()
    }


class StrictWholeSegmentRoute(WholeSegmentRoute, StrictRoute):
    """The same, for bodies of JSON."""
