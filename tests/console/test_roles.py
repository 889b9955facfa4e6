"""Roles in the console: made, changed, deleted; nobody gives what they do not hold."""

from typing import Any

import pytest

from app.models.role import Role
from app.policies.permission import PERMISSIONS
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page


async def role(runtime: Runtime, name: str) -> Role | None:
    async with runtime.unit_of_work(read_only=True) as uow:
        return await uow.roles.by_name(name)


async def send(visitor: Visitor, path: str, fields: Any, at: str = "") -> Any:
    return await visitor.post(path, await visitor.hidden(at or path) | fields)


async def test_a_role_is_made_changed_and_deleted(
    visitor: Visitor, admin: Person, api: Api
) -> None:
    fields = {"name": "support", "may.users:read": "on", "mfa_required": "on"}

    made = await send(visitor, "/admin/new-role", fields)
    first = await role(api.runtime, "support")
    page = (await visitor.get(made.headers["location"])).text
    saved = await send(
        visitor,
        "/admin/roles/support",
        {"description": "First line", "may.audit:read": "on"},
    )
    second = await role(api.runtime, "support")
    person = await api.person("support", email="grace@example.com")
    shown = (await visitor.get("/admin/roles/support")).text
    wrong = await send(
        visitor,
        "/admin/roles/support/delete",
        {"typed": "admin"},
        "/admin/roles/support",
    )
    deleted = await send(
        visitor,
        "/admin/roles/support/delete",
        {"typed": " Support "},
        "/admin/roles/support",
    )

    assert first is not None and second is not None
    assert (first.permissions, first.mfa_required) == (["users:read"], True)
    assert "The role is created." in page
    assert saved.headers["location"] == "/admin/roles/support?done=saved"
    assert (second.permissions, second.mfa_required) == (["audit:read"], False)
    assert second.description == "First line"
    assert person.email in shown
    assert wrong.status_code == 422 and "Type support to confirm." in wrong.text
    assert deleted.headers["location"] == "/admin/roles?done=deleted"
    assert await role(api.runtime, "support") is None


async def test_a_form_of_a_role_that_changed_meanwhile_is_refused(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await send(visitor, "/admin/new-role", {"name": "support"})
    old = await visitor.hidden("/admin/roles/support")

    first = await visitor.post("/admin/roles/support", old | {"may.keys:read": "on"})
    second = await visitor.post("/admin/roles/support", old | {"may.keys:write": "on"})

    assert (first.status_code, second.status_code) == (303, 412)
    found = await role(runtime, "support")
    assert found is not None and found.permissions == ["keys:read"]


async def test_nobody_gives_or_takes_what_they_do_not_hold(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("roles:read", "roles:write", "users:read")

    page = Page((await visitor.get("/admin/new-role")).text)
    open_boxes = [
        name
        for name, tag in page.inputs.items()
        if name.startswith("may.") and "disabled" not in tag
    ]
    forged = await send(
        visitor, "/admin/new-role", {"name": "forged", "may.keys:write": "on"}
    )
    unknown = await send(visitor, "/admin/new-role", {"name": "forged", "may.*": "on"})
    admins = await visitor.get("/admin/roles/admin")
    taken = await send(
        visitor,
        "/admin/roles/admin",
        {"version": "1", "mfa_required": "on"},
        "/admin/new-role",
    )

    assert sorted(open_boxes) == ["may.roles:read", "may.roles:write", "may.users:read"]
    assert (forged.status_code, unknown.status_code) == (403, 422)
    assert await role(runtime, "forged") is None
    assert "You can look at this role." in admins.text
    assert taken.status_code == 403


async def test_a_built_in_role_may_only_demand_a_second_factor(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    before = await role(runtime, "user")

    saved = await send(
        visitor, "/admin/roles/user", {"mfa_required": "on", "may.users:write": "on"}
    )
    after = await role(runtime, "user")
    deleted = await send(
        visitor, "/admin/roles/user/delete", {"typed": "user"}, "/admin/roles/user"
    )

    assert saved.status_code == 303 and deleted.status_code == 403
    assert before is not None and after is not None
    assert after.mfa_required and after.permissions == before.permissions


async def test_a_taken_or_bad_name_is_said_and_what_was_typed_stays(
    visitor: Visitor, admin: Person
) -> None:
    taken = await send(
        visitor,
        "/admin/new-role",
        {"name": "admin", "description": "kept", "may.keys:read": "on"},
    )
    bad = await send(visitor, "/admin/new-role", {"name": "Not A Name"})

    assert taken.status_code == 409 and "A role of this name exists" in taken.text
    page = Page(taken.text)
    assert page.inputs["description"]["value"] == "kept"
    assert "checked" in page.inputs["may.keys:read"]
    assert "checked" not in page.inputs["may.keys:write"]
    assert bad.status_code == 422
    assert ": Small letters, digits, - and _. It stays.</a>" in bad.text
    assert "[a-z]" not in bad.text


@pytest.mark.parametrize(
    "path", ["/admin/new-role", "/admin/roles/user", "/admin/roles/user/delete"]
)
async def test_changes_want_the_permission_a_fresh_sign_in_and_our_own_form(
    visitor: Visitor, holder: Holder, api: Api, clock: Any, path: str
) -> None:
    await holder("roles:read")
    looked = await visitor.post(path, await visitor.hidden("/admin/roles/user"))
    admin = await api.admin()
    await visitor.sign_in(admin.email)
    fields = {"typed": "user", "name": "x"}
    foreign = await visitor.post(path, fields)
    form = await visitor.hidden("/admin/roles/user")
    clock.advance(hours=1)
    stale = await visitor.post(path, form | fields)

    assert looked.status_code == 403
    assert foreign.status_code == 403
    assert stale.status_code == 303
    assert stale.headers["location"].startswith("/signin?to=console.roles")
    assert await role(api.runtime, "x") is None


async def test_every_permission_can_be_ticked_at_once_and_is_said_in_each_language(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    fields = {f"may.{name}": "on" for name in PERMISSIONS}
    made = await send(
        visitor,
        "/admin/new-role",
        {"name": "all", "description": "x", "mfa_required": "on"} | fields,
    )
    spoken = await visitor.get("/admin/roles/all", accept_language="de")

    found = await role(runtime, "all")
    assert made.status_code == 303 and found is not None
    assert sorted(found.permissions) == sorted(PERMISSIONS)
    assert "Das Audit-Protokoll lesen" in spoken.text
    assert "Read the audit trail" not in spoken.text
