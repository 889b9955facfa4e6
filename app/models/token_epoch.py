"""When everything that was issued before ended at once."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class TokenEpoch(Base):
    """A moment before which nothing that was issued counts any more (ADR-0040).

    What has a row of its own is ended there. This is for what has none: access tokens
    of machines, by ``started_at``, and registration access tokens, by ``id``. The id is
    chance, so a restore of the same backup never comes to an earlier one.
    """

    __tablename__ = "token_epochs"
    retention: ClassVar[str] = "as long as the database: one row for each restore"
    exported: ClassVar[str] = "no: it is about nobody"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(32))
