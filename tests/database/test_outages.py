"""What the database refuses: an outage is 503 and passes, a defect is 500 and stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from httpx2 import Response
from sqlalchemy import text

from app.database import Database, PoolOptions
from tests.support.api import PASSWORD, Api

LONGEST_FOLD = "\ufdfa" * 200  # one character that folds into eighteen
HURRIED = {"database": {"statement_timeout": 1}, "limits": {"store": "memory"}}


@pytest.fixture
def options() -> dict[str, object]:
    """Attempts are counted apart: it is the work that meets what the database does."""
    return {"limits": {"store": "memory"}}


async def run(api: Api, *statements: str) -> None:
    async with api.runtime.database.session() as db:
        for statement in statements:
            await db.execute(text(statement))
        await db.commit()


@asynccontextmanager
async def held(api: Api, statement: str) -> AsyncIterator[Database]:
    """Run a statement in a transaction of somebody else that goes on."""
    url = api.runtime.settings.database_url.get_secret_value()
    other = Database(url, PoolOptions(statement_timeout=60))
    async with other.session() as db:
        await db.execute(text(statement))
        yield other
        await db.commit()
    await other.close()


async def waited_for(holder: Database) -> None:
    """Return once somebody waits for what is held; SQLite cannot say so."""
    if holder.is_sqlite:
        await asyncio.sleep(0.3)
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with holder.session(read_only=True) as db:
        while not await db.scalar(waiting):  # the time limit of every test ends it
            await asyncio.sleep(0.01)


async def reading_and_writing(api: Api, email: str) -> list[Response]:
    """Use both ways to the database at once: the session, and the short one."""
    body = {"email": "new@example.com", "password": PASSWORD}
    register, login = api.post("/auth/register", body), api.login(email)
    return list(await asyncio.gather(register, login))


async def test_every_text_that_is_accepted_can_be_stored(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    names = dict.fromkeys(("name", "given_name", "family_name"), LONGEST_FOLD)
    local = "\ufdfa" * 21
    account = {"name": LONGEST_FOLD, "password": PASSWORD}
    role = {"name": "r" * 32, "description": LONGEST_FOLD}

    answers = [
        await api.patch("/users/me", names, person),
        await api.post("/auth/register", account | {"email": f"{local}@a.example"}),
        await api.post("/users", account | {"email": f"{local}@b.example"}, admin),
        await api.post("/roles", role, admin),
    ]

    assert [answer.status_code for answer in answers] == [200, 201, 201, 201]
    found = await api.get(f"/users?q={LONGEST_FOLD[:50]}", admin)
    assert len(found.json()["items"]) == 3


@pytest.mark.parametrize("options", [HURRIED])
async def test_a_lock_that_somebody_keeps_is_an_outage(api: Api) -> None:
    person = await api.person()
    lock = "LOCK TABLE audit_events" if not api.runtime.database.is_sqlite else None

    async with held(api, lock or "SELECT 1"):
        answers = await reading_and_writing(api, person.email)
    after = await reading_and_writing(api, person.email)

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.json()["code"] for answer in answers} == {"unavailable"}
    assert [answer.status_code for answer in after] == [201, 200]


@pytest.mark.parametrize(
    "refusal", [OSError("no route"), asyncpg.TooManyConnectionsError("too many")]
)
async def test_a_server_that_takes_no_connection_is_an_outage(
    api: Api, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    person = await api.person()
    await api.runtime.database.close()

    def refuse(*_arguments: object, **_options: object) -> None:
        raise refusal

    dialect = api.runtime.database.engine.sync_engine.dialect
    monkeypatch.setattr(dialect, "connect", refuse)
    answers = await reading_and_writing(api, person.email)

    assert [answer.status_code for answer in answers] == [503, 503]


@pytest.mark.parametrize(
    "defect",
    [
        "ALTER TABLE audit_events RENAME TO elsewhere",
        # Events of the start have no address.
        "CREATE UNIQUE INDEX one_each ON audit_events (ip) WHERE ip <> ''",
    ],
)
async def test_a_statement_that_can_never_work_is_a_defect_and_the_log_tells(
    api: Api, caplog: pytest.LogCaptureFixture, defect: str
) -> None:
    person = await api.person()
    await run(api, defect)

    answers = await reading_and_writing(api, person.email)

    assert [answer.status_code for answer in answers] == [500, 500]
    for answer in answers:
        assert answer.json()["code"] == "internal_error"
        assert "retry-after" not in answer.headers
        assert "audit_events" not in answer.text
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 2


# SQLite keeps texts of any length, so there is nothing to see on it.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_text_that_is_too_long_for_its_column_is_a_defect(api: Api) -> None:
    person = await api.person()
    await run(
        api,
        "ALTER TABLE audit_events ALTER name TYPE varchar(2) USING left(name, 2)",
    )

    answers = await reading_and_writing(api, person.email)

    assert [answer.status_code for answer in answers] == [500, 500]


async def test_a_role_that_is_deleted_meanwhile_is_unknown(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    for name in ("first", "second"):
        await api.post("/roles", {"name": name}, admin)
    new = {"email": "new@example.com", "roles": ["first"]}

    async with held(api, "DELETE FROM roles WHERE name = 'first'") as other:
        creating = asyncio.create_task(api.post("/users", new, admin))
        await waited_for(other)
    async with held(api, "DELETE FROM roles WHERE name = 'second'") as other:
        change = {"roles": ["user", "second"]}
        changing = asyncio.create_task(api.patch(f"/users/{person.id}", change, admin))
        await waited_for(other)
    answers = [await creating, await changing]

    assert [answer.status_code for answer in answers] == [422, 422]
    errors = [answer.json()["errors"][0]["code"] for answer in answers]
    assert errors == ["unknown_role"] * 2
