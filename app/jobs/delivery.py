"""What the outbox relay needs to know about one kind of message."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from app.events.base import Event
from app.repositories.unit_of_work import UnitOfWork

Item = TypeVar("Item")


class Message(Protocol):
    """A row of the outbox, or of another table that is relayed in the same way."""

    @property
    def id(self) -> UUID:
        """Its idempotency key."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was tried, this time included."""
        ...

    @property
    def claims(self) -> int:
        """The number of this claim."""
        ...

    @property
    def traceparent(self) -> str | None:
        """The trace of what promised it, if there was one."""
        ...


class Undeliverable(Exception):
    """No later try will deliver this message; its text says why, to administrators."""


class NotNeeded(Undeliverable):
    """Nobody needs it any more. Routine, unlike other reasons not to deliver."""


class Delayed(Exception):
    """It did not work this time; later it may."""


class UnknownMessage(Exception):
    """Another release promised this message, and its workers know how to deliver it."""


class Waiting(Protocol):
    """How often a message is tried, and how long it rests in between."""

    @property
    def tries(self) -> int:
        """After so many the message is given up."""
        ...

    def wait(self, tries: int) -> timedelta:
        """Return how long a message rests that was tried so often."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a message is tried: each wait is twice the one before.

    Attributes:
        first: Seconds between the first and the second try.
        longest: Seconds that no wait exceeds.
        tries: After so many the message is given up.
    """

    first: int
    longest: int
    tries: int

    def wait(self, tries: int) -> timedelta:
        """Return how long a message rests that was tried so often."""
        return timedelta(seconds=min(self.first * 2 ** (tries - 1), self.longest))


class Delivery(Protocol[Item]):
    """One kind of message: what becomes of a row, and how it gets to the outside.

    Attributes:
        name: For the log.
        batch: How many are delivered at the same time.
    """

    name: str
    batch: int

    @property
    def patience(self) -> Waiting:
        """How long somebody outside may be away."""
        ...

    @property
    def kind(self) -> str:
        """The ``kind`` of its rows."""
        ...

    @property
    def longest(self) -> float:
        """Seconds after which one delivery has ended, one way or another."""
        ...

    @property
    def is_paused(self) -> bool:
        """Tell whether nothing is to be tried now; no message loses a try by it."""
        ...

    async def prepare(self, uow: UnitOfWork, message: Any) -> Item | None:
        """Read what delivering needs, while the message is claimed; None is done.

        Raises:
            UnknownMessage: Not of this release.
            Undeliverable: It makes no sense, or nobody needs it any more.
        """
        ...

    async def deliver(self, item: Item) -> None:
        """Hand it to the outside; no connection to the database is held meanwhile.

        Raises:
            Delayed: Later it may work.
            CircuitOpen: The destination is being left alone.
            Undeliverable: It never will.
        """
        ...

    def given_up(self, item: Item, reason: str) -> Event | None:
        """Return what the audit trail keeps of a failure for good, if anything."""
        ...
