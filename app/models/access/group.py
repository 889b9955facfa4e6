"""Groups of people, the roles they carry, and who belongs to them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_GROUP_NAME = 128  # characters
# Sorted by bytes on both databases, whatever the server's locale.
_NAME = String(MAX_GROUP_NAME).with_variant(
    String(MAX_GROUP_NAME, collation="C"), "postgresql"
)


class Group(Base):
    """Some people; applications are told its name, so it can be a policy of theirs.

    No two names differ in case alone: whoever compares them elsewhere may not see it.
    ``name_key`` is the name in small letters.
    """

    __tablename__ = "groups"
    retention: ClassVar[str] = "until the group is deleted"
    exported: ClassVar[str] = "no: nobody's account; who is in it as `groups`"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_NAME)
    name_key: Mapped[str] = mapped_column(_NAME, unique=True)
    description: Mapped[str] = mapped_column(String(500))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class GroupMember(Base):
    """A person's membership in a group."""

    __tablename__ = "group_members"
    retention: ClassVar[str] = "as long as the user and the group"
    exported: ClassVar[str] = "as `user`: its `groups`"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    group_id: Mapped[UUID] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    added_at: Mapped[datetime]

    __table_args__ = (Index("ix_group_members_page", "group_id", "user_id"),)


class GroupRole(Base):
    """A role that a group carries: all of its members have it."""

    __tablename__ = "group_roles"
    retention: ClassVar[str] = "as long as the group and the role"
    exported: ClassVar[str] = "no: nobody's account; as `user`: its `roles`"

    group_id: Mapped[UUID] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(
        ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True, index=True
    )
