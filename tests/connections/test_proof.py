"""Whom a leading connection sends back for a proof is not led to it in a circle."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.policies.permission import ADMIN_ROLE
from tests.connections.provider import Provider
from tests.connections.support import ANN, IS_ANN, OPEN, come, count
from tests.connections.test_realm import lead, typed
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.page import Page

NOBODY_TRUSTED: dict[str, Any] = OPEN | {"trusted_domains": []}


async def test_the_account_is_proven_by_its_password_and_connected(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await api.users.with_password(PASSWORD, email=ANN)
    await lead(api, provider, **NOBODY_TRUSTED)
    came = await come(visitor, provider, **IS_ANN)
    page = Page((await visitor.get(came.headers["location"])).text)
    first = await typed(visitor, "Ann@Example.com")
    proven = await visitor.sign_in(ANN)
    done = await visitor.submit("/signin/connect", {"connect": "yes"})
    later = Visitor(app)
    again = await come(later, provider, **IS_ANN)

    assert page.inputs["email"]["value"] == ANN and "password" in page.inputs
    assert first.status_code == 200 and "password" in Page(first.text).inputs
    assert proven.headers["location"] == "/signin/connect"
    assert done.headers["location"] == "/"
    assert again.headers["location"] == "/" and await later.who() == ANN


async def test_the_account_is_proven_by_a_code(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await api.users.with_password(PASSWORD, email=ANN)
    await lead(api, provider, **NOBODY_TRUSTED)
    await come(visitor, provider, **IS_ANN)
    sent = await visitor.submit("/signin/code", {"email": ANN})
    code = (await api.mailed("email_code")).code
    fields = Page(sent.text).hidden() | {"email": ANN, "code": code}
    proven = await visitor.post("/signin/code", fields)

    assert sent.status_code == 200
    assert proven.headers["location"] == "/signin/connect"


@pytest.mark.parametrize("path", ["/signin", "/signin/code", "/signup"])
async def test_others_are_led_as_before(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, path: str
) -> None:
    """By browser and address: the password of somebody else does not pass either."""
    for email in (ANN, "bob@example.com"):
        await api.users.with_password(PASSWORD, email=email)
    await lead(api, provider, **NOBODY_TRUSTED)
    await come(visitor, provider, **IS_ANN)
    bob = {"email": "bob@example.com", "password": PASSWORD}
    here = await visitor.submit(path, bob)
    elsewhere = await Visitor(app).submit(path, bob | {"email": ANN})

    led = [each.headers["location"] for each in (here, elsewhere)]
    assert all(each.startswith(f"{provider.url}/authorize") for each in led)


async def test_a_proof_for_another_connection_passes_none(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    boss = await api.person(ADMIN_ROLE, email="boss@elsewhere.example")
    await api.users.with_password(PASSWORD, email=ANN)
    made = await lead(api, provider, **NOBODY_TRUSTED)
    await come(visitor, provider, **IS_ANN)
    domains = (await api.get(f"/connections/{made}/domains", boss)).json()["items"]
    await api.delete(f"/connections/{made}/domains/{domains[0]['id']}", boss)
    settings = {"issuer": provider.url, "client_id": "b", "client_secret": "x" * 20}
    body = {"name": "other", "kind": "oidc", "display_name": "B", "settings": settings}
    other = (await api.post("/connections", body, boss)).json()["id"]
    domain = {"domain": "example.com", "verified": True}
    await api.post(f"/connections/{other}/domains", domain, boss)
    led = await visitor.sign_in(ANN)

    assert led.headers["location"].startswith(f"{provider.url}/authorize")


@pytest.mark.parametrize(("rule", "made"), [("anybody", 1), ("closed", 0)])
async def test_who_came_without_an_address_makes_an_account_where_there_are_any(
    api: Api, visitor: Visitor, provider: Provider, rule: str, made: int
) -> None:
    await lead(api, provider, **NOBODY_TRUSTED | {"account_rule": rule})
    before = await count(api)
    came = await come(visitor, provider)
    new = {"email": "new@example.com", "password": PASSWORD}
    answer = await visitor.submit("/signup", new)

    assert came.headers["location"] == "/signin"
    assert await count(api) == before + made
    is_led = answer.headers["location"].startswith(provider.url)
    assert is_led is not bool(made)
