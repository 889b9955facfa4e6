"""Index what the console's lists are asked for (PostgreSQL).

Accounts whose address nobody confirmed, which are few, and events of a client, by
quarters of an hour as those of a name (ADR-0072).

Expand: the release before reads and writes as ever. Each index is built beside
everything else. SQLite has neither: there a list reads until a page is full.
"""

from alembic import op

revision = "0030"
down_revision = "0029"

_CLIENT = "(data ->> 'client_id')"
_NEW = {
    "ix_users_unverified": "users (id) WHERE email_verified IS false",
    "ix_audit_events_client_quarter": (
        f'audit_events ({_CLIENT}, (left(id::text, 7) COLLATE "C")) '
        f"WHERE {_CLIENT} IS NOT NULL"
    ),
}


def upgrade() -> None:
    """Build them."""
    _replace(_NEW)


def downgrade() -> None:
    """Drop them."""
    _replace({})


def _replace(new: dict[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    with op.get_context().autocommit_block():
        for name in _NEW:  # one that an earlier attempt left half built is invalid
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        for name, columns in new.items():
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        if new:  # how often an expression comes is not known before
            op.execute("ANALYZE audit_events")
