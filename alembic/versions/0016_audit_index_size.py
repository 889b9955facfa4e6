"""Give evidence on PostgreSQL indexes of a quarter of the size (ADR-0072).

Expand: the release before reads and writes as ever; until its last process has gone,
its lists by actor and by request read the table. Each index is built beside everything
else before those that it replaces go. SQLite keeps what it has.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

_NEW = {
    "ix_audit_events_user": "(user_id) WHERE user_id IS NOT NULL",
    # Most is done by those whom it is about, and found by them.
    "ix_audit_events_other_actor": (
        "(actor_id, id) "
        "WHERE actor_id IS NOT NULL AND actor_id IS DISTINCT FROM user_id"
    ),
    "ix_audit_events_name_quarter": '(name, (left(id::text, 7) COLLATE "C"))',
    "ix_audit_events_correlation_end": "(right(correlation_id, 4))",
    "ix_audit_events_created": "USING brin (created_at) WITH (autosummarize = on)",
}
_OLD = {
    "ix_audit_events_user_id_audit_events_id": "(user_id, id)",
    "ix_audit_events_actor": "(actor_id, id) WHERE actor_id IS NOT NULL",
    "ix_audit_events_name_audit_events_id": "(name, id)",
    "ix_audit_events_correlation": "USING hash (correlation_id)",
    "ix_audit_events_created_at": "(created_at)",
}


def upgrade() -> None:
    """Build the new ones, then drop the old ones."""
    _replace(_OLD, _NEW)


def downgrade() -> None:
    """Do it the other way round."""
    _replace(_NEW, _OLD)


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    with op.get_context().autocommit_block():
        for name, columns in new.items():
            # One that an earlier attempt left half built is invalid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON audit_events {columns}")
        # How often an expression comes is not known before.
        op.execute("ANALYZE audit_events")
        for name in old:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
