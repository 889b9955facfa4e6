"""What is told of a statement: its kind and its table, never its text."""

import pytest

from app.tracing.statement import about


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM users WHERE email = $1", ("SELECT", "users")),
        ("SELECT 1 FROM users FOR NO KEY UPDATE", ("SELECT", "users")),
        ("SELECT 1 FROM users FOR UPDATE SKIP LOCKED", ("SELECT", "users")),
        (
            "WITH q AS (SELECT 1 FROM users) UPDATE sessions SET x = 1",
            ("UPDATE", "sessions"),
        ),
        (
            'INSERT INTO "outbox" (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 2',
            ("INSERT", "outbox"),
        ),
        ("DELETE FROM sessions\n WHERE id = $1", ("DELETE", "sessions")),
        ("BEGIN IMMEDIATE", ("BEGIN", "")),
        ("SELECT pg_catalog.version()", ("SELECT", "")),
        ("'ann@example.com'", ("OTHER", "")),
        ("", ("OTHER", "")),
    ],
)
def test_a_statement_is_its_kind_and_its_table(
    sql: str, expected: tuple[str, str]
) -> None:
    assert about(sql) == expected
