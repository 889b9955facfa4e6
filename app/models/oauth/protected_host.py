"""Hosts whose proxy asks here who is there (ADR-0081)."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base
from app.models.oauth.client import CLIENT_ID

MAX_HOST = 261  # characters: a name of DNS, a colon, a port
HOST = String(MAX_HOST).with_variant(
    String(MAX_HOST, collation="C"), "postgresql"
)  # compared and sorted by bytes on both


class ProtectedHost(Base):
    """A program without a sign-in of its own, behind a proxy that asks here.

    People sign in to it as to any application: ``client_id`` is that. ``roles`` and
    ``groups`` say who may enter, both None being everybody who is signed in;
    ``open_paths`` what is there for all; ``told`` which header fields the program gets;
    ``machines`` which clients may come with their secret. ``version`` counts the
    changes (``ETag``).
    """

    __tablename__ = "protected_hosts"
    retention: ClassVar[str] = "until deleted, or with its client"
    exported: ClassVar[str] = "no: a program, and nobody's account"

    host: Mapped[str] = mapped_column(HOST, primary_key=True)
    client_id: Mapped[str] = mapped_column(
        CLIENT_ID,
        ForeignKey("oauth_clients.client_id", ondelete="CASCADE"),
        unique=True,
    )
    name: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    groups: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    open_paths: Mapped[list[str]]
    minimum_acr: Mapped[str | None] = mapped_column(String(16))
    told: Mapped[list[str]]
    machines: Mapped[list[str]]
    sign_out_path: Mapped[str] = mapped_column(String(200))
    ends_session: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
