"""A reading of a directory that is under way: whose it is, and what came of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.models.upstream.connection import Connection
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.upstreams.directory import Way
from app.utils.numbers import Numbers

LEASE = timedelta(seconds=120)  # longer than any answer, or transaction, may take
# How the directory told of somebody: as one who is let in, or as disabled, and then
# how many seconds after the reading began.
_ACTIVE, _DISABLED = 1, 2
LONGEST = timedelta(hours=12)  # a reading: the directory may be one that never ends
_TOLD_EVERY = 10.0  # seconds from one word on how far it is to the next
NUMBERS = (
    *("entries", "made", "linked", "changed", "unchanged"),
    *("withdrawn", "returned", "missing", "disabled", "kept"),
)


COMPLETE, EMPTY, CUT_OFF = "complete", "empty", "cut_off"
FAILED, CHANGED = "failed", "changed"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reading ended.

    Attributes:
        outcome: Empty if it is another process's by now.
        reason: Why, or why people were kept; one of ``schemas.connection.SyncReason``.
        detail: The same for operators, in English.
    """

    outcome: str
    reason: str | None = None
    detail: str = ""


class SyncOver(Exception):
    """The reading is not to go on."""

    def __init__(self, ending: Ending) -> None:
        """End it."""
        super().__init__(ending.detail)
        self.ending = ending


@dataclass(slots=True)
class Counts:
    """What came of a reading, so far.

    Attributes:
        entries: Who was told of.
        made: Accounts that are new.
        linked: Accounts that were here, and are known there from now on.
        changed: Accounts of which something followed.
        withdrawn: People who are not let in there any more.
        returned: People who are again.
        missing: Linked people whom a complete reading did not tell of.
        disabled: Linked people whom it told of as disabled or expired.
        kept: How many of both were not withdrawn.
        left_out: Entries without an account, by why.
    """

    entries: int = 0
    made: int = 0
    linked: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    returned: int = 0
    missing: int = 0
    disabled: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def data(self) -> dict[str, Any]:
        """Return them as they are stored."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return {**numbers, "left_out": dict(self.left_out)}

    @property
    def writes(self) -> int:
        """Return how many people something came of."""
        return self.made + self.linked + self.changed + self.withdrawn + self.returned


@dataclass(slots=True)
class Run:
    """A reading, as the process that is at it knows it.

    Attributes:
        way: The connection as it was when the reading began.
        policy: Its own, with groups called as this reading calls them.
        claims: Which of the processes that took it on this one is.
        started_at: When it did; before anything was read.
        read_at: When the page at hand was asked for: of who signed in since, the
            sign-in knows better.
        seen: How the directory told of links, by their ids.
        let_in: How many of those are not withdrawn.
        is_any_disabled: Whether anybody of those is to be, as disabled there.
        addresses: In a dry run, which addresses would have an account by now.
        told: Is called with each page.
    """

    process: Process
    way: Way
    policy: Mapping[str, Any]
    id: UUID
    claims: int
    started_at: datetime
    dry_run: bool
    accept_missing: bool
    told: Callable[[Counts], None]
    read_at: datetime = field(init=False)
    counts: Counts = field(default_factory=Counts)
    seen: Numbers = field(default_factory=Numbers)
    let_in: int = 0
    is_any_disabled: bool = False
    addresses: Numbers = field(default_factory=Numbers)
    _told_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin; that is known to all."""
        self.read_at = self.started_at
        self._told_at = self.process.clock.monotonic()

    def see(
        self, identity_id: UUID, *, is_let_in: bool, is_disabled: bool = False
    ) -> None:
        """Note that the directory told of somebody who is linked, and how at last."""
        if not self.seen.get(identity_id.int):
            self.let_in += is_let_in
        seconds = int((self.read_at - self.started_at).total_seconds())
        told = _DISABLED + seconds if is_disabled else _ACTIVE
        self.seen.set(identity_id.int, told)
        self.is_any_disabled |= is_let_in and is_disabled

    def disabled_at(self, identity_id: UUID) -> datetime | None:
        """Return when the directory told last of somebody as disabled, or after."""
        told = self.seen.get(identity_id.int)
        if told < _DISABLED:
            return None
        return self.started_at + timedelta(seconds=told - _DISABLED + 1)

    async def held(self, uow: UnitOfWork) -> Connection:
        """Return the connection, which stays what it is for this transaction.

        Raises:
            SyncOver: It is another than was read, or another process is at it.
        """
        connection = await uow.connections.shared(self.way.id)
        if connection is None or not _is_same(connection, self.way):
            why = "the connection was changed meanwhile"
            raise SyncOver(Ending(CHANGED, "connection_changed", why))
        until, counts = uow.clock.now() + LEASE, self.counts.data()
        if not await uow.connection_syncs.hold(self.id, self.claims, until, counts):
            raise SyncOver(Ending("", detail="another process goes on with it"))
        self._told_at = self.process.clock.monotonic()
        return connection

    async def tell(self) -> None:
        """Say how far it is: to who waits, and now and then to all.

        Raises:
            SyncOver: As ``held``, or it takes too long.
        """
        if self.process.clock.now() > self.started_at + LONGEST:
            hours = LONGEST.total_seconds() / 3_600
            why = f"it takes more than {hours:.0f} hours"
            raise SyncOver(Ending(FAILED, "too_long", why))
        current().happened = None  # of a hundred thousand people: nobody reads it
        self.told(self.counts)
        if self.process.clock.monotonic() - self._told_at >= _TOLD_EVERY:
            async with self.process.unit_of_work() as uow:
                await self.held(uow)


def _is_same(connection: Connection, way: Way) -> bool:
    return (connection.settings, connection.policy) == (way.settings, way.policy)
