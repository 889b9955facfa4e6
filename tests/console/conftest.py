"""Operators at the console."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI

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


async def _at(visitor: Visitor, api: Api, role: str) -> Person:
    user = await api.users.with_password(PASSWORD, roles=(role,))
    assert (await visitor.sign_in(user.email)).status_code == 303
    return Person(user.id, user.email)
