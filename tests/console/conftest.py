"""Operators at the console."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from app.database import Database
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime
from tests.factories.role import RoleFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor

Holder = Callable[..., Awaitable[Person]]


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A browser that keeps its cookies, and its person."""
    return Visitor(app)


@pytest.fixture
async def admin(api: Api, visitor: Visitor) -> Person:
    """An administrator who signed in at the visitor's browser just now."""
    return await _at(visitor, api, ADMIN_ROLE)


@pytest.fixture
def holder(api: Api, visitor: Visitor, runtime: Runtime) -> Holder:
    """Make somebody with these permissions sign in at the visitor's browser."""

    async def make(*permissions: str, **columns: Any) -> Person:
        await RoleFactory(runtime)("held", *permissions, **columns)
        return await _at(visitor, api, "held")

    return make


@pytest.fixture
def asked(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the database is asked; a test empties it before what it counts."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, text: str, *_others: Any) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    async def fetch_all(database: Database, statement: Any, parameters: Any) -> Any:
        seen.append("prepared")
        return await prepared(database, statement, parameters)

    prepared = Database.fetch_all
    monkeypatch.setattr(Database, "fetch_all", fetch_all)
    engine = runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def _at(visitor: Visitor, api: Api, role: str) -> Person:
    user = await api.users.with_password(PASSWORD, roles=(role,))
    assert (await visitor.sign_in(user.email)).status_code == 303
    return Person(user.id, user.email)
