"""Several processes that start at once, on one database."""

import asyncio

from app.services.server.startup import start
from tests.support.api import PASSWORD
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
ADMIN = {"email": "root@example.com", "password": PASSWORD}


async def test_one_of_several_makes_the_administrator_and_all_start(
    make_runtime: Make,
) -> None:
    several = [make_runtime(admin=ADMIN) for _ in range(3)]

    links = await asyncio.gather(*(start(runtime) for runtime in several))

    assert links == [None] * 3  # there is an administrator: nobody needs the link
    async with several[0].unit_of_work(read_only=True) as uow:
        assert await uow.users.count_active_members("admin") == 1
        trail = await uow.audit_events.list_page(
            name="setup.completed", after=None, limit=10
        )
    assert len(trail) == 1
