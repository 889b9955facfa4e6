"""What operators said about the checklist of a new installation."""

from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ChecklistMark(Base):
    """An item that was dismissed, or done where nobody here can see it (ADR-0071).

    Everything else on the list is computed. A backup leaves no trace in what it copies,
    so the command notes when it last made one.
    """

    __tablename__ = "checklist_marks"
    __table_args__ = (CheckConstraint("mark IN ('dismissed', 'done')", "mark"),)
    retention: ClassVar[str] = "as long as the database: two rows an item at most"
    exported: ClassVar[str] = "no: it is about nobody"

    item: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[Literal["dismissed", "done"]] = mapped_column(
        String(16), primary_key=True
    )
    marked_at: Mapped[datetime]
