"""Evidence of other times than the present."""

import itertools
from datetime import datetime
from uuid import UUID

_COUNT = itertools.count()


def id_of(instant: datetime) -> UUID:
    """Return the id that an event of an instant has, later than those made before."""
    milliseconds = int(instant.timestamp() * 1_000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | next(_COUNT))
