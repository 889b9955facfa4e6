"""A process says which secret key it seals with, as long as it does (ADR-0099).

A key that somebody seals with is not ended. Who says nothing for a while, since it was
killed or stood still, is taken for gone; if it comes back, it finds that its key was
ended meanwhile, and takes that back.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.database_errors import DatabaseUnavailable
from app.events.secret_key import SecretKeyRotationBegun
from app.services.process.closing import close_parts
from app.services.process.process import Process

INTERVAL = 60.0  # seconds between two announcements
VALID = timedelta(seconds=180)  # so that one may fail, and the next one be late
_PATIENCE = 1.0  # seconds that an end waits for the database
_log = logging.getLogger("auth_serve.secret_key")


class SealingPresence:
    """What others know of this process."""

    def __init__(self, process: Process) -> None:
        """Say nothing yet."""
        self._process = process
        self._mark = process.secret_key.marks[0]

    async def announce(self) -> None:
        """Say that this process seals with its first key, from now on or still."""
        async with self._process.unit_of_work() as uow:
            now, kept = uow.clock.now(), uow.kept_keys
            known = await kept.take(self._mark)
            if known is None or known.ended_at is not None:
                others = tuple(await kept.sealing())
                await kept.begin_sealing(self._mark, now)
                uow.record(SecretKeyRotationBegun(key=self._mark, before=others))
                _log.warning("a secret key that was ended seals still")
            await uow.sealing_processes.announce(
                self._process.instance, self._mark, now + VALID
            )

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Go on saying so, until what is done within has ended."""
        saying = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            saying.cancel()
            await asyncio.wait([saying])
            await self.leave()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            with suppress(SQLAlchemyError, DatabaseUnavailable, OSError):
                await self.announce()

    async def leave(self) -> None:
        """Say that it seals nothing any more; who cannot be told finds out."""
        await close_parts({"seal": self._tell_end()}, _PATIENCE)

    async def _tell_end(self) -> None:
        with suppress(SQLAlchemyError, DatabaseUnavailable, OSError):
            async with self._process.unit_of_work() as uow:
                await uow.sealing_processes.leave(self._process.instance)
