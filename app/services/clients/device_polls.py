"""How often devices ask, in the memory of each process (ADR-0076).

To count it in the database would cost a write for each device and each five seconds.
Nothing rests on it but load: behind several processes a device may ask each of them
once an interval, and whoever is forgotten asks once more.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from app.oauth.device.authorization import INTERVAL

_MOST = 10_000  # devices, two megabytes
# Whoever waits for the whole interval by another clock is not told off for a moment.
_BETWEEN = timedelta(seconds=INTERVAL - 1)


class DevicePolls:
    """When each device that waits was last answered from the database."""

    def __init__(self, most: int = _MOST) -> None:
        """Remember so many devices, those that asked last."""
        self._most = most
        self._at: OrderedDict[UUID, datetime] = OrderedDict()

    def is_too_soon(self, code_id: UUID, now: datetime) -> bool:
        """Tell whether a device did not wait.

        What is too soon is not counted itself: a device that never waits still learns
        once in an interval what was decided.
        """
        last = self._at.get(code_id)
        return last is not None and now - last < _BETWEEN

    def note(self, code_id: UUID, now: datetime) -> None:
        """Remember that a device has to wait from now on."""
        self._at[code_id] = now
        self._at.move_to_end(code_id)
        if len(self._at) > self._most:
            self._at.popitem(last=False)

    def forget(self, code_id: UUID) -> None:
        """Forget a device that has its answer."""
        self._at.pop(code_id, None)
