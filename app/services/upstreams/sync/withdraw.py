"""Whom a directory lets in no more is signed out here (ADR-0104, ADR-0105).

Whoever signed in since, as the directory itself allowed it, is not missing.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.events.upstream import UpstreamWithdrawn
from app.repositories.unit_of_work import UnitOfWork
from app.services.upstreams.sync.state import Run
from app.services.upstreams.withdrawal import WITHDREW, end_of_identity

MISSING, NOT_ACTIVE = "missing", "not_active"
_AT_ONCE = 100  # people of a transaction: each may have sessions that end
_DETAIL = {
    MISSING: "nobody in a directory that was read to its end",
    NOT_ACTIVE: "disabled or expired there",
}
_NOTHING_SEEN = b""  # no digest: whoever returns is taken over as a whole


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
        if why == MISSING:
            run.counts.kept += len(some) - ended
        await run.tell()


async def _end(uow: UnitOfWork, run: Run, links: Collection[UUID], why: str) -> int:
    found, ended, now = (
        await uow.upstream_entries.by_identities(links),
        0,
        uow.clock.now(),
    )
    for link, (identity, entry) in found.items():
        if why == MISSING and came_since(identity, run):
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
    """Tell whether somebody came, or was linked, after the reading began."""
    times = (identity.linked_at, identity.last_used_at)
    return any(at is not None and at >= run.started_at for at in times)


async def _keep_out(uow: UnitOfWork, run: Run, identity: Any) -> None:
    """Refuse who is on the way in: who proved a password, and not a second factor."""
    await uow.upstream_logouts.take(
        uow.randomness.uuid7(),
        run.way.id,
        subject=identity.subject,
        sid=None,
        at=uow.clock.now(),
    )
