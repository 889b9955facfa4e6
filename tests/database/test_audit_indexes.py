"""The indexes of the evidence: replaced with rows in the table, and used."""

import asyncio

from alembic import command
from sqlalchemy import Connection, inspect, text

from tests.conftest import migrate
from tests.database.test_migrations import _config, _look

_ROW = """
INSERT INTO audit_events
  (id, name, correlation_id, ip, user_agent, data, actor_id, created_at)
VALUES ('01990000000070008000000000000001', 'sign_in.succeeded', 'abc', '', '', '{}',
  '01990000000070008000000000000002', '2026-01-01 00:00:00+00')
"""
SMALLER = {
    "ix_audit_events_user",
    "ix_audit_events_other_actor",
    "ix_audit_events_name_quarter",
    "ix_audit_events_correlation_end",
    "ix_audit_events_created",
    "ix_audit_events_client_quarter",
}
BY_ACTOR = "actor_id = '01990000000070008000000000000002' ORDER BY id DESC LIMIT 51"
BY_REQUEST = "correlation_id = 'abc'"


def _add(connection: Connection) -> None:
    connection.execute(text(_ROW))
    connection.commit()


def _indexes(connection: Connection) -> set[str]:
    found = inspect(connection).get_indexes("audit_events")
    return {str(each["name"]) for each in found}


def _plans(connection: Connection) -> str:
    """Return how both questions are answered, where reading everything is too dear."""
    is_sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    if not is_sqlite:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_sort = off"))
    lines: list[str] = []
    for condition in (BY_ACTOR, BY_REQUEST):
        # Both parts stand in this module.
        query = f"{explain} SELECT * FROM audit_events WHERE {condition}"  # noqa: S608
        lines += [str(row) for row in connection.execute(text(query))]
    return "\n".join(lines)


def _rows(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT count(*) FROM audit_events")) or 0)


async def test_trap_14_indexes_of_evidence_come_and_go_with_rows_in_the_table(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await asyncio.to_thread(command.upgrade, _config(url), "0009")
    await _look(url, _add)
    before = await _look(url, _indexes)

    await asyncio.to_thread(command.upgrade, _config(url), "0013")
    after, plans = await _look(url, _indexes), await _look(url, _plans)
    await asyncio.to_thread(command.downgrade, _config(url), "0009")

    assert await _look(url, _indexes) == before
    assert after - before == {"ix_audit_events_actor", "ix_audit_events_correlation"}
    assert len(after) == len(before)
    assert "ix_audit_events_actor" in plans and "ix_audit_events_correlation" in plans
    assert await _look(url, _rows) == 1


async def test_trap_14_smaller_indexes_come_and_go_with_rows_in_the_table(
    empty_database_url: str,
) -> None:
    """What each is for: `tests/database/test_audit_lists.py`."""
    url = empty_database_url
    await asyncio.to_thread(command.upgrade, _config(url), "0015")
    await _look(url, _add)
    before = await _look(url, _indexes)

    await asyncio.to_thread(migrate, url)
    up = await _look(url, _indexes)
    await asyncio.to_thread(command.downgrade, _config(url), "0015")
    down = await _look(url, _indexes)
    await asyncio.to_thread(migrate, url)

    assert down == before
    assert await _look(url, _indexes) == up
    assert up == (before if url.startswith("sqlite") else SMALLER)
    assert await _look(url, _rows) == 1
