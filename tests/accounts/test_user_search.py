"""How administrators find accounts, and that many accounts do not make it slow."""

from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.repositories.schema import SchemaRepository
from app.services.server.diagnosis import DiagnosisService
from tests.support.api import Api

PEOPLE = {
    "ann@example.com": "Ann Lee",
    "joann@example.com": "Jo Ann",
    "ann@example.com.au": "Anton 50%",
    "x_y@example.org": "王 小明",
    "xzy@example.org": "Leander O'Neil\\",
}


async def _find(api: Api, query: str, more: str = "") -> set[str]:
    admin = await api.admin()
    for email, name in PEOPLE.items():
        await api.users(email=email, name=name)
    answer = await api.get(f"/users?q={quote(query)}{more}", admin)
    assert answer.status_code == 200
    return {user["email"] for user in answer.json()["items"]} - {admin.email}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "ann@example.com",
            {"ann@example.com"},
        ),  # an account, and not what contains it
        (" ANN@example.com ", {"ann@example.com"}),
        ("nn@example.com", set(list(PEOPLE)[:3])),
        ("nn Le", {"ann@example.com"}),
        ("x_y", {"x_y@example.org"}),
        ("0%", set()),  # begins no word
        ("50%", {"ann@example.com.au"}),
        ("%%%", set()),
        ("o'neil\\", {"xzy@example.org"}),
        ("le", {"ann@example.com", "xzy@example.org"}),  # where a word begins
        ("x_", {"x_y@example.org"}),
        ("王", {"x_y@example.org"}),
        ("小明", {"x_y@example.org"}),
        ("@", set()),
        ("nobody@example.com", set()),
        # Long ones, of which an index is asked for a part alone.
        ("joann@example.co", {"joann@example.com"}),
        ("ann@example.con", set()),
        ("yann@example.com", set()),
        ("example.com.au anton", {"ann@example.com.au"}),
        ("zzzzzzexample.com.au anton", set()),
        ("zy@example.org leander o'neil\\", {"xzy@example.org"}),
        ("x_y@example.org 王 小明", {"x_y@example.org"}),
        ("xzy@example.org 王 小明", set()),
        ("%%%%%%%%%%%%%", set()),
    ],
)
async def test_a_search_finds_whom_it_describes(
    api: Api, query: str, found: set[str]
) -> None:
    assert await _find(api, query) == found


async def test_an_exact_address_still_meets_the_other_filters(api: Api) -> None:
    assert await _find(api, "ann@example.com", "&status=disabled") == set()


async def test_an_id_finds_its_account_and_an_unknown_one_nobody(api: Api) -> None:
    admin, person = await api.admin(), await api.person()

    found = await api.get(f"/users?q={person.id}", admin)
    none = await api.get(f"/users?q={uuid4()}", admin)

    assert [user["id"] for user in found.json()["items"]] == [str(person.id)]
    assert none.json()["items"] == []


async def test_the_index_is_there_wherever_postgresql_may_have_it(api: Api) -> None:
    """With ``TEST_DATABASE_URL`` of a server with contrib, and without."""
    database = api.runtime.database
    if database.is_sqlite:
        return
    async with database.session(read_only=True) as db:
        query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
        is_available = bool(await db.scalar(text(query)))

    has_index = await SchemaRepository(database).has_search_index()
    findings = await DiagnosisService(api.runtime, api.runtime.write_probe).findings()
    seen = next(each.seen for each in findings if each.part == "database")

    assert has_index == is_available
    assert ("searches read all accounts" in seen) == (not is_available)
