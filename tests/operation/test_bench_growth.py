"""What ``make bench SCALE=1`` measures: rows like those of use, and a verdict."""

import asyncpg

from benchmarks.filling import fill
from benchmarks.growth import _rate, _row
from tests.support.api import Api


async def test_what_is_filled_is_found_by_administrators(api: Api) -> None:
    if api.runtime.database.is_sqlite:
        return  # it measures PostgreSQL
    address = api.runtime.settings.database_url.get_secret_value()
    admin = await api.admin()

    filled = await fill(address, 0.0001)

    assert [(each.table, each.rows) for each in filled] == [
        ("users", 100),
        ("sessions", 100),
        ("audit_events", 1_000),
    ]
    async with asyncpg.create_pool(address, min_size=1, max_size=1) as pool:
        query = "SELECT max(email) FROM users WHERE name LIKE '%a%'"
        email = await pool.fetchval(query)
    for part in (email, email[:9], email[3:12]):
        found = await api.get(f"/users?q={part}", admin)
        assert email in [user["email"] for user in found.json()["items"]]


def test_what_grew_is_judged_by_its_target() -> None:
    assert _row("search", 5.0, 19.9, 20, "ms")[-1] == "met"
    assert _row("search", 5.0, 20.1, 20, "ms")[-1] == "missed"
    assert _row("size", None, 500.0, 0, "bytes")[3:] == ("", "")
    assert (_rate("refresh", 100, 91)[-1], _rate("refresh", 100, 89)[-1]) == (
        "met",
        "missed",
    )
