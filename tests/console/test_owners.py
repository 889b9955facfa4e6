"""Who answers for an application, in the console (ADR-0089)."""

from html import unescape
from typing import Any

import pytest

from app.models.oauth.client import OAuthClient
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.oauth import ApplicationFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

ONE = "/admin/clients/one"


@pytest.fixture
async def shop(runtime: Runtime) -> str:
    return (await ApplicationFactory(runtime)()).client_id


async def own(runtime: Runtime, client_id: str, person: Person) -> None:
    """Have a person answer for a client."""
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(client_id)
        assert row is not None
        row.owner_id = person.id


async def stored(runtime: Runtime, client_id: str) -> OAuthClient:
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.oauth_clients.by_client_id(client_id)
    assert row is not None
    return row


async def save(visitor: Visitor, client_id: str, owner: str) -> Any:
    """Change nothing but the owner; return the answer."""
    page = Page((await visitor.get(f"{ONE}?id={client_id}")).text)
    form = await visitor.hidden(f"{ONE}?id={client_id}")
    fields = {
        "client_name": page.inputs["client_name"]["value"],
        "redirect_uris": "https://app.example.com/cb",
        "owner_id": owner,
    }
    return await visitor.post(ONE, form | fields)


def shown(page: str) -> str:
    """Return what the field of the owner has in it."""
    return str(Page(page).inputs["owner_id"].get("value") or "")


async def test_an_owner_is_named_by_address_and_shown_with_it(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime, shop: str
) -> None:
    ann = await api.person()

    saved = await save(visitor, shop, ann.email.upper())
    row = await stored(runtime, shop)
    page = (await visitor.get(f"{ONE}?id={shop}")).text
    unknown = await save(visitor, shop, "nobody@example.com")
    kept = await stored(runtime, shop)
    emptied = await save(visitor, shop, "")

    assert saved.headers["location"].endswith("done=saved"), saved.text
    assert row.owner_id == ann.id and shown(page) == ann.email
    assert unknown.status_code == 422 and kept.owner_id == ann.id
    assert "There is no active account of this address or ID." in unknown.text
    assert emptied.status_code == 303
    assert (await stored(runtime, shop)).owner_id is None


async def test_who_may_not_read_accounts_learns_no_address(
    api: Api, visitor: Visitor, holder: Holder, runtime: Runtime, shop: str
) -> None:
    ann, bob = await api.person(), await api.person()
    await own(runtime, shop, ann)
    await holder("clients:read", "clients:write")

    page = (await visitor.get(f"{ONE}?id={shop}")).text
    known = await save(visitor, shop, bob.email)
    unknown = await save(visitor, shop, "nobody@example.com")

    assert ann.email not in page and shown(page) == str(ann.id)
    assert known.status_code == unknown.status_code == 422
    for each in (known, unknown):
        assert "There is no active account of this address or ID." in each.text
    assert (await stored(runtime, shop)).owner_id == ann.id


@pytest.mark.parametrize("end", ["disabled", "deleted"])
async def test_a_program_whose_owner_is_gone_needs_attention(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime, shop: str, end: str
) -> None:
    ann = await api.person()
    said = "1 application has an owner who is disabled or deleted"
    await own(runtime, shop, ann)
    before = (await visitor.get("/admin")).text
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(ann.id)
        assert user is not None
        if end == "disabled":
            user.status = "disabled"
        else:
            await uow.users.delete(user)
    other = (await ApplicationFactory(runtime)()).client_id

    overview = (await visitor.get("/admin")).text
    listed = (await visitor.get("/admin/clients?forsaken=true")).text
    page = unescape((await visitor.get(f"{ONE}?id={shop}")).text)
    saved = await save(visitor, shop, shown(page))
    off = await visitor.hidden(f"{ONE}?id={shop}")
    await visitor.post(f"{ONE}/status", off | {"status": "disabled", "typed": shop})

    assert said not in before and said in overview
    assert "/admin/clients?forsaken=true" in overview
    assert shop in listed and other not in listed
    assert "Owner disabled or deleted" in page
    assert saved.status_code == 303, saved.text  # the rest can be changed meanwhile
    assert said not in (await visitor.get("/admin")).text
