"""What needs an operator: of this process, and of what all processes share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.policies.permission import ADMIN_ROLE
from app.repositories.statements import attention
from app.repositories.unit_of_work import UnitOfWork
from app.services.server.runtime import Runtime
from app.services.server.shared_clock import is_far_off

Kind = Literal[
    "mail_failed",
    "mail_late",
    "circuit_open",
    "connection_silent",
    "key_due",
    "key_missing",
    "clock_skewed",
    "no_worker",
    "administrators",
    "owners",
    "mail_unset",
    "webhook_off",
]
_LATE = timedelta(minutes=10)
_IDLE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to look at.

    Attributes:
        permission: Who may know of it.
        is_urgent: Whether people notice it already.
        number: How many, where that says more.
        about: Which, where there is a name.
    """

    kind: Kind
    permission: str
    is_urgent: bool = False
    number: int = 0
    about: str = ""


class AttentionService:
    """Looks where an operator would; what waits in the database takes one statement.

    Circuits, clock and keys are those of the process that is asked: others may see
    other neighbours fail.
    """

    def __init__(self, process: Runtime) -> None:
        """Look at this process."""
        self._process = process

    async def concerns(
        self, uow: UnitOfWork, counted_until: datetime | None
    ) -> list[Concern]:
        """Return what needs somebody, what is urgent first.

        Args:
            uow: The transaction.
            counted_until: How far the statistics are: a job like any other.
        """
        now = self._process.clock.now()
        counted = await attention.count(uow.db, ADMIN_ROLE, now - _LATE)
        found = [
            *_of(counted),
            *self._circuits(),
            *self._keys(now),
            *self._surroundings(now, counted_until),
        ]
        return sorted(found, key=lambda each: not each.is_urgent)

    def _circuits(self) -> Iterator[Concern]:
        for name, state in sorted(self._process.breakers.states().items()):
            if state != "closed":
                yield Concern("circuit_open", "settings:read", True, about=name)
        for way in self._process.connections.silent():
            name, permission = way.display_name, "connections:read"
            yield Concern("connection_silent", permission, True, about=name)

    def _keys(self, now: datetime) -> Iterator[Concern]:
        """Yield algorithms without a key, or whose key signs longer than it should.

        The next one is made by a job, so one that is due and not there is none that
        runs; it is told a day before people would notice nothing at all.
        """
        signs_for = timedelta(seconds=self._process.settings.token.key_ttl)
        for algorithm in self._process.settings.signing_algorithms:
            try:
                key = self._process.ring.signing(algorithm, now)
            except LookupError:
                yield Concern("key_missing", "keys:read", True, about=algorithm)
                continue
            if key.activates_at + signs_for <= now:
                yield Concern("key_due", "keys:read", about=algorithm)

    def _surroundings(
        self, now: datetime, counted_until: datetime | None
    ) -> Iterator[Concern]:
        if is_far_off(self._process):
            yield Concern("clock_skewed", "settings:read", True)
        if counted_until is None or counted_until < now - _IDLE:
            yield Concern("no_worker", "settings:read", counted_until is not None)
        if self._process.settings.smtp.url is None:
            yield Concern("mail_unset", "settings:read")


def _of(counted: attention.Counted) -> Iterator[Concern]:
    if counted.failed:
        yield Concern("mail_failed", "outbox:read", True, number=counted.failed)
    if counted.late:
        yield Concern("mail_late", "outbox:read", True, number=counted.late)
    if counted.webhooks:
        yield Concern("webhook_off", "webhooks:read", number=counted.webhooks)
    if counted.unprotected:
        yield Concern("administrators", "users:read", number=counted.unprotected)
    if counted.forsaken:
        yield Concern("owners", "clients:read", number=counted.forsaken)
