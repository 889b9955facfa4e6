"""Attempts that were counted."""

from typing import ClassVar

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RateLimit(Base):
    """One bucket of the limiter. A missing row is a full bucket.

    Only the primary key is indexed: every attempt moves ``tat``, and an index on it
    would keep PostgreSQL from updating rows in place.
    """

    __tablename__ = "rate_limits"
    retention: ClassVar[str] = "until the bucket is full again"
    exported: ClassVar[str] = "no: counts by keyed hash, which name nobody"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    tat: Mapped[int] = mapped_column(BigInteger)  # microseconds since 1970: gcra.py
