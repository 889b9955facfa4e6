"""Endpoints that are told of events, as administrators manage them (ADR-0094)."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.exceptions import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    Unprocessable,
)
from app.core.outbound import OutboundRefused
from app.events.outgoing.sent import (
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookReplayed,
    WebhookSecretRotated,
    WebhookTested,
    WebhookUpdated,
)
from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.policies.permission import Actor
from app.repositories.unit_of_work import UnitOfWork
from app.services.outgoing.fan_out import delivery_of
from app.services.outgoing.payload import is_known, new_secret, wanted_names
from app.services.outgoing.signing import new_key, seal_context
from app.services.process.precondition import demand_version
from app.services.process.process import Process
from app.services.sessions.errors import TokenScopeMissing

MAX_WEBHOOKS = 100  # each is asked about every second
MAX_REPLAY = 1_000  # events of one request
_SECRET_BYTES = 32
_PLACE = re.compile(r"[^/?#]*//[^/?#]*")
SWITCHED_OFF = "the webhook was switched off"


class WebhookNotFound(NotFound):
    """There is no such webhook."""

    code = "webhook_not_found"
    title = "There is no such webhook"


class WebhookDeliveryNotFound(NotFound):
    """The webhook has no such delivery."""

    code = "webhook_delivery_not_found"
    title = "There is no such delivery of this webhook"


class WebhookDeliveryBusy(Conflict):
    """A worker has it; another try beside it would come twice."""

    code = "webhook_delivery_busy"
    title = "This is being delivered right now; look again in a minute"


class WebhookOff(Conflict):
    """It is switched off, and is sent nothing."""

    code = "webhook_disabled"
    title = "The webhook is switched off; enable it first"


class TooManyWebhooks(Conflict):
    """Each costs a question a second, so there are no more than that."""

    code = "too_many_webhooks"
    title = "No more webhooks can be made"


class WebhookService:
    """What users with ``webhooks:read`` and ``webhooks:write`` may do.

    Whoever has events sent somewhere can read them there, so that takes ``audit:read``
    as well, and so does having them sent once more.
    """

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self.process = process

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Webhook]:
        """Return a page of webhooks, the oldest first."""
        return await self._uow.webhooks.list_page(after=after, limit=limit)

    async def get(self, webhook_id: UUID, *, lock: bool = False) -> Webhook:
        """Return a webhook.

        Raises:
            WebhookNotFound: There is none.
        """
        row = await self._uow.webhooks.by_id(webhook_id, lock=lock)
        if row is None:
            raise WebhookNotFound
        return row

    async def list_deliveries(
        self,
        webhook_id: UUID,
        state: str | None,
        *,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[WebhookDelivery]:
        """Return a page of what a webhook is sent, the newest first.

        Raises:
            WebhookNotFound: There is none.
        """
        await self.get(webhook_id)
        deliveries = self._uow.webhook_deliveries
        return await deliveries.list_page(webhook_id, state, after=after, limit=limit)

    async def create(
        self,
        actor: Actor,
        url: str,
        description: str,
        events: Sequence[str],
        *,
        asymmetric: bool = False,
    ) -> tuple[Webhook, str]:
        """Have events sent to a URL from now on; return the secret as well, once.

        Args:
            actor: Who asks.
            url: Where to.
            description: What it is for.
            events: Names, or patterns of them.
            asymmetric: Whether a key signs besides, whose public half may be known.

        Raises:
            Forbidden: The actor may not read the events.
            TooManyWebhooks: There are as many as there may be.
            Unprocessable: The URL may not be called, or no event is meant.
        """
        demand_reading(actor)
        self._check(url, events)
        if await self._uow.webhooks.count() >= MAX_WEBHOOKS:
            raise TooManyWebhooks
        now, webhook_id = self._uow.clock.now(), self._uow.randomness.uuid7()
        secret = new_secret(self._uow.randomness.bytes(_SECRET_BYTES))
        row = self._uow.webhooks.add(
            Webhook(
                id=webhook_id,
                url=url,
                description=description,
                events=sorted(set(events)),
                enabled=True,
                secret=self._sealed(webhook_id, secret),
                signing_key=new_key(self.process, webhook_id) if asymmetric else None,
                seen_id=webhook_id,  # made now: what was before is not sent
                failures=0,
                version=1,
                created_at=now,
                updated_at=now,
            )
        )
        place, meant = place_of(url), tuple(row.events)
        self._uow.record(WebhookCreated(webhook_id=row.id, url=place, events=meant))
        return row, secret

    async def update(
        self,
        actor: Actor,
        webhook_id: UUID,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> Webhook:
        """Change ``url``, ``description``, ``events``, ``enabled`` or ``asymmetric``.

        One that is enabled is told of what happens from then on.

        Raises:
            Forbidden: The actor may not read the events.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: The URL may not be called, or no event is meant.
            WebhookNotFound: There is none.
        """
        demand_reading(actor)
        row = await self.get(webhook_id, lock=True)
        demand_version(row.version, versions)
        self._check(change.get("url"), change.get("events"))
        fields = sorted(n for n in change if getattr(row, n) != change[n])
        for name in set(fields) - {"asymmetric"}:
            setattr(row, name, change[name])
        if "enabled" in fields or "url" in fields:
            row.failures, row.failing_since, row.paused_until = 0, None, None
        if "enabled" in fields:
            await self._switched(row)
        if "asymmetric" in fields:
            row.signing_key = (
                new_key(self.process, row.id) if change["asymmetric"] else None
            )
            row.previous_signing_key = None
        row.version += 1
        row.updated_at = self._uow.clock.now()
        self._uow.record(
            WebhookUpdated(
                webhook_id=row.id, url=place_of(row.url), fields=tuple(fields)
            )
        )
        return row

    async def _switched(self, row: Webhook) -> None:
        row.disabled_reason = None if row.enabled else "administrator"
        if row.enabled:
            row.seen_id = self._uow.randomness.uuid7()
            return
        now = self._uow.clock.now()
        await self._uow.webhook_deliveries.end_open(row.id, now, SWITCHED_OFF)

    async def delete(
        self, actor: Actor, webhook_id: UUID, versions: Collection[str] | None
    ) -> None:
        """Delete a webhook and the list of what it was sent.

        Raises:
            Forbidden: The actor may not read the events.
            PreconditionFailed: Somebody changed it since.
            WebhookNotFound: There is none.
        """
        demand_reading(actor)
        row = await self.get(webhook_id, lock=True)
        demand_version(row.version, versions)
        await self._uow.webhooks.delete(row)
        self._uow.record(WebhookDeleted(webhook_id=row.id, url=place_of(row.url)))

    async def rotate(
        self, actor: Actor, webhook_id: UUID, overlap: int
    ) -> tuple[Webhook, str]:
        """Make another secret; the one before signs beside it for a while.

        Args:
            actor: Who asks.
            webhook_id: Which webhook.
            overlap: Seconds in which both sign; 0 ends the one before at once.

        Raises:
            Forbidden: The actor may not read the events.
            WebhookNotFound: There is none.
        """
        demand_reading(actor)
        row = await self.get(webhook_id, lock=True)
        now = self._uow.clock.now()
        secret = new_secret(self._uow.randomness.bytes(_SECRET_BYTES))
        row.previous_secret = row.secret if overlap else None
        row.previous_signing_key = row.signing_key if overlap else None
        row.previous_until = now + timedelta(seconds=overlap) if overlap else None
        row.secret = self._sealed(row.id, secret)
        row.signing_key = new_key(self.process, row.id) if row.asymmetric else None
        row.version += 1
        row.updated_at = now
        self._uow.record(WebhookSecretRotated(webhook_id=row.id, overlap=overlap))
        return row, secret

    async def test(self, actor: Actor, webhook_id: UUID) -> WebhookDelivery:
        """Have the event of this very test sent, whatever the webhook is told of.

        Raises:
            Forbidden: The actor may not read the events.
            WebhookNotFound: There is none.
            WebhookOff: It is switched off.
        """
        row = await self._switched_on(actor, webhook_id)
        event_id = self._uow.randomness.uuid7()
        self._uow.record(WebhookTested(webhook_id=row.id), event_id=event_id)
        await self._uow.db.flush()
        event = await self._uow.audit_events.by_id(event_id)
        assert event is not None  # written a moment ago
        delivery = delivery_of(self._uow, row.id, event)
        return self._uow.webhook_deliveries.add(delivery)

    async def replay(self, actor: Actor, webhook_id: UUID, delivery_id: UUID) -> int:
        """Have one event sent once more, delivered or not; return how many: one.

        Raises:
            Forbidden: The actor may not read the events.
            WebhookDeliveryBusy: It is being delivered.
            WebhookDeliveryNotFound: There is no such delivery.
            WebhookNotFound: There is none.
            WebhookOff: It is switched off.
        """
        row = await self._switched_on(actor, webhook_id)
        deliveries, now = self._uow.webhook_deliveries, self._uow.clock.now()
        found = await deliveries.by_id(row.id, delivery_id)
        if found is None:
            raise WebhookDeliveryNotFound
        if not await deliveries.retry(row.id, [found.event_id], now):
            raise WebhookDeliveryBusy
        self._uow.record(WebhookReplayed(webhook_id=row.id, count=1))
        return 1

    async def replay_span(
        self,
        actor: Actor,
        webhook_id: UUID,
        since: datetime,
        until: datetime | None,
    ) -> int:
        """Have the events of a span sent once more, or at all; return how many.

        Those that it is told of now, whether it had them or not: whatever happened
        while it was away or switched off is brought in this way.

        Raises:
            Forbidden: The actor may not read the events.
            Unprocessable: They are more than ``MAX_REPLAY``.
            WebhookNotFound: There is none.
            WebhookOff: It is switched off.
        """
        row = await self._switched_on(actor, webhook_id)
        now, deliveries = self._uow.clock.now(), self._uow.webhook_deliveries
        events = await self._uow.audit_events.list_named(
            wanted_names(row.events), since, until or now, MAX_REPLAY + 1
        )
        if len(events) > MAX_REPLAY:
            message = f"are more than {MAX_REPLAY} events; name a shorter span"
            raise Unprocessable([FieldError("since", "too_many_events", message)])
        known = await deliveries.events_of(row.id, [each.id for each in events])
        again = await deliveries.retry(row.id, known, now)
        missed = [each for each in events if each.id not in set(known)]
        for event in missed:
            deliveries.add(delivery_of(self._uow, row.id, event))
        count = len(again) + len(missed)
        self._uow.record(WebhookReplayed(webhook_id=row.id, count=count))
        return count

    async def _switched_on(self, actor: Actor, webhook_id: UUID) -> Webhook:
        demand_reading(actor)
        row = await self.get(webhook_id, lock=True)
        if not row.enabled:
            raise WebhookOff
        return row

    def _check(self, url: str | None, events: Sequence[str] | None) -> None:
        errors = []
        if url is not None:
            try:
                self.process.outbound.judge(url)
            except OutboundRefused as error:
                errors.append(FieldError("url", "url_refused", error.hint))
        for number, pattern in enumerate(events or ()):
            if not is_known(pattern):
                message = "is no event; docs/events.md lists them, and user.* is many"
                errors.append(FieldError(f"events.{number}", "unknown_event", message))
        if errors:
            raise Unprocessable(errors)

    def _sealed(self, webhook_id: UUID, secret: str) -> bytes:
        nonce = self._uow.randomness.bytes(12)
        return self.process.secret_key.seal(
            secret.encode(), nonce, seal_context(webhook_id)
        )


async def switch_off(uow: UnitOfWork, row: Webhook, reason: str) -> None:
    """Send an endpoint nothing any more, because of what it does.

    Args:
        uow: The transaction.
        row: The endpoint, locked.
        reason: ``failing`` for too long, or ``gone`` as it said itself.
    """
    now = uow.clock.now()
    row.enabled, row.disabled_reason = False, reason
    row.version += 1
    row.updated_at = now
    await uow.webhook_deliveries.end_open(row.id, now, SWITCHED_OFF)
    uow.record(WebhookDisabled(webhook_id=row.id, url=place_of(row.url), reason=reason))


def place_of(url: str) -> str:
    """Return what evidence says of where an endpoint is, which others are told too.

    Path and query of many products' endpoints are all that one has to know.
    """
    found = _PLACE.match(url)
    return "" if found is None else found[0]


def demand_reading(actor: Actor) -> None:
    """Refuse who may not read events, or whose token may not: a webhook gets them."""
    if actor.token_id is not None and "audit:read" not in actor.scope:
        raise TokenScopeMissing("audit:read")
    if not actor.may("audit:read"):
        raise Forbidden(hint="audit:read is missing")
