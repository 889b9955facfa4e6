"""Protected hosts in the console: made, changed, deleted, with their proxies."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app.models.oauth.protected_host import ProtectedHost
from app.pages.console.programs.proxies import NAMED, snippets
from app.policies.permission import operator
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.servers.service import ROOT
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

LIST, NEW = "/admin/hosts", "/admin/hosts/new"
WIKI = "wiki.example.com"
FIELDS = {
    "name": "The wiki",
    "who": "named",
    "groups": "team-a",
    "roles": "user",
    "minimum_acr": "aal2",
    "open_paths": "/public/\n\n/robots.txt",
    "machines": "",
    "sign_out_path": "/bye",
    "ends_session": "on",
    "told.email": "on",
}


@pytest.fixture
def options() -> dict[str, object]:
    """Hosts are served as the service is."""
    return {"public_url": "https://auth.example.com"}


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


async def stored(runtime: Runtime, path: str) -> ProtectedHost:
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.protected_hosts.by_client(path.rpartition("/")[2])
    assert row is not None
    return row


@pytest.fixture
async def path(visitor: Visitor, admin: Person, runtime: Runtime) -> str:
    """A host, protected by an administrator; its page."""
    async with runtime.unit_of_work() as uow:
        groups = GroupService(uow)
        await groups.create(operator(uow.clock.now()), "team-a", "", [])
    made = await send(visitor, NEW, NEW, host=WIKI, **FIELDS)
    assert made.status_code == 303, made.text
    assert made.headers["location"].endswith("?done=made")
    return str(made.headers["location"]).partition("?")[0]


async def test_a_host_is_protected_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    first, listed = await stored(runtime, path), (await visitor.get(LIST)).text
    old = await visitor.hidden(path)
    saved = await visitor.post(path, old | FIELDS | {"name": "Notes", "groups": ""})
    late = await visitor.post(path, old | FIELDS | {"name": "Late"})
    second = await stored(runtime, path)
    wrong = await send(visitor, f"{path}/delete", path, typed="wiki")
    deleted = await send(visitor, f"{path}/delete", path, typed=WIKI)

    assert (first.host, first.name) == (WIKI, "The wiki")
    assert (first.groups, first.roles) == (["team-a"], ["user"])
    assert (first.minimum_acr, first.told, first.ends_session) == (
        *("aal2", ["email"], True),
    )
    assert first.open_paths == ["/public/", "/robots.txt"]
    assert first.sign_out_path == "/bye" and WIKI in listed and "team-a" in listed
    assert saved.headers["location"] == f"{path}?done=saved"
    assert (second.name, second.groups, second.roles) == ("Notes", None, ["user"])
    assert (late.status_code, wrong.status_code) == (412, 422)
    assert deleted.headers["location"] == f"{LIST}?done=deleted"
    assert (await visitor.get(path)).status_code == 404


async def test_whom_nobody_named_does_not_enter_unless_everybody_may(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    nobody = FIELDS | {"groups": "", "roles": " "}
    await visitor.post(path, await visitor.hidden(path) | nobody)
    closed, page = await stored(runtime, path), (await visitor.get(LIST)).text
    await visitor.post(path, await visitor.hidden(path) | nobody | {"who": "all"})
    opened = await stored(runtime, path)

    assert (closed.roles, closed.groups) == ([], None) and "Nobody" in page
    assert (opened.roles, opened.groups) == (None, None)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("host", "no host", "Enter a host as browsers know it"),
        ("host", "auth.example.com", "This is the name of this service itself"),
        ("groups", "team-b", "There is no such group."),
        ("roles", "no-role", "There is no such role."),
        ("open_paths", "/a/../b", "Enter a path as it is"),
        ("machines", "nobody", "There is no such application."),
        ("sign_out_path", "/", "Enter a path as it is"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_protects_nothing(
    visitor: Visitor, admin: Person, runtime: Runtime, field: str, text: str, said: str
) -> None:
    fields = {"host": WIKI, **FIELDS, "groups": "", field: text}

    answer = await send(visitor, NEW, NEW, **fields)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and said in answer.text
    async with runtime.unit_of_work(read_only=True) as uow:
        assert await uow.protected_hosts.list_page(after=None, limit=9) == []


async def test_the_settings_of_proxies_are_those_of_the_guide(
    visitor: Visitor, path: str
) -> None:
    page = unescape((await visitor.get(path)).text)
    guide = Path(ROOT / "docs" / "forward-auth.md").read_text(encoding="utf-8")

    for _, text in snippets(NAMED):
        assert f"\n{text}```" in guide
    for _, text in snippets(WIKI):
        assert text in page
    assert "server_name wiki.example.com;" in page and NAMED not in page
    assert "server_name wiki.example.com;" in snippets(f"{WIKI}:8443")[0][1]


async def test_who_may_only_look_changes_nothing(
    visitor: Visitor, runtime: Runtime, path: str, holder: Holder
) -> None:
    await holder("clients:read")
    first = await stored(runtime, path)
    form = await visitor.hidden("/account/profile") | {"version": str(first.version)}

    page = await visitor.get(path)
    answers = [
        await visitor.post(NEW, form | {"host": "b.example.com", **FIELDS}),
        await visitor.post(path, form | FIELDS | {"name": "Mine"}),
        await visitor.post(f"{path}/delete", form | {"typed": WIKI}),
    ]

    assert page.status_code == 200 and f'action="{path}' not in page.text
    assert {each.status_code for each in answers} == {403}
    assert (await stored(runtime, path)).version == first.version


async def test_a_change_asks_for_a_sign_in_of_just_now(
    visitor: Visitor, runtime: Runtime, path: str, clock: FakeClock
) -> None:
    first = await stored(runtime, path)
    clock.advance(hours=1)

    answers = [
        await send(visitor, NEW, NEW, host="b.example.com", **FIELDS),
        await send(visitor, path, path, **FIELDS | {"name": "Mine"}),
        await send(visitor, f"{path}/delete", path, typed=WIKI),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.hosts.") for each in places)
    assert (await stored(runtime, path)).version == first.version
