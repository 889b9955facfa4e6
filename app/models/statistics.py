"""What happened how often, hour by hour."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class HourlyStatistics(Base):
    """How often something happened in an hour, counted from the audit trail.

    ``counted_until`` is the mark of who counts: events from before it are in the
    numbers, others are not yet, and both are moved by the same statement (ADR-0069).
    ``active_sessions`` were live when the hour was first looked at; nobody knows it of
    an hour that was over by then.
    """

    __tablename__ = "hourly_statistics"
    retention: ClassVar[str] = "400 days: a year and what it is compared with"
    exported: ClassVar[str] = "no: it is about nobody"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    counted_until: Mapped[datetime]
    sign_ins: Mapped[int]
    sign_in_failures: Mapped[int]
    new_accounts: Mapped[int]
    active_sessions: Mapped[int | None]
