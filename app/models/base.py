"""What all tables share: names of constraints, and instants that keep their zone."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC on both databases; SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Store UTC.

        Raises:
            ValueError: The instant is naive, so nobody can know which one it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Give the zone back."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


# Sorted and compared by bytes on both databases, whatever the server's locale.
BYTEWISE = String(1024).with_variant(String(1024, collation="C"), "postgresql")

# ``info`` of an index that only one of the databases has.
ON_POSTGRESQL = {"dialect": "postgresql"}
ON_SQLITE = {"dialect": "sqlite"}


class Base(DeclarativeBase):
    """A table; a test demands both of its promises.

    Attributes:
        retention: Until when its rows are kept.
        exported: Under which name a person's rows are in ``GET /me/export`` (``as
            `name` ``), or why they are not (``no: ...``).
    """

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        UUID: Uuid(),
        str: String(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
    }

    retention: ClassVar[str]
    exported: ClassVar[str]
