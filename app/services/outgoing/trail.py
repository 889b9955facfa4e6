"""The audit trail written out as lines, for other systems to keep (ADR-0095)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args

from app.events.outgoing.sent import AuditExported
from app.models.audit_event import AuditEvent
from app.schemas.audit_event import AuditEvent as Shape
from app.services.process.process import Process
from app.utils.helpers import encoded_json

Form = Literal["jsonl", "ocsf"]
FORMS: tuple[Form, ...] = get_args(Form)
BATCH = 500  # events that one read brings, and that are in memory at a time
_MOMENT = timedelta(milliseconds=1)  # what has happened by now is before it
_ASKED_AGAIN = timedelta(seconds=10)  # as often as of streams


class ReadingEnded(Exception):
    """Who reads may read no more: what they have is not the whole, and must not end
    as if it were."""


class TrailExport:
    """Events of a span, oldest first, a batch at a time.

    Each batch is read in a transaction of its own: no connection is held while the
    reader takes the last one, however slow it is.
    """

    def __init__(
        self,
        process: Process,
        form: Form,
        since: datetime | None,
        until: datetime | None,
    ) -> None:
        """Begin nothing yet.

        Args:
            process: Where the trail is.
            form: ``jsonl`` are events as the API shows them, ``ocsf`` those of OCSF.
            since: From then on; without it from the beginning.
            until: Before then; without it up to now.
        """
        self._process = process
        self._form = form
        self._since = since
        self._until = until or process.clock.now() + _MOMENT
        self._own_id = process.randomness.uuid7()
        self.count = 0

    async def record(self) -> None:
        """Write down that the trail is handed out; before any of it is.

        That very event is not in the export, however quick it is.
        """
        since = None if self._since is None else self._since.isoformat()
        until = self._until.isoformat()
        async with self._process.unit_of_work() as uow:
            event = AuditExported(form=self._form, since=since, until=until)
            uow.record(event, event_id=self._own_id)

    async def pieces(
        self, still_may: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncIterator[bytes]:
        """Yield one batch of lines after another; ``count`` grows with them.

        Args:
            still_may: Asks every ten seconds whether who reads may go on.

        Raises:
            ReadingEnded: They may not.
        """
        write, after = line_of(self._form), None
        clock = self._process.clock
        asked = clock.now()
        while True:
            if still_may is not None and clock.now() - asked >= _ASKED_AGAIN:
                asked = clock.now()
                if not await still_may():
                    raise ReadingEnded
            async with self._process.unit_of_work(read_only=True) as uow:
                rows = await uow.audit_events.list_oldest(
                    self._since, self._until, after=after, limit=BATCH
                )
            told = [row for row in rows if row.id != self._own_id]
            if told:
                self.count += len(told)
                yield b"".join(map(write, told))
            if len(rows) < BATCH:
                return
            after = rows[-1].id


def line_of(form: Form) -> Callable[[AuditEvent], bytes]:
    """Return what writes an event as a line of JSON."""
    if form == "jsonl":
        return _plain_line
    # Here: its table is for who asks for it.
    from app.services.outgoing.ocsf import as_ocsf

    return partial(_line, as_ocsf)


def _plain_line(event: AuditEvent) -> bytes:
    return Shape.model_validate(event).model_dump_json().encode() + b"\n"


def _line(shape: Callable[[AuditEvent], dict[str, Any]], event: AuditEvent) -> bytes:
    return encoded_json(shape(event)) + b"\n"
