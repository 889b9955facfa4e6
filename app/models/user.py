"""Accounts."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BYTEWISE, ON_POSTGRESQL, Base


class User(Base):
    """A person's account. An address is a contact; the identity is ``id``.

    ``email`` is what the person typed and where mail goes; ``email_canonical`` is what
    is unique, computed by ``typed_text.canonical_email`` because no two databases
    fold letters alike (ADR-0018). Until ``unverified_until`` an account that somebody
    made for themselves waits for its address to be confirmed; where it is empty,
    somebody vouched for the account. ``factors_version`` counts every factor that came
    or went: what a sign-in was judged by must still be so when it ends. Until
    ``factors_frozen_until`` nobody changes its factors. ``version`` counts the changes
    that others may see (``ETag``). ``password_mailed`` is a password that came by a
    mailed link, and proves no more than the mailbox until it signed in with a second
    factor.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'disabled')", "status"),
        # Few of a million wait for that; the list of these would read all of them.
        Index(
            "ix_users_unverified",
            "id",
            postgresql_where=text("email_verified IS false"),
            info=ON_POSTGRESQL,
        ),
    )
    retention: ClassVar[str] = (
        "until the account is deleted; if it was never verified, until it was not used "
        "for AUTH_SERVE_RETENTION__UNVERIFIED_TTL"
    )
    exported: ClassVar[str] = "as `user`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    email_canonical: Mapped[str] = mapped_column(BYTEWISE, unique=True)
    email_verified: Mapped[bool]
    password_hash: Mapped[str | None] = mapped_column(String(1024))
    password_changed_at: Mapped[datetime | None]
    name: Mapped[str | None] = mapped_column(String(200))
    given_name: Mapped[str | None] = mapped_column(String(200))
    family_name: Mapped[str | None] = mapped_column(String(200))
    picture: Mapped[str | None] = mapped_column(String(2048))
    locale: Mapped[str | None] = mapped_column(String(35))
    zoneinfo: Mapped[str | None] = mapped_column(String(64))
    # Address and name; folding makes up to 18 characters of one.
    search_text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), index=True)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]
    unverified_until: Mapped[datetime | None] = mapped_column(index=True)
    password_mailed: Mapped[bool] = mapped_column(server_default=false(), default=False)
    must_reset_password: Mapped[bool] = mapped_column(server_default=false())
    factors_version: Mapped[int] = mapped_column(server_default="0", default=0)
    factors_frozen_until: Mapped[datetime | None]

    @property
    def is_active(self) -> bool:
        """Tell whether the account may sign in and use what it holds."""
        return self.status == "active"

    def is_frozen(self, now: datetime) -> bool:
        """Tell whether somebody said "this wasn't me" and it is not cleared up."""
        frozen_until = self.factors_frozen_until
        return frozen_until is not None and now < frozen_until
