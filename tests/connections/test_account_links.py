"""Administrators see who somebody is elsewhere, and end it: API, command, console."""

from uuid import UUID

import pytest
from fastapi import FastAPI

from app.models.upstream.connection import UpstreamIdentity
from app.policies.permission import ADMIN_ROLE
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.connections.provider import Provider
from tests.connections.support import (
    ANN,
    IS_ANN,
    OPEN,
    account,
    add_connection,
    come,
    connect,
)
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.page import Page


async def _set_password(api: Api) -> None:
    user = await account(api)
    async with api.runtime.unit_of_work() as uow:
        found = await uow.users.by_id(user.id, lock=True)
        assert found is not None
        found.password_hash = "x"


async def test_a_link_is_seen_and_ended_with_what_began_by_it(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    await _set_password(api)
    user, boss = await account(api), await api.admin()
    path = f"/users/{user.id}/connections"
    [link] = (await api.get(path, boss)).json()["items"]
    done = await api.delete(f"{path}/{link['id']}", boss)
    again = await api.delete(f"{path}/{link['id']}", boss)
    provider.person = IS_ANN | {"email": "other@example.com"}

    assert (link["connection"], link["display_name"]) == ("firm", "Elsewhere")
    assert (link["who"], link["subject"], link["enabled"]) == (ANN, "ann-there", True)
    assert done.status_code == 204 and await visitor.who() == ""
    assert (await api.get(path, boss)).json()["items"] == []
    assert (again.status_code, again.json()["code"]) == (404, "upstream_link_not_found")
    [mail] = await api.mails("upstream_unlinked", ANN)
    assert mail["data"]["service"] == "Elsewhere"
    [event] = [
        each
        for each in (
            await api.get(f"/audit-events?user_id={user.id}&limit=200", boss)
        ).json()["items"]
        if each["name"] == "upstream.unlinked"
    ]
    assert event["actor_id"] == str(boss.id)
    assert event["data"]["was_last"] is False


async def test_the_last_way_in_is_not_taken_unless_that_is_said(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    user, boss = await account(api), await api.admin()
    path = f"/users/{user.id}/connections"
    [link] = (await api.get(path, boss)).json()["items"]
    kept = await api.delete(f"{path}/{link['id']}", boss)
    still = await visitor.who()
    done = await api.delete(f"{path}/{link['id']}?even_last=true", boss)

    assert (kept.status_code, kept.json()["code"]) == (409, "last_way_in")
    assert still == ANN
    assert done.status_code == 204 and await visitor.who() == ""


async def test_only_who_may_edit_the_account_ends_its_links(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    boss, user = await api.admin(), await account(api)
    await api.post("/roles", _role("reader", "users:read"), boss)
    await api.post("/roles", _role("writer", "users:read", "users:write"), boss)
    reader, writer = await api.person("reader"), await api.person("writer")
    path = f"/users/{user.id}/connections"
    [link] = (await api.get(path, reader)).json()["items"]
    one = f"{path}/{link['id']}?even_last=true"
    by_reader = await api.delete(one, reader)
    await api.patch(f"/users/{user.id}", {"roles": [ADMIN_ROLE]}, boss)
    by_writer = await api.delete(one, writer)
    await api.patch(f"/users/{user.id}", {"roles": ["user"]}, boss)
    of_another = await api.delete(f"/users/{writer.id}/connections/{link['id']}", boss)
    own = await api.delete(f"/users/{boss.id}/connections/{link['id']}", boss)
    done = await api.delete(one, writer)

    assert [by_reader.status_code, by_writer.status_code] == [403, 403]
    assert [of_another.status_code, own.status_code] == [404, 403]
    assert done.status_code == 204


def _role(name: str, *permissions: str) -> dict[str, object]:
    return {"name": name, "permissions": list(permissions)}


@pytest.mark.parametrize("is_said", [False, True])
async def test_the_console_ends_it_as_well(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, is_said: bool
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)
    boss, user, at = await api.admin(), await account(api), Visitor(app)
    await at.sign_in(boss.email, PASSWORD)
    path = f"/admin/users/{user.id}/connections"
    page = Page((await at.get(path)).text)
    [link] = [each for each in page.all("button") if each.get("name") == "link"]
    fields = {"link": link["value"]} | ({"even_last": "on"} if is_said else {})
    done = await at.submit(path, fields)

    assert done.status_code == (303 if is_said else 409), done.text
    assert await visitor.who() == ("" if is_said else ANN)


async def test_it_is_listed_and_ended_by_command(
    api: Api, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    person, root = await api.person(), await api.admin()
    made = UUID(await add_connection(api, root))
    async with api.runtime.unit_of_work() as uow:
        row = UpstreamIdentity(
            id=uow.randomness.uuid7(),
            connection_id=made,
            subject="ann-there",
            user_id=person.id,
            claims={"email": "ann@there.example"},
            linked_at=uow.clock.now(),
        )
        uow.upstream_identities.add(row)
        link = str(row.id)

    [held] = told("user", "connections", "list", person.email)
    unasked = run("user", "connections", "end", person.email, link)
    done = told("user", "connections", "end", person.email, link, "--yes")
    gone = run("user", "connections", "end", person.email, link, "--yes")

    assert (held["id"], held["who"]) == (link, "ann@there.example")
    assert (held["connection"], held["subject"]) == ("support", "ann-there")
    assert unasked.exit_code == 2 and gone.exit_code == 1
    assert done == {"user_id": str(person.id), "id": link, "ended": True}
    assert (await api.trail(person.id))[-1] == "upstream.unlinked"
    assert told("user", "connections", "list", person.email) == []
