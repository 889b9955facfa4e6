"""Passkeys (WebAuthn Level 3)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Passkey(Base):
    """A credential record (WebAuthn Level 3 section 4) of an account.

    ``user_handle`` is derived from the account's id, or what another product called
    the account that this was imported from: it lies in the authenticator and cannot be
    changed. ``is_backup_eligible`` is not known of an imported one before its first
    use. ``is_user_verified`` tells whether the authenticator knew its user when it made
    the passkey (``uvInitialized``): only then is it ever two factors.
    """

    __tablename__ = "passkeys"
    retention: ClassVar[str] = (
        "until the account is deleted, or the passkey by its owner"
    )
    exported: ClassVar[str] = "as `passkeys`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # COSE_Key (RFC 9052)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_backup_eligible: Mapped[bool | None]
    is_backed_up: Mapped[bool]
    is_user_verified: Mapped[bool]
    transports: Mapped[list[str]]
    aaguid: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
