"""Tells endpoints of others what happened here (Standard Webhooks, ADR-0094)."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.circuit_breaker import CircuitOpen
from app.core.clock import Clock
from app.core.outbound import OutboundFailed, OutboundRefused
from app.core.randomness import Randomness
from app.core.secret_key import SealBroken
from app.jobs.delivery import Delayed, NotNeeded, Undeliverable
from app.jobs.relay import Box, Claim, OutboxJob, reason_of
from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.repositories.unit_of_work import UnitOfWork
from app.services.outgoing.fan_out import FanOut
from app.services.outgoing.payload import body_of, header_fields
from app.services.outgoing.signing import keys_of, secrets_of
from app.services.outgoing.webhook import switch_off
from app.services.server.runtime import Runtime

PER_ENDPOINT = 8  # deliveries at the same time
BATCH = 32  # of all endpoints; the process has 100 outbound connections
LONGEST = 15.0  # seconds: waiting for a turn, and then for the whole exchange
WAITS = (5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)  # seconds
DISABLE_AFTER = timedelta(days=5)  # without one success
_PATIENT = 5  # failures in a row, before an endpoint is left alone for a while
_SHORTEST_REST, _LONGEST_REST = 30, 900  # seconds
_SLOW, _SLOW_FOR = 1.0, 600.0  # seconds of an exchange, and how long it is remembered
_GONE = 410
_NOT_CALLED = (
    "the address may not be called; AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS names hosts "
    "that may be internal"
)
_log = logging.getLogger("auth_serve.webhook")


class Gone(Undeliverable):
    """The endpoint said that it will never be there again."""


@dataclass(slots=True, kw_only=True)
class Notice:
    """What to send where; ``status`` is what was answered, if anything was."""

    delivery_id: UUID
    event_id: UUID
    webhook_id: UUID
    url: str
    secrets: Sequence[str]
    keys: Sequence[bytes]
    body: bytes
    status: int | None = None


class Growing:
    """How often a delivery is tried: about three days, by waits that grow.

    Each is up to a tenth longer by chance, so that what failed together does not come
    back together.
    """

    tries = len(WAITS) + 1

    def __init__(self, randomness: Randomness) -> None:
        """Take chance from here."""
        self._randomness = randomness

    def wait(self, tries: int) -> timedelta:
        """Return how long a delivery rests that was tried so often."""
        seconds = WAITS[min(tries, len(WAITS)) - 1]
        return timedelta(seconds=seconds * self._randomness.between(1.0, 1.1))


class SlowEndpoints:
    """Which endpoints took long of late, as this process found out.

    A turn lasts as long as the longest of its deliveries. Those that take their time,
    on purpose perhaps, have turns of their own, and keep nobody else's events back.
    """

    def __init__(self, clock: Clock) -> None:
        """Know of none."""
        self._clock = clock
        self._until: dict[UUID, float] = {}

    def note(self, webhook_id: UUID, seconds: float) -> None:
        """Say how long an exchange took."""
        if seconds >= _SLOW:
            self._until[webhook_id] = self._clock.monotonic() + _SLOW_FOR

    def current(self) -> frozenset[UUID]:
        """Return those of now; whatever was long ago is forgotten."""
        now = self._clock.monotonic()
        self._until = {k: until for k, until in self._until.items() if until > now}
        return frozenset(self._until)


class WebhookDeliveries:
    """Posts events; everything but success is a failure, redirects among them."""

    name = "webhook"
    kind = "webhook"
    batch = BATCH
    longest = LONGEST
    is_paused = False  # each endpoint rests by itself

    def __init__(self, runtime: Runtime, slow: SlowEndpoints) -> None:
        """Send through the guarded door of this process."""
        self._runtime = runtime
        self._slow = slow
        self.patience = Growing(runtime.randomness)

    async def prepare(self, uow: UnitOfWork, message: WebhookDelivery) -> Notice:
        """Read endpoint and event.

        Raises:
            NotNeeded: The endpoint was switched off.
            Undeliverable: The event is kept no more, or the secret does not open.
        """
        webhook = await uow.webhooks.by_id(message.webhook_id)
        if webhook is None or not webhook.enabled:
            raise NotNeeded("the webhook was switched off")
        event = await uow.audit_events.by_id(message.event_id)
        if event is None:
            raise Undeliverable("the event is kept no more")
        try:
            now = self._runtime.clock.now()
            secrets = secrets_of(self._runtime, webhook, now)
            keys = keys_of(self._runtime, webhook, now)
        except SealBroken as error:
            raise Undeliverable("the secret does not open; rotate it") from error
        return Notice(
            delivery_id=message.id,
            event_id=message.event_id,
            webhook_id=webhook.id,
            url=webhook.url,
            secrets=secrets,
            keys=keys,
            body=body_of(event),
        )

    async def deliver(self, item: Notice) -> None:
        """Post it; of an answer nothing but its status is kept.

        Raises:
            Delayed: No answer, or one that is no success.
            Gone: It said 410.
            CircuitOpen: The endpoint failed too often just now.
        """
        now = self._runtime.clock.now()
        headers = header_fields(item.event_id, now, item.body, item.secrets, item.keys)
        begun = self._runtime.clock.monotonic()
        try:
            answer = await self._runtime.outbound.post(
                item.url, content=item.body, headers=headers
            )
        except OutboundRefused as error:
            # To the log alone: what a name inside leads to, few may know.
            _log.warning("refused: %s", error, extra={"webhook_id": item.webhook_id})
            raise Delayed(_NOT_CALLED) from error
        except OutboundFailed as error:
            item.status = error.answered
            raise Delayed(str(error)) from error
        finally:
            seconds = self._runtime.clock.monotonic() - begun
            self._slow.note(item.webhook_id, seconds)
        item.status = answer.status
        if answer.status == _GONE:
            raise Gone("the endpoint answered 410: it is gone")
        if not 200 <= answer.status < 300:
            raise Delayed(f"the endpoint answered {answer.status}")

    def given_up(self, item: Notice, reason: str) -> None:
        """Keep nothing besides: the list of deliveries tells of it."""


class WebhookJob(OutboxJob[Notice]):
    """Makes deliveries of what happened, and relays them endpoint by endpoint."""

    def __init__(self, runtime: Runtime, slow: SlowEndpoints | None = None) -> None:
        """Work for every endpoint; several processes may.

        Args:
            runtime: What to work with.
            slow: Those that another job has turns for; without it there is none.
        """
        self._slow = slow or SlowEndpoints(runtime.clock)
        self._leaves_slow = slow is not None
        super().__init__(runtime, WebhookDeliveries(runtime, self._slow))
        self._fan_out = FanOut(runtime)
        self._due: Mapping[UUID, int] = {}

    async def run(self) -> bool:
        """Take one turn; True when there may be more to do at once."""
        async with self._runtime.unit_of_work(read_only=True) as uow:
            endpoints = await uow.webhooks.list_enabled()
        if not endpoints:
            return False
        more = [await self._fan_out.advance(each.id) for each in endpoints]
        self._due = await self._awake(endpoints)
        # What was delivered may have held back what comes after it.
        claimed = await self._relay() if self._due else 0
        return claimed > 0 or any(more)

    async def _awake(self, endpoints: Collection[Any]) -> Mapping[UUID, int]:
        """Return who is to be told something now, and how much at a time."""
        now = self._runtime.clock.now()
        async with self._runtime.unit_of_work(read_only=True) as uow:
            due = await uow.webhook_deliveries.due(now)
        return {
            # One that fails is tried with one: others need not wait for the rest.
            each.id: 1 if each.failures else PER_ENDPOINT
            for each in endpoints
            if each.id in due
            and (each.paused_until is None or each.paused_until <= now)
            and self._is_mine(each.id)
        }

    def _is_mine(self, webhook_id: UUID) -> bool:
        return not self._leaves_slow or webhook_id not in self._slow.current()

    def _box(self, uow: UnitOfWork) -> Box:
        return uow.webhook_deliveries

    async def _take(self, uow: UnitOfWork, now: datetime) -> Sequence[WebhookDelivery]:
        taken: list[WebhookDelivery] = []
        for webhook_id, most in self._due.items():
            taken += await uow.webhook_deliveries.claim(
                webhook_id,
                now=now,
                lease_until=now + self.lease,
                limit=min(most, max(BATCH - len(taken), 1)),
            )
        return taken

    async def _postpone(self, claim: Claim[Notice], error: Exception) -> None:
        if not isinstance(error, CircuitOpen):
            await super()._postpone(claim, error)
            return
        # Nothing was sent, so that it is no try.
        until = self._runtime.clock.now() + timedelta(seconds=_SHORTEST_REST)
        async with self._runtime.unit_of_work() as uow:
            await uow.webhook_deliveries.leave(
                claim.message_id, claim.number, until, reason_of(error)
            )

    async def _note(
        self, uow: UnitOfWork, claim: Claim[Notice], error: Exception | None
    ) -> None:
        item = claim.item
        if error is None:
            await uow.webhooks.note_success(item.webhook_id)
        else:
            now = self._runtime.clock.now()
            webhook = await uow.webhooks.note_failure(item.webhook_id, now)
            if webhook is not None:
                await self._consider(uow, webhook, claim, error)
        await uow.webhook_deliveries.note_status(item.delivery_id, item.status)

    async def _consider(
        self, uow: UnitOfWork, webhook: Webhook, claim: Claim[Notice], error: Exception
    ) -> None:
        """Leave an endpoint alone for a while, or for good."""
        now, since = self._runtime.clock.now(), webhook.failing_since
        is_hopeless = since is not None and since <= now - DISABLE_AFTER
        if isinstance(error, Gone) or is_hopeless:
            # First, or it would be said of this one too that it was switched off.
            await uow.webhook_deliveries.mark_failed(
                claim.message_id, claim.number, now, reason_of(error)
            )
            reason = "gone" if isinstance(error, Gone) else "failing"
            await switch_off(uow, webhook, reason)
        elif webhook.failures >= _PATIENT:
            doubled = _SHORTEST_REST * 2 ** min(webhook.failures - _PATIENT, 10)
            seconds = min(doubled, _LONGEST_REST)
            chance = self._runtime.randomness.between(1.0, 1.1)
            webhook.paused_until = now + timedelta(seconds=seconds * chance)


class SlowWebhookJob(WebhookJob):
    """Relays to the endpoints that take long; what for, the other job has made."""

    def __init__(self, runtime: Runtime, slow: SlowEndpoints) -> None:
        """Work beside the job that leaves these to it."""
        super().__init__(runtime, slow)
        self.name = f"{self.name}_slow"

    async def run(self) -> bool:
        """Take one turn; True when there may be more to do at once."""
        if not self._slow.current():
            return False
        async with self._runtime.unit_of_work(read_only=True) as uow:
            endpoints = await uow.webhooks.list_enabled()
        self._due = await self._awake(endpoints)
        return bool(self._due) and await self._relay() > 0

    def _is_mine(self, webhook_id: UUID) -> bool:
        return webhook_id in self._slow.current()


def webhook_jobs(runtime: Runtime) -> tuple[WebhookJob, SlowWebhookJob]:
    """Return the jobs that tell endpoints, those that take long beside the others."""
    slow = SlowEndpoints(runtime.clock)
    return WebhookJob(runtime, slow), SlowWebhookJob(runtime, slow)
