"""Where the service was last served, in development."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ServedAddress(Base):
    """The address that a process said at its start, for commands that know no port.

    One row: of several processes, the one that started last. Nobody takes it back, so
    it is the last known address and not a living one (ADR-0050).
    """

    __tablename__ = "served_addresses"
    retention: ClassVar[str] = "as long as the database: one row"
    exported: ClassVar[str] = "no: it is about nobody"

    id: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, default=1
    )
    address: Mapped[str] = mapped_column(String(512))
    started_at: Mapped[datetime]
