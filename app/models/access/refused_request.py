"""Refused requests."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RefusedRequest(Base):
    """Why a sign-in or a request for tokens was refused (ADR-0092).

    Written after the answer, and for a while only. ``steps`` has what
    ``core.context.Step`` has, without anything that looks like a secret or an address.
    """

    __tablename__ = "refused_requests"
    retention: ClassVar[str] = (
        "AUTH_SERVE_RETENTION__REFUSED_REQUEST_TTL, and the latest 200,000 at most"
    )
    exported: ClassVar[str] = "no: it names nobody"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    correlation_id: Mapped[str] = mapped_column(String(128), index=True)
    method: Mapped[str] = mapped_column(String(16))
    route: Mapped[str] = mapped_column(String(128))
    status: Mapped[int]
    steps: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
