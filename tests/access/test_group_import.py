"""Groups of a realm export: flattened, with roles that exist here and no others."""

import json
from typing import Any

import pytest

from app.services.access.group_import import GroupImportService, read_groups
from app.services.server.runtime import Runtime
from tests.access.conftest import MakeGroup
from tests.support.api import Api
from tests.support.tables import contents

NIGHTS = {"name": "nights", "realmRoles": ["user"], "subGroups": []}
OPS = {"name": "ops", "realmRoles": ["admin", "builder"], "subGroups": [NIGHTS]}
REALM: dict[str, Any] = {"groups": [OPS, {"name": "Human Resources"}]}


async def test_groups_are_made_with_roles_that_give_no_more_than_is_said(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    admin = await api.admin()
    await api.post("/roles", {"name": "builder"}, admin)
    groups, service = read_groups(json.dumps(REALM)), GroupImportService(runtime)
    before = await contents(runtime)

    told = await service.store(groups, dry_run=True)
    assert await contents(runtime) == before
    made = await service.store(groups)
    again = await service.store(groups)

    listed = (await api.get("/groups", admin)).json()["items"]
    roles = {each["name"]: each["roles"] for each in listed}
    assert roles == {"/ops": ["builder"], "/ops/nights": ["builder", "user"]}
    assert told == made and len(made) == 3
    assert "group /ops: made without the roles admin" in made
    assert [each for each in made if "Human Resources: left out" in each] == again


async def test_a_group_that_is_there_keeps_its_roles(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    await make_group("/OPS")

    await GroupImportService(runtime).store(read_groups(json.dumps(REALM)))

    listed = (await api.get("/groups", await api.admin())).json()["items"]
    assert [(each["name"], each["roles"]) for each in listed] == [
        ("/OPS", []),
        ("/ops/nights", ["user"]),
    ]


@pytest.mark.parametrize("groups", ["x", [{}], [{"name": "a", "subGroups": 7}], [7]])
def test_what_is_no_list_of_groups_is_refused(groups: Any) -> None:
    with pytest.raises(ValueError, match="no form that is known"):
        read_groups(json.dumps({"groups": groups}))


def test_groups_without_end_are_refused() -> None:
    group: dict[str, Any] = {"name": "a"}
    for _ in range(20):
        group = {"name": "a", "subGroups": [group]}

    with pytest.raises(ValueError, match="too deep"):
        read_groups(json.dumps({"groups": [group]}))
    assert read_groups("[]") == []
