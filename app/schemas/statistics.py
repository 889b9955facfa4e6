"""Bodies of ``/api/v1/statistics``."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Instant, Output


class Numbers(Output):
    """An hour or a day, in UTC."""

    begins_at: Instant
    sign_ins: int
    sign_in_failures: int
    new_accounts: int
    active_sessions: int | None = Field(
        description="The most that were seen; null where nobody looked at the time"
    )


class Statistics(Output):
    """Numbers without a gap, oldest first; the last one is not over."""

    by: Literal["hour", "day"]
    counted_until: Instant | None = Field(
        description="Events from before it are counted; null until any are"
    )
    spans: list[Numbers]
