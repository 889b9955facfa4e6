"""Where addresses are, coarsely, from a MaxMind DB file that the operator supplies."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maxminddb import Reader

_LONGEST = 64  # characters of a name
_log = logging.getLogger("auth_serve.geoip")


class Places:
    """Names of places; the file is opened once for a process, as it starts."""

    def __init__(self, path: Path | None) -> None:
        """Look into this file; without one nothing is known."""
        self._path = path

    def open(self) -> None:
        """Open the file now, so that nobody who asks holds a lock meanwhile."""
        self._reader()

    def of(self, ip: str) -> str:
        """Return region and country of an address, or "" where they are not known."""
        reader = self._reader()
        if reader is None:
            return ""
        try:
            record = reader.get(ip)
        except Exception as error:  # of the library, for a file that is damaged
            _log.warning("no place: %s", type(error).__name__)
            return ""
        return _said(record) if isinstance(record, dict) else ""

    def _reader(self) -> "Reader | None":
        if self._path is None:
            return None
        try:
            return _opened(self._path)
        except Exception as error:
            _log.warning("no places: %s", type(error).__name__)
            return None


@lru_cache(maxsize=1)
def _opened(path: Path) -> "Reader":
    # Here: nobody without such a file needs the library.
    from maxminddb import open_database

    return open_database(str(path))


def _said(record: Mapping[str, Any]) -> str:
    regions = record.get("subdivisions") or [None]
    names = [_name(regions[0]), _name(record.get("country"))]
    return ", ".join(name for name in names if name)


def _name(part: Any) -> str:
    """Return the English name of a part of a record, as one short line."""
    names = part.get("names") if isinstance(part, dict) else None
    name = names.get("en") if isinstance(names, dict) else None
    return " ".join(str(name).split())[:_LONGEST] if name else ""
