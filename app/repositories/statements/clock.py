"""What the database's clock says."""

from datetime import datetime

from sqlalchemy import func, select

from app.database import Database
from app.models.base import UtcDateTime

# Not ``now()``: that is when the transaction began.
_NOW = select(func.clock_timestamp(type_=UtcDateTime()).label("now"))


async def database_time(database: Database) -> datetime | None:
    """Return the instant, or None where the database has no clock of its own."""
    if database.is_sqlite:
        return None
    row = await database.fetch_one(_NOW, {})
    told: datetime | None = row.now if row is not None else None
    return told
