"""Attributes: what an operator wants to know of people besides what everybody asks."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MAX_ATTRIBUTE_NAME = 63  # characters
# Sorted by bytes on both databases, whatever the server's locale.
_NAME = String(MAX_ATTRIBUTE_NAME).with_variant(
    String(MAX_ATTRIBUTE_NAME, collation="C"), "postgresql"
)


class Attribute(Base):
    """A definition: what values there may be, and who sees and writes them (ADR-0088).

    Name and type stay what they are: mappings name it, and values were judged by it.
    ``owner_access`` is of the person whom a value is about: none, read, or write.
    """

    __tablename__ = "attributes"
    retention: ClassVar[str] = "until the attribute is deleted"
    exported: ClassVar[str] = "no: about nobody; what it says of one as `attributes`"

    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(200))
    owner_access: Mapped[str] = mapped_column(String(8))
    required: Mapped[bool]
    pattern: Mapped[str | None] = mapped_column(String(200))
    max_length: Mapped[int | None]
    allowed: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UserAttribute(Base):
    """What an attribute is of one person, in its type."""

    __tablename__ = "user_attributes"
    retention: ClassVar[str] = "as long as the user and the attribute"
    exported: ClassVar[str] = "as `user`: its `attributes`"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    attribute: Mapped[str] = mapped_column(
        ForeignKey("attributes.name", ondelete="CASCADE"), primary_key=True, index=True
    )
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime]
