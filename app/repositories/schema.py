"""Which schema the database has, and which one this code needs."""

from pathlib import Path

from sqlalchemy import Boolean, String, column, func, select, table
from sqlalchemy.exc import DBAPIError

from app.database import Database
from app.repositories.statements.user_search import SEARCH_INDEX

_APP = Path(__file__).parents[1]
# A wheel has them below app, a checkout beside it.
_PLACES = (_APP / "migrations", _APP.parent / "alembic")
MIGRATIONS = next((p for p in _PLACES if (p / "env.py").is_file()), _PLACES[-1])


def _newest_revision() -> str:
    """Return the number of the newest migration; their files are named by it.

    Read from the names: what Alembic would load for it is only needed to migrate.

    Raises:
        RuntimeError: The migrations do not stand beside the code.
    """
    numbers = [
        file.name[:4] for file in (MIGRATIONS / "versions").glob("[0-9]" * 4 + "_*.py")
    ]
    if not numbers:
        raise RuntimeError("alembic/versions has to stand beside the folder app")
    return max(numbers)


SCHEMA_REVISION = _newest_revision()
_REVISION = select(column("version_num", String)).select_from(table("alembic_version"))


def is_behind(found: str | None) -> bool:
    """Tell whether this code needs a newer schema, or none of this service is there.

    One ahead is none of its business: a release migrates while the previous one still
    serves, and expands before it contracts (architecture, rule 12).
    """
    return found is None or not found.isdecimal() or int(found) < int(SCHEMA_REVISION)


_SEARCH = (
    select(func.count())
    .select_from(table("pg_index"))
    .where(
        column("indexrelid") == func.to_regclass(SEARCH_INDEX),
        column("indisvalid", Boolean),
    )
)


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

    async def has_search_index(self) -> bool:
        """Tell whether PostgreSQL finds accounts without reading all of them."""
        async with self._database.session(read_only=True) as db:
            return bool(await db.scalar(_SEARCH))
