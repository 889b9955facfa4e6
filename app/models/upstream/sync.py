"""Directories that are read as a whole, and what of each person was seen (ADR-0105)."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

DIGEST = 16  # bytes
MAX_DETAIL = 500  # characters
SYNC_EVERY = 0  # seconds, unless an administrator says otherwise: never
MISSING_PERCENT = 10  # of who is linked, that may be missing or disabled at once


class UpstreamEntry(Base):
    """What was seen of somebody when their directory was read last.

    ``digest`` is of all that was taken over from there: while it is the same, there is
    nothing to write. ``withdrawn_at`` is since when they are not let in there.
    ``is_told`` is whether the owner of the account knows of the link.
    """

    __tablename__ = "upstream_entries"
    retention: ClassVar[str] = "as long as the user and the connection"
    exported: ClassVar[str] = "no: a digest of what is exported of the identity"

    identity_id: Mapped[UUID] = mapped_column(
        ForeignKey("upstream_identities.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST))
    withdrawn_at: Mapped[datetime | None]
    is_told: Mapped[bool]


class ConnectionSync(Base):
    """A reading of a directory: asked for, under way, or over.

    One of a connection is open at a time, which an index sees to. ``claims`` counts the
    processes that took it on: who took it before writes nothing more. Until
    ``lease_until`` no other does. ``requested_via`` is how it was asked for, and
    ``requested_by`` by whose account; ``reason`` is a word for ``detail``. ``mark`` is
    of the settings that it was read by; ``is_settled`` that it was complete, and that
    nobody was kept.
    """

    __tablename__ = "connection_syncs"
    __table_args__ = (
        Index(
            "uq_connection_syncs_open",
            "connection_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_connection_syncs_connection_id_id", "connection_id", "id"),
    )
    retention: ClassVar[str] = "a month; the last settled one of a connection stays"
    exported: ClassVar[str] = "no: numbers, and who asked, as the trail has it"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    is_scheduled: Mapped[bool]
    requested_via: Mapped[str | None] = mapped_column(String(8))
    requested_by: Mapped[UUID | None]
    dry_run: Mapped[bool]
    accept_missing: Mapped[bool]
    requested_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    lease_until: Mapped[datetime]
    claims: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(MAX_DETAIL))
    mark: Mapped[str] = mapped_column(String(64))
    is_settled: Mapped[bool]
