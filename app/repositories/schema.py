"""Which schema the database has."""

from sqlalchemy import String, column, select, table
from sqlalchemy.exc import DBAPIError

from app.database import Database

SCHEMA_REVISION = "0001"  # a test holds it equal to the head of alembic/versions
_REVISION = select(column("version_num", String)).select_from(table("alembic_version"))


class SchemaRepository:
    """Reads Alembic's own table."""

    def __init__(self, database: Database) -> None:
        """Read from this database."""
        self._database = database

    async def revision(self) -> str | None:
        """Return the revision, or None for a database without a schema."""
        try:
            async with self._database.session(read_only=True) as db:
                found: str | None = await db.scalar(_REVISION)
        except DBAPIError as error:
            if "alembic_version" in str(error.orig):
                return None
            raise
        return found
