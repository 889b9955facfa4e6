"""Whether the database takes what is written: it reads on happily with a full disk."""

from datetime import timedelta

from sqlalchemy import text

from app.core.clock import Clock
from app.database import Database
from app.database_errors import DatabaseUnavailable
from app.repositories.statements.idempotency_key import IdempotencyClaims

PAUSE = 10.0  # seconds that a good answer holds; a bad one is asked about each time
_PROBE = bytes(32)  # the hash of no key
# SQLSTATEs; 53400 is the server's own bound on what may go to the disk.
_STATES = {"53100": "disk_full", "53400": "disk_full", "25006": "read_only"}
_SQLITE = {13: "disk_full", 8: "read_only"}  # SQLITE_FULL, SQLITE_READONLY
# A row that is written over needs no room, and so a table cannot tell. What does not
# fit in memory goes to the disk: here a megabyte, gone with the statement.
_LITTLE_MEMORY = text("SELECT set_config('work_mem', '64kB', true)")
_SPILL = text("SELECT count(*) FROM generate_series(1, 60000)")


class WriteProbe:
    """Writes a little now and then; one for each process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Probe this database."""
        self._database = database
        self._clock = clock
        self._claims = IdempotencyClaims(database)
        self._good_at: float | None = None

    async def flaw(self) -> str | None:
        """Return ``disk_full``, ``read_only`` or ``unavailable``; None if it writes."""
        now = self._clock.monotonic()
        if self._good_at is not None and now - self._good_at < PAUSE:
            return None
        try:
            await self._write()
        except DatabaseUnavailable as error:
            return _named(error)
        self._good_at = now
        return None

    async def _write(self) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=1)
        probe = {"key_hash": _PROBE, "request_hash": _PROBE, "owner": "probe"}
        # Far ahead: it has to be written whoever wrote it last, and whenever.
        await self._claims.take(
            {**probe, "expires_at": until}, now + timedelta(days=1_000)
        )
        if not self._database.is_sqlite:
            async with self._database.session(read_only=True) as db:
                await db.execute(_LITTLE_MEMORY)
                await db.execute(_SPILL)


def _named(error: BaseException | None) -> str:
    """Return what the driver's error below an outage says."""
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if state in _STATES:
            return _STATES[state]
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _SQLITE:
            return _SQLITE[code]
        error = error.__cause__ or getattr(error, "orig", None)
    return "unavailable"
