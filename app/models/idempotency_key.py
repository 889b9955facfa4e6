"""Answers that are given again when the same request comes again."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class IdempotencyKey(Base):
    """The first answer to an ``Idempotency-Key``, bound to caller, route and body.

    Both hashes are made under the secret key: a body holds a password.
    """

    __tablename__ = "idempotency_keys"
    retention: ClassVar[str] = "one day"
    exported: ClassVar[str] = "no: an answer that was given already, for a day"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int]
    location: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
