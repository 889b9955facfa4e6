"""Sessions that began elsewhere, and sign-outs that were told from there."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base
from app.models.upstream.connection import MAX_SUBJECT

MAX_SID = 255  # characters


class UpstreamSession(Base):
    """A session here that somebody began by coming from elsewhere (ADR-0104).

    A table of its own, so that other sessions cost nothing. ``sid`` is what the other
    side calls its own session. ``sealed_tokens`` are those that it is asked by, and
    signed out with; ``due_at`` is when they are looked at next, and while somebody
    does, until when nobody else may. ``claims`` counts who looked or signed in again:
    what was asked at one count changes nothing at the next.
    """

    __tablename__ = "upstream_sessions"
    retention: ClassVar[str] = "as long as the session; its tokens until that ended"
    exported: ClassVar[str] = "no: of each its session and its identity are"

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    identity_id: Mapped[UUID] = mapped_column(
        ForeignKey("upstream_identities.id", ondelete="CASCADE"), index=True
    )
    sid: Mapped[str | None] = mapped_column(String(MAX_SID), index=True)
    sealed_tokens: Mapped[bytes | None]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    claims: Mapped[int]


class UpstreamLogout(Base):
    """A logout token that was taken, and is not again (Back-Channel Logout §2.6).

    Who was on the way in when it came is kept out by it. ``id`` is made of the
    connection and the token's ``jti``.
    """

    __tablename__ = "upstream_logouts"
    retention: ClassVar[str] = "half an hour: older tokens are refused by their age"
    exported: ClassVar[str] = "no: gone before anybody could read it"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), index=True
    )
    subject: Mapped[str | None] = mapped_column(String(MAX_SUBJECT))
    sid: Mapped[str | None] = mapped_column(String(MAX_SID))
    received_at: Mapped[datetime] = mapped_column(index=True)
