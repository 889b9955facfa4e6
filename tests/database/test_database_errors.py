"""Every error of the drivers is an outage (503) or, by name, a defect (500)."""

import asyncio
import inspect
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import pytest
from asyncpg import exceptions as asyncpg_exceptions
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import event, text

from app.database_errors import is_outage
from tests.support.api import PASSWORD, Api

# Classes of SQLSTATE whose errors another try cannot cure.
DEFECTS = {"0A", "21", "22", "23", "42", "44", "54"}
OUTAGES = {
    *(
        "03",
        "08",
        "10",
        "09",
        "0B",
        "0F",
        "0L",
        "0P",
        "0Z",
        "20",
        "24",
        "25",
        "26",
        "27",
    ),
    *("28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "53", "55"),
    *("57", "58", "72", "F0", "HV", "P0", "XX", ""),
}
PASSING = {"42501", "0A000 InvalidCachedStatementError"}
# Of the client itself: an application that lost its server, or could not go on.
CLIENTS = {
    "ClientConfigurationError",
    "InterfaceError",
    "InternalClientError",
    "OutdatedSchemaCacheError",
    "ProtocolError",
    "TargetServerAttributeNotMatched",
    "UnsupportedClientFeatureError",
    "UnsupportedServerFeatureError",
}
SQLITE_DEFECTS = {"ERROR", "CONSTRAINT", "MISMATCH", "TOOBIG", "RANGE"}


def _asyncpg_errors() -> Iterator[type[Exception]]:
    for kind in vars(asyncpg_exceptions).values():
        is_error = inspect.isclass(kind) and issubclass(kind, Exception)
        if is_error and not issubclass(kind, Warning):
            yield kind


def _expected(kind: type[Exception]) -> bool:
    """Tell whether it has to be an outage; a class that nobody judged fails."""
    if not issubclass(kind, asyncpg.PostgresError):
        assert kind.__name__ in CLIENTS, f"judge {kind.__name__}"
        return True
    state = getattr(kind, "sqlstate", None) or ""
    assert state[:2] in DEFECTS | OUTAGES, f"judge {kind.__name__} {state}"
    if {state, f"{state} {kind.__name__}"} & PASSING:
        return True
    return state[:2] not in DEFECTS


def test_every_error_of_asyncpg_is_judged() -> None:
    kinds = list(_asyncpg_errors())
    assert len(kinds) > 200
    assert [k.__name__ for k in kinds if is_outage(k("said")) != _expected(k)] == []


def _sqlite_error(name: str) -> sqlite3.Error:
    """Return what the driver makes of a code of SQLite (_sqlite/util.c)."""
    kinds = {
        "INTERNAL": sqlite3.InternalError,
        "NOTFOUND": sqlite3.InternalError,
        "CORRUPT": sqlite3.DatabaseError,
        "TOOBIG": sqlite3.DataError,
        "CONSTRAINT": sqlite3.IntegrityError,
        "MISMATCH": sqlite3.IntegrityError,
        "MISUSE": sqlite3.InterfaceError,
        "RANGE": sqlite3.InterfaceError,
        **dict.fromkeys(("NOTADB", "AUTH", "FORMAT", "NOLFS"), sqlite3.DatabaseError),
    }
    error = kinds.get(name, sqlite3.OperationalError)("said")
    error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")
    return error


_PRIMARY = (
    *("ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY"),
    *("INTERRUPT", "IOERR", "CORRUPT", "NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL"),
    *("SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE", "NOLFS", "AUTH"),
    *("FORMAT", "RANGE", "NOTADB"),
)


def test_every_code_of_sqlite_is_judged() -> None:
    judged = {name for name in _PRIMARY if is_outage(_sqlite_error(name))}

    assert set(_PRIMARY) - judged == SQLITE_DEFECTS


def test_every_class_of_sqlite_is_judged() -> None:
    kinds = [
        kind
        for kind in vars(sqlite3).values()
        if inspect.isclass(kind) and issubclass(kind, sqlite3.Error)
    ]
    judged = {kind.__name__: is_outage(kind("said")) for kind in kinds}

    assert judged == {
        "Error": True,
        "DatabaseError": True,
        "DataError": False,
        "IntegrityError": False,
        "InterfaceError": True,
        "InternalError": True,
        "NotSupportedError": False,
        "OperationalError": True,
        "ProgrammingError": False,
    }


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), True),
        (sqlite3.ProgrammingError("Incorrect number of bindings supplied"), False),
        (ValueError("Connection closed"), True),
        (ValueError("no active connection"), True),
        (ValueError("an instant needs a zone"), False),
        (asyncio.IncompleteReadError(b"", 5), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (RuntimeError("the handler is closed"), True),
        (MemoryError(), True),
        (asyncio.InvalidStateError(), True),
        (TypeError("a defect"), False),
        (KeyError("a defect"), False),
        (asyncio.CancelledError(), False),
    ],
    ids=repr,
)  # fmt: skip
def test_what_lies_beneath_the_drivers_is_judged(
    error: BaseException, outage: bool
) -> None:
    assert is_outage(error) is outage


