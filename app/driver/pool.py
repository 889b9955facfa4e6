"""A pool that knows how many wait for one of its connections."""

from dataclasses import dataclass

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry


@dataclass(frozen=True, slots=True)
class PoolState:
    """What becomes of connections at this moment.

    Attributes:
        in_use: Lent out.
        most: That may be lent out at once.
        waiting: Who waits for one.
    """

    in_use: int
    most: int
    waiting: int


class WatchedPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's own, which does not tell who waits."""

    waiting = 0

    def _do_get(self) -> ConnectionPoolEntry:
        if self.checkedin() or self.overflow() < self._max_overflow:
            return super()._do_get()
        self.waiting += 1
        try:
            return super()._do_get()
        finally:
            self.waiting -= 1

    def state(self) -> PoolState:
        """Return what becomes of connections now."""
        most = self.size() + self._max_overflow
        return PoolState(self.checkedout(), most, self.waiting)
