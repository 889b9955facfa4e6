"""Domains whose people a connection leads: home-realm discovery (ADR-0103)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_DOMAIN = 241  # characters: the name of its record has twelve more, of 253
BY_DNS, BY_WORD = "dns", "administrator"  # how a domain was verified


class RealmDomain(Base):
    """A domain of addresses that one connection leads, once it is verified.

    ``domain`` is as DNS knows it. ``token`` stands in a TXT record of the domain: it
    opens nothing. ``checked_at`` is when that record was looked for last, and
    ``missing_since`` when it was not there any more.
    """

    __tablename__ = "realm_domains"
    retention: ClassVar[str] = "until the connection is deleted"
    exported: ClassVar[str] = "no: a domain, and nobody's account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), index=True
    )
    domain: Mapped[str] = mapped_column(String(253), unique=True)
    token: Mapped[str] = mapped_column(String(64))
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[str | None] = mapped_column(String(16))
    checked_at: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
