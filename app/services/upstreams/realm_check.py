"""A domain's record, looked for again; what changed is told (ADR-0103)."""

from app.events.upstream import ConnectionDomainMissing, ConnectionDomainVerified
from app.models.upstream.realm_domain import BY_DNS, RealmDomain
from app.services.process.process import Process
from app.services.upstreams.realm_domain import is_proven


async def check(process: Process, row: RealmDomain, connection: str) -> None:
    """Look for a record, and note what is found; several processes may at once.

    Args:
        process: Which looks.
        row: The domain, as it was read.
        connection: Name of the connection that it is one of.

    Raises:
        OutboundFailed: DNS could not be asked, which says nothing about the domain.
    """
    is_there = await is_proven(process, row.domain, row.token)
    now = process.clock.now()
    missing_since = None if is_there else row.missing_since or now
    async with process.unit_of_work() as uow:
        if not await uow.realm_domains.note_check(row, now, missing_since):
            return
        if is_there and row.missing_since is not None:
            uow.record(
                ConnectionDomainVerified(
                    connection=connection, domain=row.domain, how=BY_DNS
                )
            )
        elif not is_there and row.missing_since is None:
            uow.record(
                ConnectionDomainMissing(connection=connection, domain=row.domain)
            )
