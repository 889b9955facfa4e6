"""APIs in the console: added, changed, disabled, deleted."""

from typing import Any
from uuid import UUID

import pytest

from app.services.clients.resource import KnownResource, OAuthResourceService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

LIST, NEW = "/admin/resources", "/admin/resources/new"
ORDERS = "https://orders.example.com"
FIELDS = {
    "name": "Orders",
    "scopes": "read = See your orders\n\nwrite",
    "access": "any",
    "access_token_ttl": "120",
    "algorithm": "RS256",
    "typ": "JWT",
    "audience_form": "list",
    "scope_form": "list",
    "claims": "teams = groups\n"
    '{"claim": "r.all", "source": "roles", "format": "nested"}',
}
SHAPE = ("access", "access_token_ttl", "algorithm", "typ", "audience_form")


@pytest.fixture
def options() -> dict[str, object]:
    """One API of the settings, which nobody changes here."""
    declared = {"identifier": "https://fixed.example.com", "scopes": {"a": "B"}}
    return {"resources": [declared]}


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


async def stored(runtime: Runtime, path: str) -> KnownResource:
    async with runtime.unit_of_work(read_only=True) as uow:
        resources = OAuthResourceService(uow, runtime)
        return await resources.get(UUID(path.rpartition("/")[2]))


@pytest.fixture
async def path(visitor: Visitor, admin: Person) -> str:
    """An API, added by an administrator; its page."""
    made = await send(visitor, NEW, NEW, identifier=ORDERS, **FIELDS)
    assert made.headers["location"].endswith("?done=made"), made.text
    return str(made.headers["location"]).partition("?")[0]


async def test_an_api_is_added_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    first = await stored(runtime, path)
    listed = (await visitor.get(LIST)).text
    old, page = await visitor.hidden(path), (await visitor.get(path)).text
    saved = await visitor.post(path, old | FIELDS | {"name": "Sales", "claims": ""})
    late = await visitor.post(path, old | FIELDS | {"name": "Late"})
    second = await stored(runtime, path)
    wrong = await send(visitor, f"{path}/delete", path, typed="https://orders")
    off = await send(visitor, f"{path}/status", path, status="disabled")
    disabled = await stored(runtime, path)
    await send(visitor, f"{path}/status", path, status="active")
    enabled = await stored(runtime, path)
    deleted = await send(visitor, f"{path}/delete", path, typed=ORDERS)

    assert (first.identifier, first.name) == (ORDERS, "Orders")
    assert first.scopes == {"read": "See your orders", "write": ""}
    assert [getattr(first, name) for name in SHAPE] == [
        *("any", 120, "RS256", "JWT", "list")
    ]
    assert [(each["claim"], each["format"]) for each in first.claims] == [
        *(("teams", "flat"), ("r.all", "nested"))
    ]
    assert ORDERS in listed and "read = See your orders" in page
    assert "teams = groups" in page and "r.all" in page
    assert saved.headers["location"] == f"{path}?done=saved"
    assert (late.status_code, wrong.status_code) == (412, 422)
    assert (second.name, second.claims, second.typ) == ("Sales", [], "JWT")
    assert off.headers["location"] == f"{path}?done=disabled"
    assert (disabled.status, enabled.status) == ("disabled", "active")
    assert deleted.headers["location"] == f"{LIST}?done=deleted"
    assert (await visitor.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("identifier", "no api", ""),
        ("identifier", "http://localhost:8000/api/v1", "Must not be of this server"),
        ("scopes", "read=A\nread=B", "This line cannot be read: read=B"),
        ("scopes", "see all = A", "This line cannot be read: see all = A"),
        ("scopes", "account = All of it", "scope of this service"),
        ("claims", "teams", "This line cannot be read: teams"),
        ("claims", '{"claim": "teams"}', "This line cannot be read"),
        ("claims", "sub = email", "Cannot replace sub"),
        ("claims", "a = nothing", "Know no source nothing"),
        ("access_token_ttl", "soon", ""),
        ("access_token_ttl", "9999", ""),
        ("access_token_ttl", "9" * 5_000, ""),
        ("algorithm", "none", ""),
        ("typ", "id+jwt", ""),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_makes_nothing(
    visitor: Visitor, admin: Person, runtime: Runtime, field: str, text: str, said: str
) -> None:
    fields = {"identifier": ORDERS, **FIELDS, field: text}

    answer = await send(visitor, NEW, NEW, **fields)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and said in answer.text
    async with runtime.unit_of_work(read_only=True) as uow:
        assert await uow.oauth_resources.list_page(after=None, limit=9) == []


async def test_an_api_of_the_settings_is_shown_and_stays(
    visitor: Visitor, runtime: Runtime, admin: Person
) -> None:
    listed = (await visitor.get(LIST)).text
    async with runtime.unit_of_work(read_only=True) as uow:
        resources = OAuthResourceService(uow, runtime)
        fixed = await resources.by_identifier("https://fixed.example.com")
    path = f"{LIST}/{fixed.id}"
    page = (await visitor.get(path)).text
    form = await visitor.hidden("/account/profile") | {"version": "0"}

    answers = [
        await visitor.post(path, form | FIELDS),
        await visitor.post(f"{path}/status", form | {"status": "disabled"}),
        await visitor.post(f"{path}/delete", form | {"typed": fixed.identifier}),
    ]

    assert "Set in the settings" in listed
    assert "AUTH_SERVE_RESOURCES declares this API" in page
    assert f'action="{path}' not in page
    assert {each.status_code for each in answers} == {409}


async def test_who_may_only_look_changes_nothing(
    visitor: Visitor, runtime: Runtime, path: str, holder: Holder
) -> None:
    first = await stored(runtime, path)
    await holder("resources:read")
    form = await visitor.hidden("/account/profile") | {"version": str(first.version)}

    page = await visitor.get(path)
    answers = [
        await visitor.post(NEW, form | {"identifier": "https://b.example", **FIELDS}),
        await visitor.post(path, form | FIELDS | {"name": "Mine"}),
        await visitor.post(f"{path}/status", form | {"status": "disabled"}),
        await visitor.post(f"{path}/delete", form | {"typed": ORDERS}),
    ]

    assert page.status_code == 200 and f'action="{path}' not in page.text
    assert "See your orders" in page.text
    assert {each.status_code for each in answers} == {403}
    assert await stored(runtime, path) == first


async def test_a_change_asks_for_a_sign_in_of_just_now(
    visitor: Visitor, runtime: Runtime, path: str, clock: FakeClock
) -> None:
    first = await stored(runtime, path)
    clock.advance(hours=1)

    answers = [
        await send(visitor, NEW, NEW, identifier="https://b.example", **FIELDS),
        await send(visitor, path, path, **FIELDS | {"name": "Mine"}),
        await send(visitor, f"{path}/status", path, status="disabled"),
        await send(visitor, f"{path}/delete", path, typed=ORDERS),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.resources.") for each in places)
    assert await stored(runtime, path) == first
