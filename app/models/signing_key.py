"""Keys that sign tokens."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SigningKey(Base):
    """One key pair; ``kid`` is its RFC 7638 thumbprint.

    Published from ``created_at``, signing from ``activates_at`` until its successor
    does, and published on until ``expires_at``, when its last token is dead. The
    private half is AES-256-GCM under a key derived from the secret key, if ``store`` is
    the database; else the public half is, and ``reference`` what that store calls it.
    ``sequence`` makes two processes that rotate an algorithm at once make one key.
    """

    __tablename__ = "signing_keys"
    __table_args__ = (UniqueConstraint("algorithm", "sequence"),)
    retention: ClassVar[str] = "until expires_at"
    exported: ClassVar[str] = "no: keys of the service"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    sequence: Mapped[int]
    public_jwk: Mapped[dict[str, Any]]
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    store: Mapped[str] = mapped_column(String(16), server_default="database")
    reference: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    activates_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
