"""Traps of databases and of the layer above them, each sprung on purpose."""

import asyncio
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base, OneTimeToken, OutboxMessage, Session, User, UserRole
from app.models.base import UtcDateTime
from app.services.server.runtime import Runtime
from app.typed_text import canonical_email
from tests.architecture.source import sources
from tests.support.api import PASSWORD, Api
from tests.support.rate_limit import opened


def test_trap_01_no_session_is_made_outside_of_the_database_module() -> None:
    makers = re.compile(r"\b(sessionmaker|async_sessionmaker|AsyncSession)\(")

    found = [name for name, source in sources().items() if makers.search(source)]

    assert found == ["app/database.py"]


async def test_trap_02_a_commit_that_fails_is_never_a_success(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, admin = await api.person(), await api.admin()

    async def fail(_session: AsyncSession) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(AsyncSession, "commit", fail)
    answers = [
        await api.post(
            "/auth/register", {"email": "a@x.example", "password": PASSWORD}
        ),
        await api.patch("/users/me", {"name": "x"}, person),
        await api.post("/users", {"email": "b@x.example"}, admin),
        await api.post("/roles", {"name": "new"}, admin),
        await api.delete("/users/me", person),
        await api.post("/auth/forgot-password", {"email": person.email}),
    ]
    monkeypatch.undo()

    assert all(answer.status_code >= 500 for answer in answers)
    me = (await api.get("/users/me", person)).json()
    assert me["name"] is None
    assert await api.mails() == []


async def test_trap_03_a_promised_mail_is_stored_with_the_change_or_not_at_all(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}

    made = await api.post("/auth/register", body)
    stored = await api.mails()
    monkeypatch.setattr(OutboxMessage, "__init__", lambda *_a, **_k: 1 / 0)
    broken = await api.post("/auth/register", body | {"email": "bob@example.com"})
    monkeypatch.undo()

    assert made.status_code == 201
    assert [mail["to"] for mail in stored] == ["ann@example.com"]
    assert broken.status_code == 500
    assert (await api.login("bob@example.com")).status_code == 401


def test_trap_03_nothing_is_left_to_background_tasks() -> None:
    found = [name for name, source in sources().items() if "BackgroundTask" in source]

    assert found == []


async def test_trap_04_instants_keep_their_zone_on_both_databases(
    api: Api, runtime: Runtime
) -> None:
    kiritimati = timezone(timedelta(hours=14))
    instant = datetime(2026, 3, 1, 0, 30, 15, 123_456, tzinfo=kiritimati)
    user = await api.users(last_sign_in_at=instant)

    async with runtime.unit_of_work(read_only=True) as uow:
        found = await uow.users.by_id(user.id)

    assert found is not None and found.last_sign_in_at == instant
    assert found.last_sign_in_at.tzinfo is UTC or (
        found.last_sign_in_at.utcoffset() == timedelta(0)
    )
    with pytest.raises(Exception, match="zone"):
        await api.users(last_sign_in_at=datetime(2026, 3, 1))  # naive on purpose


def test_trap_04_every_instant_column_keeps_its_zone() -> None:
    columns = [c for table in Base.metadata.sorted_tables for c in table.columns]
    instants = [column for column in columns if column.name.endswith("_at")]

    assert len(instants) > 15
    assert all(isinstance(column.type, UtcDateTime) for column in instants)


async def test_trap_08_no_connection_is_held_while_a_password_is_hashed(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, person = await api.admin(), await api.person()
    await api.post("/auth/forgot-password", {"email": person.email})
    reset = (await api.mailed("reset_password")).token
    await api.post("/users", {"email": "guest@example.com"}, admin)
    invited = (await api.mailed("invitation")).token
    pool: Any = runtime.database.engine.sync_engine.pool
    held: list[int] = []
    for name in ("hash", "verify"):
        real = getattr(runtime.hasher, name)

        def watched(*args: Any, real: Any = real) -> Any:
            held.append(pool.checkedout())
            return real(*args)

        monkeypatch.setattr(runtime.hasher, name, watched)
    new, guest = "a brand new password", "guest@example.com"
    change = {"current_password": PASSWORD, "new_password": new}
    accept = {"email": guest, "password": new, "invitation": invited}

    answers = [
        await api.login(person.email),
        await api.login("nobody@example.com"),
        await api.post("/auth/register", {"email": "b@x.example", "password": new}),
        await api.post("/auth/register", accept),
        await api.post("/auth/change-password", change, person),
        await api.post("/users", {"email": "c@x.example", "password": new}, admin),
        await api.post("/auth/reset-password", {"token": reset, "new_password": new}),
    ]

    assert [a.status_code for a in answers] == [200, 401, 201, 201, 204, 201, 400]
    assert len(held) >= 7
    assert set(held) == {0}


@settings(max_examples=100, deadline=None, database=None)
@given(st.emails(), st.sampled_from(["upper", "lower", "swapcase", "title"]))
def test_trap_12_the_canonical_address_is_stable_under_case(
    email: str, change: str
) -> None:
    twin = getattr(email, change)()

    assert canonical_email(twin) == canonical_email(email)
    assert canonical_email(canonical_email(email)) == canonical_email(email)


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(max_size=40))
def test_trap_12_folding_twice_changes_nothing_for_any_text(text: str) -> None:
    once = canonical_email(f"{text}@example.com")

    assert canonical_email(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ANNÉ", "anné"),
        ("Σ", "σ"),
        ("e\u0301", "É"),
    ],
)
async def test_trap_12_unicode_twins_are_one_account_on_both_databases(
    api: Api, one: str, other: str
) -> None:
    await api.users(email=f"{one}@example.com")

    with pytest.raises(IntegrityError):
        await api.users(email=f"{other}@example.com")


