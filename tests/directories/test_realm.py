"""A directory leads the people of a domain: they type their password there alone."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.policies.permission import ADMIN_ROLE
from tests.directories.conftest import PASSWORD, filled
from tests.directories.server import Directory
from tests.directories.test_sign_in import MAIL, connected
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD as OWN
from tests.support.api import Api
from tests.support.authorization import query_of
from tests.support.browser import Visitor
from tests.support.page import Page


async def lead(api: Api, directory: Directory, **more: Any) -> str:
    """Have the directory lead the people of example.com."""
    made = await connected(api, directory, **more)
    body = {"domain": "example.com", "verified": True}
    answer = await api.post(f"/connections/{made}/domains", body, await api.admin())
    assert answer.status_code == 201, answer.text
    return made


async def typed(
    visitor: Visitor, path: str = "/signin", email: str = MAIL, **more: str
) -> Response:
    """Type an address; return what is asked next."""
    return await visitor.submit(path, {"email": email, **more})


@pytest.mark.parametrize("path", ["/signin", "/signup", "/signin/code"])
async def test_the_address_leads_to_the_form_and_stands_there(
    api: Api, visitor: Visitor, directory: Directory, path: str
) -> None:
    await lead(api, directory)
    shown = await typed(visitor, path, password=OWN)  # not looked at
    form = Page(shown.text)
    fields = form.hidden() | {"login": MAIL, "password": PASSWORD}
    done = await visitor.post("/upstreams/firm", fields)

    assert shown.status_code == 200 and OWN not in shown.text
    assert form.inputs["login"]["value"] == MAIL
    assert "/upstreams/firm" in [tag["action"] for tag in form.all("form")]
    assert done.status_code == 303 and await visitor.who() == MAIL


async def test_t052_an_account_and_none_are_asked_alike(
    api: Api, app: FastAPI, directory: Directory
) -> None:
    await lead(api, directory)
    await api.users.with_password(OWN, email=MAIL)
    shown = []
    for email in (MAIL, "eve@example.com"):
        answer = await typed(Visitor(app), email=email, password=OWN)
        fields = Page(answer.text).inputs
        shown.append((answer.status_code, set(fields), fields["login"]["value"]))

    assert shown[0][:2] == shown[1][:2]
    assert [each[2] for each in shown] == [MAIL, "eve@example.com"]
    assert not [what for what, _ in directory.seen if what == "bind"]


async def test_no_password_of_here_passes_it(api: Api, directory: Directory) -> None:
    await lead(api, directory)
    await api.users.with_password(OWN, email=MAIL)
    answers = [
        await api.post("/auth/login", {"email": MAIL, "password": OWN}),
        await api.post("/auth/login", {"email": MAIL, "password": PASSWORD}),
        await api.post("/auth/email-code", {"email": MAIL}),
    ]

    assert [each.status_code for each in answers] == [403] * 3
    assert {each.json()["code"] for each in answers} == {"connection_leads"}


async def test_both_passwords_do_where_the_connection_lets_them(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await lead(api, directory, local_passwords=True)
    await api.users.with_password(OWN, email=MAIL)
    page = Page((await typed(visitor)).text)
    entered = await visitor.sign_in(MAIL, OWN)

    assert "password" in page.inputs
    assert "/upstreams/firm" in [tag["action"] for tag in page.all("form")]
    assert entered.headers["location"] == "/" and await visitor.who() == MAIL


async def test_an_administrator_gets_in_while_the_directory_is_away(
    api: Api, visitor: Visitor
) -> None:
    away = filled()
    async with away.running():
        await lead(api, away)
    boss = await api.users.with_password(
        OWN, email="boss@example.com", roles=(ADMIN_ROLE,)
    )
    form = Page((await typed(visitor, email=boss.email)).text).hidden()
    own = form | {"login": boss.email, "password": OWN}
    refused = await visitor.post("/upstreams/firm", own)
    way = "/signin?way=password"
    entered = await visitor.submit(way, {"email": boss.email, "password": OWN})

    assert refused.status_code == 503
    assert entered.headers["location"] == "/" and await visitor.who() == boss.email


async def test_an_application_means_it_by_its_domain(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await lead(api, directory)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    query = query_of(shop, domain_hint="example.com", login_hint=MAIL)
    led = await visitor.http.get("/oauth2/authorize", params=query)
    form = Page((await visitor.get(led.headers["location"])).text)
    fields = form.hidden() | {"login": MAIL, "password": PASSWORD}
    back = await visitor.post("/upstreams/firm", fields)
    done = await visitor.get(back.headers["location"])

    assert led.headers["location"].startswith("/upstreams/firm?flow=")
    assert form.inputs["login"]["value"] == MAIL
    assert "code=" in done.headers["location"]


async def test_whom_it_sends_back_for_a_proof_is_not_led_in_a_circle(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory
) -> None:
    await lead(api, directory, trusted_domains=[])
    await api.users.with_password(OWN, email=MAIL)
    form = Page((await typed(visitor)).text).hidden()
    there = {"login": MAIL, "password": PASSWORD}
    sent = await visitor.post("/upstreams/firm", form | there)
    proven = await visitor.sign_in(MAIL, OWN)
    await visitor.submit("/signin/connect", {"connect": "yes"})
    later = Visitor(app)
    form = Page((await typed(later)).text).hidden()
    again = await later.post("/upstreams/firm", form | there)

    assert sent.headers["location"] == "/signin"
    assert proven.headers["location"] == "/signin/connect"
    assert again.headers["location"] == "/" and await later.who() == MAIL


async def test_the_console_says_in_words_what_a_test_did(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    made = await connected(api, directory)
    boss = await api.admin()
    await visitor.sign_in(boss.email)
    path = f"/admin/connections/{made}"
    fields = await visitor.hidden(path)
    shown = (await visitor.post(f"{path}/test", fields)).text

    assert all(f">{word}<small" in shown for word in _STEPS), shown
    assert "search_account" not in shown


_STEPS = ("Server", "Account that searches", "Where people are", "People", "Groups")
