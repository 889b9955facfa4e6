"""Groups, as operators make them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from app.models import Group
from app.policies.permission import operator
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime

MakeGroup = Callable[..., Awaitable[Group]]


@pytest.fixture
def make_group(runtime: Runtime) -> MakeGroup:
    """Make a group with roles and members, as who may do everything."""

    async def make(name: str, *members: UUID, roles: Sequence[str] = ()) -> Group:
        async with runtime.unit_of_work() as uow:
            groups, actor = GroupService(uow), operator(uow.clock.now())
            group = await groups.create(actor, name, "", roles)
            for each in members:
                await groups.add_member(actor, group.id, each)
        return group

    return make


@pytest.fixture
def leave(runtime: Runtime) -> Callable[[Any, UUID], Awaitable[None]]:
    """Take somebody out of a group."""

    async def go(group: Group, user_id: UUID) -> None:
        async with runtime.unit_of_work() as uow:
            actor = operator(uow.clock.now())
            await GroupService(uow).remove_member(actor, group.id, user_id)

    return go
