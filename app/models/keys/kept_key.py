"""What outlives a secret key, and which secret keys there were (ADR-0099)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class KeptKey(Base):
    """A key that the first secret key derived, sealed by the present one.

    Pairwise subjects, recovery codes and handles of passkeys are made with them, and
    have to be the same under every secret key that follows.
    """

    __tablename__ = "kept_keys"
    retention: ClassVar[str] = "as long as the database: one row for each of two keys"
    exported: ClassVar[str] = "no: keys of the service"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class SealingKey(Base):
    """A secret key that something may be sealed by, until ``ended_at``.

    ``mark`` tells it apart and says nothing about it. Whoever has not every key that is
    not ended does not start. ``values_left`` are those that may still be sealed by it,
    as whoever seals them anew knew at ``counted_at``.
    """

    __tablename__ = "sealing_keys"
    retention: ClassVar[str] = "as long as the database: one row for each secret key"
    exported: ClassVar[str] = "no: it is about nobody"

    mark: Mapped[str] = mapped_column(String(32), primary_key=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    values_left: Mapped[int | None]
    counted_at: Mapped[datetime | None]


class SealingProcess(Base):
    """A process that seals with the secret key of this mark, ``until`` it says more.

    As long as one is there the key is not ended.
    """

    __tablename__ = "sealing_processes"
    retention: ClassVar[str] = "until it ends; one that was killed: an hour more"
    exported: ClassVar[str] = "no: it is about nobody"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime]
