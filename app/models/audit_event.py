"""Evidence."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AuditEvent(Base):
    """What happened, written in the transaction that did it (architecture, rule 4).

    No foreign keys: evidence outlives the account, as a bare id.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "name", "id"),
        Index(
            "ix_audit_events_actor",
            *("actor_id", "id"),
            # SQLite's is as partial (migration 0010); to say so here would load its
            # dialect into every process on PostgreSQL.
            postgresql_where=text("actor_id IS NOT NULL"),
        ),
        Index("ix_audit_events_correlation", "correlation_id", postgresql_using="hash"),
    )
    retention: ClassVar[str] = "AUTH_SERVE_RETENTION__AUDIT_TTL"
    exported: ClassVar[str] = (
        "as `activity`: what happened to the account, and what it did"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[UUID | None]  # whom it is about
    actor_id: Mapped[UUID | None]  # who did it
    correlation_id: Mapped[str] = mapped_column(String(128))
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(256))
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
