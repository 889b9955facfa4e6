"""Deletes what was kept long enough, as each model's ``retention`` says.

It only cleans: expiry is enforced wherever something is used (architecture, rule 15).
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from app.repositories.statements.rate_limit import SqlStore
from app.repositories.statements.statistics import StatisticsRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.address import CollisionService
from app.services.accounts.unverified import end_unverified
from app.services.clients.change import delete_unused
from app.services.oauth.grant import GrantService
from app.services.one_time.token import Purpose
from app.services.process.refused_request import MOST
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService
from app.services.sessions.session import SessionService
from app.setting_groups import DAY

BATCH = 500  # rows a statement deletes: short locks, short transactions
_ADDRESSES = timedelta(hours=6)
_LOGOUTS = 1_800  # seconds; older tokens are refused by their age
_STATISTICS = timedelta(days=400)
_SYNCS = timedelta(days=30)
_GONE = timedelta(hours=1)
# Longer than an endpoint may fail, or all tries of a delivery take: one that answers
# now and then, or takes less than happens, would have a longer line every day. Who did
# not run for a week sends for an hour what waited.
_BACKLOG, _HEAD_START = timedelta(days=7), timedelta(hours=1)
_NO_TURN = "it was due for a week: the endpoint takes less than happens"
Sweep = Callable[[UnitOfWork], Awaitable[int]]

_log = logging.getLogger("auth_serve.janitor")


class JanitorJob:
    """One batch of each table a run, each in a transaction of its own."""

    name = "janitor"
    interval = 600.0

    def __init__(self, runtime: Runtime, *, batch: int = BATCH) -> None:
        """Delete at most ``batch`` rows with one statement."""
        self._runtime = runtime
        self._batch = batch
        self._buckets = SqlStore(runtime.database)
        self._keys = SigningKeyService(runtime)
        self._collisions = CollisionService(runtime)
        self._addresses_at: datetime | None = None
        self._begun_at: datetime | None = None

    async def run(self) -> bool:
        """Delete a batch everywhere; True when a table may hold more."""
        now = self._runtime.clock.now()
        self._begun_at = self._begun_at or now
        deleted = {"rate_limits": await self._buckets.delete_full(now, self._batch)}
        for table, sweep in self._sweeps(now).items():
            async with self._runtime.unit_of_work() as uow:
                deleted[table] = await sweep(uow)
        await self._keys.clean()
        await self._put_addresses_right(now)
        if any(deleted.values()):
            _log.info("cleaned", extra={"deleted": deleted})
        return self._batch in deleted.values()

    async def _put_addresses_right(self, now: datetime) -> None:
        """Recompute keys that the release before may have written since the last time.

        Seldom: it reads all accounts, and changes none once that release is gone.
        """
        if self._addresses_at is not None and now < self._addresses_at + _ADDRESSES:
            return
        changed = await self._collisions.put_right()
        if changed:
            _log.warning("keys of addresses recomputed", extra={"accounts": changed})
        self._addresses_at = now

    def _sweeps(self, now: datetime) -> dict[str, Sweep]:
        keep, batch = self._runtime.settings.retention, self._batch

        def before(seconds: int) -> datetime:
            return now - timedelta(seconds=seconds)

        most = self._runtime.settings.session.max_per_user
        return {
            "surplus_sessions": lambda uow: SessionService(uow).end_surplus(
                most, batch
            ),
            "sessions": lambda uow: uow.sessions.delete_ended(
                before(keep.session_ttl), batch
            ),
            "one_time_tokens": lambda uow: uow.one_time_tokens.delete_expired(
                before(DAY), batch
            ),
            "devices": lambda uow: uow.devices.delete_expired(before(DAY), batch),
            "personal_tokens": lambda uow: uow.personal_tokens.delete_expired(
                before(keep.session_ttl), batch
            ),
            "outbox": lambda uow: uow.outbox.delete_finished(
                before(keep.outbox_ttl), batch
            ),
            "webhook_deliveries": lambda uow: uow.webhook_deliveries.delete_finished(
                before(keep.outbox_ttl), batch
            ),
            "audit_events": lambda uow: uow.audit_events.delete_older(
                before(keep.audit_ttl), batch
            ),
            "refused_requests": lambda uow: uow.refused_requests.delete_old(
                before(keep.refused_request_ttl), MOST, batch
            ),
            "upstream_logouts": lambda uow: uow.upstream_logouts.delete_old(
                before(_LOGOUTS), batch
            ),
            "idempotency_keys": lambda uow: uow.idempotency_keys.delete_expired(
                now, batch
            ),
            "unverified_users": lambda uow: end_unverified(
                uow, keep.unverified_ttl, batch
            ),
            "hourly_statistics": lambda uow: StatisticsRepository(uow.db).delete_older(
                now - _STATISTICS, batch
            ),
            "sealing_processes": lambda uow: uow.sealing_processes.delete_gone(
                now - _GONE, batch
            ),
            **self._protocol_sweeps(now),
        }

    async def _give_up_backlog(self, uow: UnitOfWork, now: datetime) -> int:
        if self._begun_at is None or now < self._begun_at + _HEAD_START:
            return 0
        return await uow.webhook_deliveries.give_up_backlog(
            now - _BACKLOG, now, _NO_TURN, self._batch
        )

    def _protocol_sweeps(self, now: datetime) -> dict[str, Sweep]:
        batch = self._batch
        keep = self._runtime.settings.retention
        kept = timedelta(seconds=keep.session_ttl)
        allowed = timedelta(seconds=keep.answered_request_ttl)
        pending = timedelta(seconds=DAY)
        oauth = self._runtime.settings.oauth
        unused = timedelta(seconds=oauth.unused_client_ttl)
        never_used = timedelta(seconds=oauth.never_used_client_ttl)
        return {
            "webhook_backlog": lambda uow: self._give_up_backlog(uow, now),
            "connection_syncs": lambda uow: uow.connection_syncs.delete_old(
                now - _SYNCS, batch
            ),
            "oauth_clients": lambda uow: delete_unused(uow, unused, never_used, batch),
            # Strangers make them, and nothing asks for one that is over.
            "oauth_flows": lambda uow: uow.one_time_tokens.delete_expired(
                now, batch, Purpose.OAUTH_FLOW
            ),
            "oauth_client_secrets": lambda uow: (
                uow.oauth_clients.delete_expired_secrets(now, batch)
            ),
            "answered_requests": lambda uow: uow.answered_requests.delete_old(
                now - allowed, batch
            ),
            "surplus_grants": lambda uow: GrantService(uow).end_surplus(batch),
            "oauth_grants": lambda uow: uow.oauth_grants.delete_ended(
                now - kept, now - pending, batch
            ),
            "device_codes": lambda uow: uow.device_codes.delete_expired(
                now - pending, batch
            ),
            "oauth_revoked_tokens": lambda uow: uow.oauth_used.delete_expired_tokens(
                now, batch
            ),
            "oauth_assertions": lambda uow: uow.oauth_used.delete_expired_assertions(
                now, batch
            ),
        }