@pytest.fixture
def options() -> dict[str, object]:
    """Attempts are counted here, so that the database is the only matter."""
    names = ("register_address", "mail_address", "sign_in_address")
    return {"limits": {"store": "memory", **dict.fromkeys(names, "1000/60")}}


def assert_outage(answers: list[Response]) -> None:
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) > 0


RAISED: list[BaseException] = [
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    asyncpg.exceptions.ProtocolError("unexpected"),
    asyncpg.ConnectionDoesNotExistError("closed in the middle of operation"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.InternalServerError("tuple concurrently updated"),
    asyncpg.InsufficientPrivilegeError("permission denied"),
    ConnectionResetError("by peer"),
    TimeoutError(),
    asyncio.IncompleteReadError(b"", 5),
    RuntimeError("the handler is closed"),
    asyncio.CancelledError(),
]
RAISED_BY_SQLITE: list[BaseException] = [
    _sqlite_error("FULL"),
    _sqlite_error("READONLY"),
    _sqlite_error("CORRUPT"),
    _sqlite_error("IOERR"),
    _sqlite_error("NOTADB"),
    _sqlite_error("INTERNAL"),
    sqlite3.ProgrammingError("Cannot operate on a closed database."),
    ValueError("Connection closed"),
    MemoryError(),
]


@pytest.mark.parametrize("number", range(len(RAISED)))
async def test_whatever_the_driver_raises_is_503_and_passes(
    api: Api, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    person = await api.person()
    is_sqlite = api.runtime.database.is_sqlite
    errors = RAISED_BY_SQLITE if is_sqlite else RAISED
    error = errors[number % len(errors)]
    spent = {"refresh_token": person.tokens["refresh_token"]}
    new = {"email": "new@example.com", "password": PASSWORD}

    async def fail(*_: Any, **__: Any) -> None:
        raise error

    async def ask() -> list[Response]:
        return [
            await api.post("/auth/register", new),
            await api.login(person.email),
            await api.post("/auth/refresh", spent),
            await api.get("/users/me/sessions", person),
        ]

    with monkeypatch.context() as broken:
        if is_sqlite:
            broken.setattr(aiosqlite.Connection, "execute_fetchall", fail)
            broken.setattr(aiosqlite.Cursor, "execute", fail)
        else:
            broken.setattr(asyncpg.Connection, "fetch", fail)
            broken.setattr(asyncpg.Connection, "prepare", fail)
        assert_outage(await ask())

    assert [answer.status_code for answer in await ask()] == [201, 200, 200, 200]


async def test_a_cancelled_request_stays_cancelled(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else cancelled is not taken for an outage."""
    reached = asyncio.Event()

    async def hang(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def both() -> None:
        async with api.runtime.database.session() as db:
            await db.execute(text("SELECT 1"))

    with monkeypatch.context() as slow:
        slow.setattr(aiosqlite.Cursor, "execute", hang)
        slow.setattr(asyncpg.Connection, "prepare", hang)
        task = asyncio.create_task(both())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def _full(engine: Any) -> None:
    with_pages = "PRAGMA max_page_count=1"  # which SQLite raises to what there is

    def bound(connection: Any, *_: Any) -> None:
        connection.execute(with_pages)

    event.listen(engine, "connect", bound)


def _read_only(engine: Any) -> None:
    def refuse(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    event.listen(engine, "connect", refuse)


def _closed(engine: Any) -> None:
    def close(connection: Any, *_: Any) -> None:
        connection.driver_connection._connection.close()

    event.listen(engine, "checkout", close)


def _stopped(engine: Any) -> None:
    def stop(connection: Any, *_: Any) -> None:
        connection.driver_connection.stop()

    event.listen(engine, "checkout", stop)


FAULTS = [_full, _read_only, _closed, _stopped]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_what_happens_to_files_and_connections_of_sqlite_is_503(
    app: FastAPI, api: Api, fault: Callable[[Any], None]
) -> None:
    person = await api.person()
    await api.runtime.database.close()
    fault(api.runtime.database.engine.sync_engine)
    long = "x" * 100
    bodies = [
        {"email": f"{long}{n}@example.com"[-60:], "password": PASSWORD, "name": long}
        for n in range(40)
    ]

    answers = [await api.post("/auth/register", body) for body in bodies]
    logins = [await api.login(person.email) for _ in range(2)]

    last = answers[-1] if fault is _full else answers[0]
    assert_outage([last])
    assert {answer.status_code for answer in answers + logins} <= {200, 201, 503}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_file_that_is_damaged_is_503(api: Api, sqlite_url: str) -> None:
    person = await api.person()
    await api.runtime.database.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    for name in (path, Path(f"{path}-wal")):
        if name.exists():
            name.write_bytes(b"\x7f" * name.stat().st_size)

    answers = [await api.login(person.email), await api.get("/users/me", person)]

    assert_outage(answers)
