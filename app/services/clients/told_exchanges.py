"""Which exchanges of tokens a process wrote down in the audit trail already."""

from collections import OrderedDict
from collections.abc import Hashable

_MOST = 10_000  # exchanges of a process, two megabytes


class ToldExchanges:
    """What a process wrote down of late: a gateway exchanges with each request.

    One that was forgotten, or that another process wrote down, is told once more.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Remember so many, the latest."""
        self._most = most
        self._told: OrderedDict[int, None] = OrderedDict()

    def is_news(self, exchange: Hashable) -> bool:
        """Tell whether an exchange is not remembered, and remember it."""
        key = hash(exchange)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > self._most:
            self._told.popitem(last=False)
        return True
