"""Issuers whose tokens of workloads are believed here."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_ISSUERS = 100  # each process holds all of them


class TrustedIssuer(Base):
    """Who signs for workloads, and whom those speak for (ADR-0079).

    ``document`` is the rest of what the administrator said, as
    ``services.clients.trusted_issuer`` judged it. ``version`` counts the changes.
    """

    __tablename__ = "trusted_issuers"
    __table_args__ = (CheckConstraint("status IN ('active', 'disabled')", "status"),)
    retention: ClassVar[str] = "until the issuer is deleted"
    exported: ClassVar[str] = "no: another service, and nobody's account"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(1024), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
