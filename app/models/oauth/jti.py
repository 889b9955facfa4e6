"""What must not be taken again before it would have expired anyway."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OAuthRevokedToken(Base):
    """What APIs may not take any more, and no other row says so.

    An access token that was revoked alone (RFC 7009): ``id`` is its ``jti``. A grant of
    an account that was deleted, by its own id; a client that was disabled or deleted,
    by ``oauth.resources.revoked.client_entry`` (ADR-0084). One that lives again, by
    ``past_entry``: what was issued until a day before ``expires_at`` stays over.

    Attributes:
        ended_at: When it was noted; None in what the release before noted.
        client_entry: Of the client that a token was issued to, if it was revoked alone.
    """

    __tablename__ = "oauth_revoked_tokens"
    retention: ClassVar[str] = "until expires_at"
    exported: ClassVar[str] = "no: ids of tokens and grants, without a person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    client_entry: Mapped[UUID | None]


class OAuthAssertion(Base):
    """A client assertion that was seen; ``digest`` is of its issuer and ``jti``."""

    __tablename__ = "oauth_assertions"
    retention: ClassVar[str] = "until expires_at"
    exported: ClassVar[str] = "no: ids of assertions of applications"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
