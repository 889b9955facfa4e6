"""What is kept of refused requests, written beside them and within bounds (ADR-0092).

One that is refused is put into a list, which a task writes with one statement a moment
later; nobody waits for it, and if it cannot be written, the log still has the reason.
One that succeeds costs nothing here, unless an operator wants those kept as well: then
it goes the same way, into a table of its own.
"""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import asdict
from typing import Any

from app.core.clock import Clock
from app.core.context import RequestContext
from app.core.randomness import Randomness
from app.core.redaction import redact, shorten
from app.database import Database
from app.repositories.unit_of_work import UnitOfWork

_OF_ADDRESS = 4  # a quarter of a minute's: one sender leaves room for the others
MOST = 200_000  # rows that stay, some 100 MB
DELAY = 0.25  # seconds in which a batch gathers
PATIENCE = 2.0  # seconds that a stop, or whoever asks why, waits for the last batch
_MINUTE = 60.0
_MAX_TEXT = 600  # characters
# Where people sign in and programs ask for tokens; of other requests the log tells.
_ASKED = (
    *(
        "/oauth2/",
        "/api/v1/auth/",
        "/upstreams/",
        "/signin",
        "/forward-auth",
        "/consent",
    ),
    *("/select-account", "/signup", "/recover-factors", "/reset-password", "/device"),
)
_ADDRESS = re.compile(r"[^\s@<>\"'()=,;]{1,64}@[^\s@<>\"'()=,;]{1,255}")

_Rows = list[dict[str, Any]]
_log = logging.getLogger("auth_serve.why")


class RefusedRequests:
    """Gathers and writes; one for each process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        randomness: Randomness,
        per_minute: int,
        answered_per_minute: int = 0,
    ) -> None:
        """Write to this database.

        Args:
            database: Where to.
            clock: For what counts as a minute.
            randomness: For ids.
            per_minute: What a flood of refusals may have kept.
            answered_per_minute: The same of requests that were not refused.
        """
        self._database = database
        self._clock = clock
        self._randomness = randomness
        of_address = -(-per_minute // _OF_ADDRESS)
        self._refused = _Share("left out", per_minute, of_address)
        # Servers of applications ask for everybody's tokens from one address.
        self._answered = _Share(
            "left out, though allowed", answered_per_minute, answered_per_minute
        )
        self.are_answered_kept = answered_per_minute > 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(
        self, context: RequestContext, method: str, route: str | None, status: int
    ) -> None:
        """Keep why a request was refused or allowed, unless very many were just now.

        Args:
            context: Of the request, which is answered.
            method: Of it.
            route: The template of its path; None if there is none.
            status: Of the answer.
        """
        if route is None or not route.startswith(_ASKED):
            return
        is_refused = any(each.outcome == "refused" for each in context.steps)
        share = self._refused if is_refused else self._answered
        if not share.has_room(context.ip, self._clock.monotonic()):
            return
        share.waiting.append(
            {
                "id": self._randomness.uuid7(),
                "correlation_id": context.correlation_id,
                "method": method[:16],
                "route": route[:128],
                "status": status,
                "steps": context.steps,
                "created_at": self._clock.now(),
            }
        )
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(DELAY, self._begin)

    async def settle(self) -> None:
        """Wait until everything is written, but not for a database that hangs."""
        self._begin()
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=PATIENCE)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        refused, answered = self._refused.taken(), self._answered.taken()
        if refused or answered:
            task = self._write(refused, answered, self._writing)
            self._writing = asyncio.create_task(task)

    async def _write(
        self, refused: _Rows, answered: _Rows, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await before
        try:
            async with self._database.session() as db:
                uow = UnitOfWork(db, self._clock, self._randomness)
                if refused:
                    await uow.refused_requests.add_all(_written(refused))
                if answered:
                    await uow.answered_requests.add_all(_written(answered))
                await uow.commit()  # no request is open: it was answered
        except Exception as error:  # the requests were answered; the log knows why
            _log.warning("not written", extra={"error": type(error).__name__})


class _Share:
    """What waits to be written of one kind, and how much of a minute is used up."""

    def __init__(self, left_out: str, per_minute: int, per_address: int) -> None:
        self.waiting: _Rows = []
        self._words = left_out
        self._per_minute, self._per_address = per_minute, per_address
        self._minute = 0.0
        self._kept: Counter[str] = Counter()
        self._left_out = 0

    def has_room(self, ip: str, now: float) -> bool:
        """Count one; tell whether it is to be kept."""
        if now - self._minute >= _MINUTE:
            if self._left_out:
                _log.warning(self._words, extra={"requests": self._left_out})
            self._minute, self._left_out = now, 0
            self._kept.clear()
        is_full = self._kept.total() >= self._per_minute
        if is_full or self._kept[ip] >= self._per_address:
            self._left_out += 1
            return False
        self._kept[ip] += 1
        return True

    def taken(self) -> _Rows:
        """Return what waits; nothing does any more."""
        rows, self.waiting = self.waiting, []
        return rows


def _written(rows: _Rows) -> _Rows:
    return [row | {"steps": [_told(each) for each in row["steps"]]} for row in rows]


def _told(step: Any) -> dict[str, Any]:
    """Return a step without what is empty, secret, or the address of somebody."""
    fields = asdict(step)
    compared = {name: _safe(text) for name, text in fields["compared"].items()}
    fields |= {"hint": _safe(step.hint), "compared": compared}
    return {name: value for name, value in fields.items() if value}


def _safe(text: str) -> str:
    masked = _ADDRESS.sub("[address]", redact(shorten(text)))
    return shorten(masked, _MAX_TEXT)
