"""Whom a directory lets in no more is signed out here (ADR-0104, ADR-0105).

Whoever signed in since, as the directory itself allowed it, stays. More than some at
once are more likely a mistake there, whether they are missing or disabled.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.events.upstream import UpstreamWithdrawn
from app.models.upstream.sync import MISSING_PERCENT
from app.repositories.unit_of_work import UnitOfWork
from app.services.upstreams.journey import settings_mark
from app.services.upstreams.sync.state import COMPLETE, Ending, Run
from app.services.upstreams.withdrawal import WITHDREW, end_of_identity

MISSING, NOT_ACTIVE = "missing", "not_active"
_BATCH = 500  # links that are looked at together
_AT_ONCE = 100  # people of a transaction: each may have sessions that end
_DETAIL = {
    MISSING: "nobody in a directory that was read to its end",
    NOT_ACTIVE: "disabled or expired there",
}
_NOTHING_SEEN = b""  # no digest: whoever returns is taken over as a whole


async def withdraw_all(run: Run) -> Ending:
    """Withdraw who is missing or disabled, if that can be; else say why not.

    Only where the directory was read to its end.

    Raises:
        SyncOver: The reading is not to go on.
    """
    async with run.process.unit_of_work(read_only=True) as uow:
        count = await uow.upstream_entries.count_let_in(run.way.id)
        settled = await uow.connection_syncs.settled_mark(run.way.id)
    is_quiet = not (run.counts.writes or run.is_any_disabled)
    if is_quiet and count == run.let_in:
        return Ending(COMPLETE)
    missing, disabled = await _gone(run)
    run.counts.missing, run.counts.disabled = len(missing), len(disabled)
    why, detail = None, ""
    if not run.accept_missing:
        detail = _too_many(run, count)
        if detail:
            why = "too_many"
            run.counts.kept, missing, disabled = len(missing) + len(disabled), [], []
        elif missing and settled not in (None, settings_mark(run.way.settings)):
            why = "settings_changed"
            detail = "the settings are others than when it was read before"
            run.counts.kept, missing = len(missing), []
    await withdraw(run, disabled, NOT_ACTIVE)
    await withdraw(run, missing, MISSING)
    detail = detail and f"{detail}; they are not withdrawn until somebody confirms it"
    return Ending(COMPLETE, why, detail)


def _too_many(run: Run, count: int) -> str:
    """Tell that more would go at once than may; one person always may."""
    missing, disabled = run.counts.missing, run.counts.disabled
    share = run.way.policy.get("sync_missing_percent", MISSING_PERCENT)
    if missing + disabled <= max(1, count * share // 100):
        return ""
    return f"{missing} of {count} linked people are missing, {disabled} are disabled"


async def _gone(run: Run) -> tuple[list[tuple[UUID, UUID]], list[tuple[UUID, UUID]]]:
    """Return who is let in here and missing there, and who is disabled there.

    As links, and whose accounts those are.
    """
    missing: list[tuple[UUID, UUID]] = []
    disabled: list[tuple[UUID, UUID]] = []
    after: str | None = None
    while True:
        async with run.process.unit_of_work(read_only=True) as uow:
            found = await uow.upstream_entries.list_let_in(run.way.id, after, _BATCH)
        for row in found:
            if came_since(row, run):
                continue
            if run.disabled_at(row.id) is not None:
                disabled.append((row.id, row.user_id))
            elif not run.seen.get(row.id.int):
                missing.append((row.id, row.user_id))
        if len(found) < _BATCH:
            return missing, disabled
        after = found[-1].subject


async def withdraw(run: Run, people: Sequence[tuple[UUID, UUID]], why: str) -> None:
    """Sign people out here, with what applications were granted by them.

    Args:
        run: The reading that found it.
        people: Links, and whose accounts those are.
        why: ``MISSING`` or ``NOT_ACTIVE``.

    Raises:
        SyncOver: The reading is not to go on.
    """
    for at in range(0, len(people), _AT_ONCE):
        some = people[at : at + _AT_ONCE]
        if run.dry_run:
            run.counts.withdrawn += len(some)
            continue
        async with run.process.unit_of_work() as uow:
            await run.held(uow)
            await uow.users.locked({user_id for _, user_id in some})
            ended = await _end(uow, run, [link for link, _ in some], why)
        run.counts.withdrawn += ended
        run.counts.kept += len(some) - ended
        await run.tell()


async def _end(uow: UnitOfWork, run: Run, links: Collection[UUID], why: str) -> int:
    found, ended, now = (
        await uow.upstream_entries.by_identities(links),
        0,
        uow.clock.now(),
    )
    for link, (identity, entry) in found.items():
        if came_since(identity, run):
            continue
        count = await end_of_identity(uow, link, WITHDREW)
        await _keep_out(uow, run, identity)
        row = {
            "identity_id": link,
            "digest": _NOTHING_SEEN,
            "withdrawn_at": now,
            "is_told": entry is None or entry.is_told,
        }
        await uow.upstream_entries.put([row])
        uow.record(
            UpstreamWithdrawn(
                user_id=identity.user_id,
                connection=run.way.name,
                identity_id=link,
                reason=why,
                detail=_DETAIL[why],
                sessions=count,
            )
        )
        ended += 1
    return ended


def came_since(identity: Any, run: Run) -> bool:
    """Tell whether somebody came, or was linked, and the directory told nothing after.

    Of who is missing, since the reading began.
    """
    since = run.disabled_at(identity.id) or run.started_at
    times = (identity.linked_at, identity.last_used_at)
    return any(at is not None and at >= since for at in times)


async def _keep_out(uow: UnitOfWork, run: Run, identity: Any) -> None:
    """Refuse who is on the way in: who proved a password, and not a second factor."""
    await uow.upstream_logouts.take(
        uow.randomness.uuid7(),
        run.way.id,
        subject=identity.subject,
        sid=None,
        at=uow.clock.now(),
    )