async def test_trap_13_fifty_writers_at_once_all_write(
    api: Api, runtime: Runtime
) -> None:
    user = await api.users()

    async def write(number: int) -> None:
        async with runtime.database.session() as db:
            found = await db.get_one(User, user.id)  # a read first, then a write
            found.name = f"{number}"
            await db.flush()
            await db.execute(
                text("UPDATE users SET version = version + 1 WHERE id = :id"),
                {"id": user.id.hex if runtime.database.is_sqlite else user.id},
            )
            await db.commit()

    limit = asyncio.Semaphore(10)  # the pool's size; the others wait their turn

    async def in_turn(number: int) -> None:
        async with limit:
            await write(number)

    await asyncio.gather(*(in_turn(number) for number in range(50)))

    async with runtime.unit_of_work(read_only=True) as uow:
        found = await uow.users.by_id(user.id)
    assert found is not None and found.version == user.version + 50


LEAVE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute("SELECT count(*) FROM users")
connection.close()
"""


async def test_trap_13_another_process_that_leaves_takes_no_file_along(
    tmp_path: Path, sqlite_template: Path
) -> None:
    # Who closes the last connection deletes the log of writes. A process that opened
    # and closed the file itself had lost its locks, and did not count any more.
    path, log = tmp_path / "auth.db", tmp_path / "auth.db-wal"
    shutil.copy(sqlite_template, path)
    async with opened(f"sqlite:///{path}") as database:
        async with database.session() as one, database.session(read_only=True) as two:
            for db in (one, two):
                await db.execute(select(User))
        before = log.stat().st_ino

        command = [sys.executable, "-c", LEAVE, str(path)]
        await asyncio.to_thread(subprocess.run, command, check=True)

        assert log.stat().st_ino == before


def test_trap_18_nothing_is_decided_by_how_many_rows_a_driver_counted() -> None:
    found = [name for name, source in sources().items() if ".rowcount" in source]

    assert found == ["app/repositories/base.py"]  # how full a batch of the janitor was


async def test_trap_16_nothing_of_a_deleted_user_stays(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    await api.post("/auth/forgot-password", {"email": person.email})

    deleted = await api.delete("/users/me", person)

    assert deleted.status_code == 204
    async with runtime.database.session(read_only=True) as db:
        for model in (Session, OneTimeToken, UserRole):
            query = select(func.count()).select_from(model)
            own = query.where(model.user_id == person.id)
            assert (await db.execute(own)).scalar_one() == 0


async def test_trap_16_an_orphan_cannot_be_stored(api: Api, runtime: Runtime) -> None:
    orphan = UserRole(user_id=uuid4(), role="user")

    with pytest.raises(IntegrityError):
        async with runtime.database.session() as db:
            db.add(orphan)
            await db.commit()


async def test_trap_17_a_refusal_is_remembered(api: Api) -> None:
    person = await api.person()
    wrong = {"current_password": "wrong", "new_password": "a brand new password"}

    await api.login(person.email, "wrong")
    await api.post("/auth/change-password", wrong, person)
    trail = await api.trail(person.id)  # read on a connection of its own

    assert trail.count("sign_in.failed") == 1
    assert trail.count("password.change_failed") == 1
