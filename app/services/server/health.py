"""Whether the process can do its work."""

import logging
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from app.core.stopping import Stopping
from app.database_errors import DatabaseUnavailable
from app.repositories.schema import SchemaRepository, is_behind
from app.repositories.statements.write_probe import WriteProbe
from app.services.process.process import Process
from app.services.server.shared_clock import is_far_off

_KINDS = ("pkcs11", "smtp", "valkey")
_SEVERITY = ("closed", "half_open", "open")
_log = logging.getLogger("auth_serve.health")


@dataclass(frozen=True, slots=True)
class Readiness:
    """``ready``, ``degraded`` (works, with less) or ``down``, and why."""

    status: Literal["ready", "degraded", "down"]
    checks: dict[str, str]


class HealthService:
    """Looks at what every request needs, and at what only some do."""

    def __init__(
        self, process: Process, stopping: Stopping, write_probe: WriteProbe
    ) -> None:
        """Look at this process."""
        self._process = process
        self._stopping = stopping
        self._write_probe = write_probe

    async def readiness(self) -> Readiness:
        """Return the state; an open circuit degrades, only the needed takes down."""
        if self._stopping.is_begun:
            return Readiness("down", {"process": "stopping"})
        needed = {"database": await self._database(), "signing_keys": self._keys()}
        circuits = self._circuits()
        checks = needed | {f"circuit:{kind}": state for kind, state in circuits.items()}
        if any(state != "ok" for state in needed.values()):
            return Readiness("down", checks)
        is_degraded = any(state != "closed" for state in circuits.values())
        if is_far_off(self._process):
            checks, is_degraded = checks | {"clock": "skewed"}, True
        return Readiness("degraded" if is_degraded else "ready", checks)

    def _circuits(self) -> dict[str, str]:
        """Return the worst state of each kind; host names are nobody's business.

        What clients name is left out: this process needs none of it, and whoever may
        register a client could raise the alarm. The log has it.
        """
        worst: dict[str, str] = {}
        for name, state in self._process.breakers.states().items():
            kind = name.partition(":")[0]
            if kind == "client":
                continue
            kind = kind if kind in _KINDS else "outbound"
            worst[kind] = max(state, worst.get(kind, state), key=_SEVERITY.index)
        return worst

    async def _database(self) -> str:
        try:
            found = await SchemaRepository(self._process.database).revision()
        except (SQLAlchemyError, DatabaseUnavailable, OSError) as error:
            _log.warning("the database does not answer", exc_info=error)
            return "unavailable"
        if is_behind(found):
            return "schema_mismatch"
        flaw = await self._write_probe.flaw()
        if flaw is not None:
            _log.warning("the database takes no writes: %s", flaw)
        return flaw or "ok"

    def _keys(self) -> str:
        now = self._process.clock.now()
        try:
            for algorithm in self._process.settings.signing_algorithms:
                self._process.ring.signing(algorithm, now)
        except LookupError:
            return "none"
        return "ok"
