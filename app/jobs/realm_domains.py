"""Looks whether domains still have the record that verified them (ADR-0103)."""

import logging
from datetime import timedelta

from app.services.server.runtime import Runtime

BATCH = 20
_EVERY = timedelta(days=1)
_log = logging.getLogger("auth_serve.realm_domains")


class RealmDomainsJob:
    """Tells of a record that is gone, and takes nothing away.

    Whose domain is not led any more would sign in with a password of here: to take it
    away in silence would open what its connection closes.
    """

    name = "realm_domains"
    interval = 3_600.0

    def __init__(self, runtime: Runtime) -> None:
        """Look by this process."""
        self._runtime = runtime

    async def run(self) -> bool:
        """Look for a batch of records; True when there may be more."""
        runtime = self._runtime
        before = runtime.clock.now() - _EVERY
        async with runtime.unit_of_work(read_only=True) as uow:
            due = await uow.realm_domains.list_due(before, BATCH)
        if not due:
            return False
        from app.core.outbound import OutboundFailed
        from app.services.upstreams.realm_check import check

        for row, connection in due:
            try:
                await check(runtime, row, connection)
            except OutboundFailed as error:
                told = {"domain": row.domain, "reason": str(error)}
                _log.warning("the record of a domain cannot be looked for", extra=told)
                return False  # at the next run
        return len(due) == BATCH
