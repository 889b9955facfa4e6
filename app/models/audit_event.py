"""Evidence."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import ON_POSTGRESQL, ON_SQLITE, Base


class AuditEvent(Base):
    """What happened, written in the transaction that did it (architecture, rule 4).

    No foreign keys: evidence outlives the account, as a bare id.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "user_id", "id", info=ON_SQLITE),
        Index(None, "name", "id", info=ON_SQLITE),
        Index(None, "created_at", info=ON_SQLITE),
        # Partial as well (migration 0010); to say so here would load SQLite's dialect
        # into every process on PostgreSQL.
        Index("ix_audit_events_actor", "actor_id", "id", info=ON_SQLITE),
        Index("ix_audit_events_correlation", "correlation_id", info=ON_SQLITE),
        # PostgreSQL keeps equal keys once: what many rows share costs few bytes each.
        # It has three more, of names, requests and clients, by expressions that only it
        # knows (migrations 0016 and 0030).
        Index(
            "ix_audit_events_user",
            "user_id",
            postgresql_where=text("user_id IS NOT NULL"),
            info=ON_POSTGRESQL,
        ),
        Index(
            "ix_audit_events_other_actor",
            *("actor_id", "id"),
            postgresql_where=text(
                "actor_id IS NOT NULL AND actor_id IS DISTINCT FROM user_id"
            ),
            info=ON_POSTGRESQL,
        ),
        Index(
            "ix_audit_events_created",
            "created_at",
            postgresql_using="brin",
            info=ON_POSTGRESQL,
        ),
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
    created_at: Mapped[datetime]
