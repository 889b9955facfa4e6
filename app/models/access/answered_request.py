"""Requests that were not refused."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AnsweredRequest(Base):
    """Why a sign-in or a request for tokens was allowed (ADR-0092).

    Written where an operator wants it, as refused requests are: after the answer, and
    for a while only. Apart from those, so that what people do all day leaves them room.
    """

    __tablename__ = "answered_requests"
    retention: ClassVar[str] = "AUTH_SERVE_RETENTION__ANSWERED_REQUEST_TTL"
    exported: ClassVar[str] = "no: it names nobody"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    correlation_id: Mapped[str] = mapped_column(String(128), index=True)
    method: Mapped[str] = mapped_column(String(16))
    route: Mapped[str] = mapped_column(String(128))
    status: Mapped[int]
    steps: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
