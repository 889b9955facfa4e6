"""Many requests at once, in turn to two processes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from httpx2 import AsyncClient, Response
from sqlalchemy import delete, select

from app.models import UserRole
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime
from tests.support.api import Person

NEW_PASSWORD = "another horse battery staple"
SIGN_IN_LIMIT = 10


def address() -> str:
    """Return an address that no other test has."""
    return f"person-{uuid4().hex[:12]}@example.com"


async def crowd(
    both: list[AsyncClient],
    path: str,
    bodies: Sequence[Any],
    *,
    form: bool = False,
    person: Person | None = None,
    browser: dict[str, str] | None = None,
) -> list[Response]:
    """Send everything at once, in turn to either process; ``browser`` is its fields."""
    kind = "data" if form else "json"
    headers = (person.headers if person else {}) | (browser or {})
    return await asyncio.gather(
        *(
            both[number % 2].post(path, headers=headers, **{kind: body})
            for number, body in enumerate(bodies)
        )
    )


def statuses(answers: Sequence[Response]) -> Counter[int]:
    """Count the answers of each status."""
    return Counter(answer.status_code for answer in answers)


def assert_one_success(answers: Sequence[Response], success: int) -> None:
    """Demand that one got through, and that all others were refused on purpose."""
    found = statuses(answers)
    assert found[success] == 1, found
    assert all(400 <= status < 500 for status in found if status != success), found


def no_administrators() -> Any:
    """Return the statement after which nobody is one."""
    return delete(UserRole).where(UserRole.role == ADMIN_ROLE)


async def administrators(runtime: Runtime) -> Sequence[UUID]:
    """Return who is one."""
    query = select(UserRole.user_id).where(UserRole.role == ADMIN_ROLE)
    async with runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).all()
