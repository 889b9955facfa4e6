"""Home-realm discovery: the domain of an address decides, and nothing else (ADR-0103).

T052: who types an address learns by it nothing of an account.
"""

from typing import Any

import pytest
from fastapi import FastAPI

from app.policies.permission import ADMIN_ROLE
from tests.connections.provider import Provider
from tests.connections.support import ANN, IS_ANN, OPEN, come, connect
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of as request_of
from tests.support.browser import Visitor
from tests.support.page import Page
from tests.upstreams.conftest import query_of


async def lead(api: Api, provider: Provider, **members: Any) -> str:
    """Have the connection ``firm`` lead the people of example.com."""
    made = await connect(api, provider, **OPEN | members)
    body = {"domain": "Example.COM", "verified": True}
    answer = await api.post(f"/connections/{made}/domains", body, await api.admin())
    assert answer.status_code == 201, answer.text
    return made


async def typed(visitor: Visitor, email: str, **more: str) -> Any:
    """Type an address at the sign-in page."""
    return await visitor.submit("/signin", {"email": email, **more})


async def test_the_address_that_is_typed_leads_to_its_connection(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await lead(api, provider)

    page = await visitor.get("/signin")
    gone = await typed(visitor, " Ann@EXAMPLE.com. ")
    other = await typed(visitor, "bob@elsewhere.example")
    provider.person = IS_ANN
    back = await visitor.get(provider.back(gone.headers["location"]))

    asked = query_of(gone.headers["location"])
    assert "password" not in Page(page.text).inputs
    assert "form-action" not in page.headers["content-security-policy"]
    assert gone.status_code == 303 and asked["login_hint"] == "Ann@EXAMPLE.com."
    assert Page(other.text).inputs["email"]["value"] == "bob@elsewhere.example"
    assert "password" in Page(other.text).inputs
    assert back.headers["location"] == "/" and await visitor.who() == ANN


@pytest.mark.parametrize("path", ["/signin", "/signup", "/signin/code"])
async def test_t052_an_account_and_none_are_led_alike(
    api: Api, provider: Provider, app: FastAPI, path: str
) -> None:
    boss = await api.admin()
    await lead(api, provider)
    await api.users.with_password(PASSWORD, email=ANN)
    off = await api.users.with_password(PASSWORD, email="off@example.com")
    await api.patch(f"/users/{off.id}", {"status": "disabled"}, boss)
    answers = []

    for email in (ANN, "nobody@example.com", off.email, boss.email):
        visitor = Visitor(app)
        values = await visitor.hidden(path)
        fields = {"email": email, "password": PASSWORD}
        answers.append(await visitor.post(path, values | fields))

    assert {each.status_code for each in answers} == {303}
    led = [each.headers["location"].partition("?")[0] for each in answers]
    assert led == [f"{provider.url}/authorize"] * 4
    assert {len(each.headers) for each in answers} == {len(answers[0].headers)}


async def test_neither_a_password_nor_a_code_goes_past_the_connection(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await api.users.with_password(PASSWORD, email=ANN)
    await lead(api, provider)
    login = {"email": ANN, "password": PASSWORD}
    unknown = {"email": "nobody@example.com", "password": PASSWORD}
    code = {"email": ANN, "code": "12345678"}

    answers = [
        await api.post("/auth/login", login),
        await api.post("/auth/login", unknown),
        await api.post("/auth/register", unknown),
        await api.post("/auth/email-code", {"email": ANN}),
        await api.post("/auth/email-code/verify", code),
    ]
    assert {each.status_code for each in answers} == {403}
    assert {each.json()["code"] for each in answers} == {"connection_leads"}
    told = [each.json() for each in answers[:2]]
    assert told[0].keys() == told[1].keys() and told[0]["title"] == told[1]["title"]


async def test_people_may_use_a_password_where_the_connection_lets_them(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await api.users.with_password(PASSWORD, email=ANN)
    await lead(api, provider, local_passwords=True)

    page = await typed(visitor, ANN)
    buttons = [tag["action"] for tag in Page(page.text).all("form")]
    entered = await visitor.sign_in(ANN)

    assert "password" in Page(page.text).inputs and "/upstreams/firm" in buttons
    assert entered.headers["location"] == "/" and await visitor.who() == ANN
    assert (await api.login(ANN)).status_code == 200


async def test_an_administrator_gets_in_while_the_provider_is_away(
    api: Api, provider: Provider, app: FastAPI
) -> None:
    """Break-glass: for administrators alone, and nobody learns who is one."""
    await lead(api, provider)
    await api.users.with_password(PASSWORD, email=ANN)
    boss = await api.users.with_password(
        PASSWORD, email="boss@example.com", roles=(ADMIN_ROLE,)
    )
    provider.status = 503
    way, answers = "/signin?way=password", {}

    for email, password in [
        (boss.email, PASSWORD),
        (boss.email, "wrong"),
        (ANN, PASSWORD),
        ("nobody@example.com", PASSWORD),
    ]:
        visitor = Visitor(app)
        fields = {"email": email, "password": password}
        answers[email, password] = await visitor.submit(way, fields)
    entered, *refused = answers.values()

    assert entered.headers["location"] == "/"
    assert {each.status_code for each in refused} == {401}
    said = {Page(each.text).inputs["email"]["value"] for each in refused}
    assert said == {boss.email, ANN, "nobody@example.com"}
    assert all("/signin" in each.text for each in refused)


@pytest.mark.parametrize("what", ["unverified", "off", "gone", "removed"])
async def test_a_domain_that_does_not_lead_leads_nobody(
    api: Api, visitor: Visitor, provider: Provider, what: str
) -> None:
    root = await api.person(ADMIN_ROLE, email="root@elsewhere.example")
    made = await connect(api, provider, **OPEN)
    body = {"domain": "example.com", "verified": what != "unverified"}
    domain = (await api.post(f"/connections/{made}/domains", body, root)).json()
    if what == "off":
        await api.patch(f"/connections/{made}", {"enabled": False}, root)
    if what == "gone":
        await api.delete(f"/connections/{made}", root)
    if what == "removed":
        await api.delete(f"/connections/{made}/domains/{domain['id']}", root)
    await api.users.with_password(PASSWORD, email=ANN)

    page = await visitor.get("/signin")
    entered = await visitor.sign_in(ANN)

    assert "password" in Page(page.text).inputs
    assert entered.headers["location"] == "/"


@pytest.mark.parametrize("name", ["idp_hint", "kc_idp_hint"])
async def test_an_application_names_the_connection(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, name: str
) -> None:
    await connect(api, provider, **OPEN)
    ours = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    anybodys = await ApplicationFactory(api.runtime)(
        columns={"is_self_registered": True}
    )
    hint = {name: "firm", "login_hint": ANN, "max_age": "600"}

    gone = await visitor.http.get("/oauth2/authorize", params=request_of(ours, **hint))
    provider.person = IS_ANN
    back = await visitor.get(provider.back(gone.headers["location"]))
    done = await visitor.get(back.headers["location"])
    strange = Visitor(app)
    asked = await strange.http.get(
        "/oauth2/authorize", params=request_of(anybodys, **hint)
    )
    nothing = await Visitor(app).http.get(
        "/oauth2/authorize", params=request_of(ours, **{name: "no-such"})
    )

    query = query_of(gone.headers["location"])
    assert gone.headers["location"].startswith(provider.url)
    assert query["login_hint"] == ANN
    assert "code=" in done.headers["location"]
    # No address of a stranger leads anybody on without a press of a button.
    assert asked.headers["location"].startswith("/signin?flow=")
    assert nothing.headers["location"].startswith("/signin?flow=")


async def test_the_connection_that_is_meant_stands_first(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await lead(api, provider)
    root = await api.person(ADMIN_ROLE, email="root@elsewhere.example")
    settings = {"issuer": provider.url, "client_id": "here", "client_secret": "x" * 20}
    body = {"kind": "oidc", "display_name": "Before", "settings": settings}
    await api.post("/connections", body | {"name": "another"}, root)
    shop = await ApplicationFactory(api.runtime)(columns={"is_self_registered": True})

    async def actions(**hint: str) -> list[str | None]:
        at = Visitor(app)
        asked = await at.http.get("/oauth2/authorize", params=request_of(shop, **hint))
        page = await at.get(asked.headers["location"])
        found = [tag["action"] for tag in Page(page.text).all("form")]
        return [each for each in found if each and each.startswith("/upstreams/")]

    assert await actions() == ["/upstreams/another", "/upstreams/firm"]
    assert (await actions(idp_hint="firm"))[0] == "/upstreams/firm"
    assert (await actions(domain_hint="example.com"))[0] == "/upstreams/firm"
    assert (await actions(domain_hint="no.example"))[0] == "/upstreams/another"
    assert (await actions(login_hint=ANN))[0] == "/upstreams/firm"


async def test_who_is_signed_in_is_led_nowhere(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    await come(visitor, provider, **IS_ANN)

    done = await visitor.http.get(
        "/oauth2/authorize", params=request_of(shop, idp_hint="firm")
    )
    silent = await visitor.http.get(
        "/oauth2/authorize",
        params=request_of(shop, idp_hint="firm", prompt="none"),
    )

    assert "code=" in done.headers["location"] and "code=" in silent.headers["location"]
