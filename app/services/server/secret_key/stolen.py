"""Signing keys that may be in wrong hands: the next ones sign at once, these end."""

import logging
from datetime import timedelta

from app.events.signing_key import SigningKeyWithdrawn
from app.services.process.process import Process
from app.services.server.signing_key import SigningKeyService

# No process whose clock is behind may find an ended key alive, and prolong it.
_LAG = timedelta(minutes=1)
_log = logging.getLogger("auth_serve.signing_key")


class StolenKeyService:
    """Withdraws signing keys; nobody waits for an announcement."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process
        self._keys = SigningKeyService(process)

    async def withdraw(
        self, algorithm: str | None = None, *, store: str | None = None
    ) -> int:
        """Make new keys that sign at once, and end all others; return how many ended.

        What the others signed is refused here from now on, and other processes know
        within a minute. Sessions, grants and their refresh tokens are not signed by
        them and live on. A second call after one that failed half-way is right.

        Args:
            algorithm: The only one whose keys end; all, if there is none.
            store: Where the new ones are made; None means where the settings say.

        Raises:
            Unprocessable: As ``SigningKeyService.rotate`` does; nothing ended then.
            SigningUnavailable: Likewise.
        """
        await self._keys.rotate(algorithm, store=store)
        async with self._process.unit_of_work() as uow:
            now = uow.clock.now()
            rows = await uow.signing_keys.list_published(now)
            made = self._process.settings.signing_algorithms
            # Of an algorithm that signs no more there is no heir: all of its keys end.
            newest = {row.algorithm: row for row in rows if row.algorithm in made}
            old = [
                row
                for row in rows
                if algorithm in (None, row.algorithm)
                and row is not newest.get(row.algorithm)
            ]
            heirs = {newest[row.algorithm].kid for row in old if row.algorithm in made}
            await uow.signing_keys.activate(sorted(heirs), now)
            await uow.signing_keys.set_end([row.kid for row in old], now - _LAG)
            for row in old:
                about = {"kid": row.kid, "algorithm": row.algorithm, "store": row.store}
                uow.record(
                    SigningKeyWithdrawn(
                        kid=row.kid, algorithm=row.algorithm, store=row.store
                    )
                )
                _log.warning("signing key withdrawn", extra=about)
        await self._keys.load()
        return len(old)
