"""Relays the outbox: at least once, never from inside a request.

What is delivered, and to whom, is the :class:`Delivery`'s; that nothing is lost, and
that nobody waits for ever, is this module's.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol
from uuid import UUID

from app.core.circuit_breaker import CircuitOpen
from app.jobs.delivery import (
    Delayed,
    Delivery,
    Item,
    Message,
    NotNeeded,
    Undeliverable,
    UnknownMessage,
)
from app.repositories.unit_of_work import UnitOfWork
from app.services.server.runtime import Runtime
from app.tracing.span import Current
from app.utils.helpers import printable

LEASE_RESERVE = 30  # seconds between the end of a delivery and the end of its lease


@dataclass(frozen=True, slots=True)
class Claim(Generic[Item]):
    """A message that belongs to this worker until its lease ends."""

    message_id: UUID
    attempts: int
    number: int
    item: Item
    traceparent: str | None


class Box(Protocol):
    """Where messages are, and where it is written down what became of each."""

    async def mark_delivered(self, message_id: UUID, at: datetime, /) -> None:
        """Record that the outside has it."""
        ...

    async def mark_failed(
        self, message_id: UUID, claim: int, at: datetime, error: str, /
    ) -> None:
        """Give up, if the message is still this claim's."""
        ...

    async def postpone(
        self, message_id: UUID, claim: int, until: datetime, error: str, /
    ) -> None:
        """Try again later, if the message is still this claim's."""
        ...

    async def leave(
        self, message_id: UUID, claim: int, until: datetime, error: str, /
    ) -> None:
        """Give it back as if it had not been tried."""
        ...


class OutboxJob(Generic[Item]):
    """Claims messages that are due, delivers them, and writes down what became of them.

    No connection to the database is held while delivering. A worker that dies leaves
    its messages claimed until the lease ends; then somebody else delivers them. Each
    kind is a job of its own, so that one whose receivers hang delays no other.
    """

    interval = 1.0

    def __init__(self, runtime: Runtime, delivery: Delivery[Item]) -> None:
        """Relay one kind of message."""
        self._runtime = runtime
        self._delivery = delivery
        self._log = logging.getLogger(f"auth_serve.{delivery.name}")
        self.name = f"outbox_{delivery.name}"

    @property
    def lease(self) -> timedelta:
        """How long a claimed message belongs to this worker."""
        return timedelta(seconds=self._delivery.longest + LEASE_RESERVE)

    async def run(self) -> bool:
        """Deliver a batch; True when it was a full one."""
        if self._delivery.is_paused:
            return False  # messages lose no try while the destination is left alone
        return await self._relay() == self._delivery.batch

    async def _relay(self) -> int:
        """Deliver what is due, as far as a batch goes; return how many were claimed."""
        claimed, claims = await self._claim()
        outcomes = await asyncio.gather(
            *map(self._deliver, claims), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome  # only now: the others are done
        return claimed

    def _box(self, uow: UnitOfWork) -> Box:
        """Return where the messages are."""
        return uow.outbox

    async def _take(self, uow: UnitOfWork, now: datetime) -> Sequence[Message]:
        """Claim messages that are due."""
        return await uow.outbox.claim(
            [self._delivery.kind],
            now=now,
            lease_until=now + self.lease,
            limit=self._delivery.batch,
        )

    async def _note(
        self, uow: UnitOfWork, claim: Claim[Item], error: Exception | None
    ) -> None:
        """Write down what else a try tells, before what became of the message.

        Before, so that whoever locks a receiver and its messages does so in this order.
        """

    async def _claim(self) -> tuple[int, list[Claim[Item]]]:
        """Take due messages; those that nobody needs any more end here."""
        now = self._runtime.clock.now()
        claims: list[Claim[Item]] = []
        async with self._runtime.unit_of_work() as uow:
            messages = await self._take(uow, now)
            for message in messages:
                item = await self._prepared(uow, message)
                if item is not None:
                    number = message.claims
                    parent = message.traceparent
                    claims.append(
                        Claim(message.id, message.attempts, number, item, parent)
                    )
        return len(messages), claims

    async def _prepared(self, uow: UnitOfWork, message: Message) -> Item | None:
        """Return what to deliver, or write down why there is nothing."""
        now, number, name = self._runtime.clock.now(), message.claims, self._name
        try:
            item = await self._delivery.prepare(uow, message)
        except UnknownMessage as error:
            self._log.warning("%s left: %s", name, error, extra=_about(message.id))
            until = now + self._delivery.patience.wait(1)
            await self._box(uow).leave(message.id, number, until, reason_of(error))
            return None
        except Undeliverable as error:
            level = logging.INFO if isinstance(error, NotNeeded) else logging.WARNING
            self._log.log(
                level, "%s not sent: %s", name, error, extra=_about(message.id)
            )
            box = self._box(uow)
            await box.mark_failed(message.id, number, now, reason_of(error))
            return None
        if item is None:
            await self._box(uow).mark_delivered(message.id, now)
        return item

    @property
    def _name(self) -> str:
        return self._delivery.name

    async def _deliver(self, claim: Claim[Item]) -> None:
        with self._traced(claim):
            await self._try(claim)

    def _traced(self, claim: Claim[Item]) -> AbstractContextManager[None]:
        """Go on with the trace of the request that promised the message."""
        if self._runtime.tracing is None:
            return nullcontext()
        name = f"deliver {self._name}"
        span = self._runtime.tracing.begin(
            name, "consumer", claim.traceparent, trusts=True
        )
        return Current(span)

    async def _try(self, claim: Claim[Item]) -> None:
        try:
            await self._delivery.deliver(claim.item)
        except (Delayed, CircuitOpen) as error:
            await self._postpone(claim, error)
        except Undeliverable as error:
            await self._fail(claim, error)
        else:
            async with self._runtime.unit_of_work() as uow:
                now = self._runtime.clock.now()
                await self._note(uow, claim, None)
                await self._box(uow).mark_delivered(claim.message_id, now)

    async def _postpone(self, claim: Claim[Item], error: Exception) -> None:
        patience = self._delivery.patience
        if claim.attempts >= patience.tries:
            await self._fail(claim, error)
            return
        self._log.warning(
            "%s delayed: %s",
            self._name,
            reason_of(error),
            extra=_about(claim.message_id) | {"attempts": claim.attempts},
        )
        until = self._runtime.clock.now() + patience.wait(claim.attempts)
        async with self._runtime.unit_of_work() as uow:
            await self._note(uow, claim, error)
            await self._box(uow).postpone(
                claim.message_id, claim.number, until, reason_of(error)
            )

    async def _fail(self, claim: Claim[Item], error: Exception) -> None:
        about = _about(claim.message_id) | {"attempts": claim.attempts}
        reason = reason_of(error)
        self._log.error("%s given up: %s", self._name, reason, extra=about)
        now = self._runtime.clock.now()
        event = self._delivery.given_up(claim.item, reason)
        async with self._runtime.unit_of_work() as uow:
            await self._note(uow, claim, error)
            box = self._box(uow)
            await box.mark_failed(claim.message_id, claim.number, now, reason)
            if event is not None:
                uow.record(event)


def reason_of(error: Exception) -> str:
    """Return why, as operators read it."""
    return printable(str(error), 500)


def _about(message_id: UUID) -> dict[str, str | int]:
    return {"message_id": str(message_id)}
