"""Roles, which carry permissions, and who has them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Role(Base):
    """A named set of permissions ``<area>:<read|write>``; the name is its identity."""

    __tablename__ = "roles"
    retention: ClassVar[str] = "until the role is deleted"
    exported: ClassVar[str] = "no: what a role may do, and nobody's account"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    description: Mapped[str] = mapped_column(String(500))
    permissions: Mapped[list[str]]
    built_in: Mapped[bool]
    # Who has the role needs a second factor to sign in.
    mfa_required: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UserRole(Base):
    """A user's membership in a role."""

    __tablename__ = "user_roles"
    retention: ClassVar[str] = "as long as the user and the role"
    exported: ClassVar[str] = "as `user`: its `roles`"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(
        ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True, index=True
    )
