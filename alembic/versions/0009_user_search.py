"""Let PostgreSQL search accounts by an index of three letters each.

Expand: the release before is served by it as well. It is built beside everything else,
outside of a transaction. Where the extension ``pg_trgm`` is not to be had, searches
read every account as before; docs/operations.md says how to add the index later.
"""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0009"
down_revision = "0008"

_INDEX = "ix_users_search_text_trigrams"
_SCHEMA = sa.text(
    "SELECT quote_ident(nspname) FROM pg_extension "
    "JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
)
_AVAILABLE = sa.text(
    "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
)
_log = logging.getLogger("auth_serve.migration")


def upgrade() -> None:
    """Build the index where that is possible, and say where it is not."""
    if op.get_bind().dialect.name == "sqlite":
        return
    with op.get_context().autocommit_block():
        schema = _schema_of_extension()
        if schema is None:
            _log.warning("no pg_trgm: a search reads all accounts; docs/operations.md")
            return
        # One that an earlier attempt left half built is invalid.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        # How often a text comes is guessed from so many of them.
        op.execute("ALTER TABLE users ALTER search_text SET STATISTICS 1000")
        # Without a list of what is pending, which each search would read as well.
        op.execute(
            f"CREATE INDEX CONCURRENTLY {_INDEX} ON users "
            f"USING gin (search_text {schema}.gin_trgm_ops) WITH (fastupdate = off)"
        )
        op.execute("ANALYZE users (search_text)")


def downgrade() -> None:
    """Drop the index; the extension may be somebody else's by now."""
    if op.get_bind().dialect.name == "sqlite":
        return
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute("ALTER TABLE users ALTER search_text SET STATISTICS -1")


def _schema_of_extension() -> str | None:
    """Return where the extension is, made here if need be; None if it is refused."""
    bind = op.get_bind()
    found: str | None = bind.execute(_SCHEMA).scalar()
    if found is None and bind.execute(_AVAILABLE).scalar():
        try:
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except DBAPIError as error:
            _log.warning("pg_trgm was refused: %s", type(error.orig).__name__)
            return None
        found = bind.execute(_SCHEMA).scalar()
    return found
