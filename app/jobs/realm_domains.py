"""Looks whether domains still have the record that verified them (ADR-0103)."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from app.services.server.runtime import Runtime

BATCH = 20
_EVERY = timedelta(days=1)
_AGAIN = timedelta(hours=6)  # after a question that nobody answered
_ALL = 1_000  # there are no more
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
        self._silent: dict[UUID, datetime] = {}  # until when others go first

    async def run(self) -> bool:
        """Look for a batch of records; True when there may be more."""
        runtime = self._runtime
        now = runtime.clock.now()
        async with runtime.unit_of_work(read_only=True) as uow:
            found = await uow.realm_domains.list_due(now - _EVERY, _ALL)
        self._silent = {each: at for each, at in self._silent.items() if at > now}
        due = [each for each in found if each[0].id not in self._silent][:BATCH]
        if not due:
            return False
        from app.core.outbound import OutboundFailed
        from app.services.upstreams.realm_check import check

        silent = 0
        for row, connection in due:
            try:
                await check(runtime, row, connection)
            except OutboundFailed as error:
                told = {"domain": row.domain, "reason": str(error)}
                _log.warning("the record of a domain cannot be looked for", extra=told)
                # Whose servers do not answer keeps nobody from looking for others'.
                self._silent[row.id], silent = now + _AGAIN, silent + 1
        return len(due) == BATCH and silent < BATCH
