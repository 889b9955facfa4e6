"""Applications in the console: made by kind, tested, changed, ended."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from app.models.oauth.client import (
    ADMINISTRATOR,
    NOBODY,
    REGISTRATION_TOKEN,
    OAuthClient,
)
from app.services.clients.client import OAuthClientService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

NEW, ONE = "/admin/clients/new", "/admin/clients/one"
BACK = "https://shop.example.com/callback"
SHOP = {"client_name": "Shop", "redirect_uris": BACK}


async def make(visitor: Visitor, kind: str, **fields: str) -> str:
    """Fill in the form of a kind; return the page that answers."""
    form = await visitor.hidden(f"{NEW}?kind={kind}")
    answer = await visitor.post(NEW, form | fields)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def only(runtime: Runtime) -> OAuthClient:
    """Return the one client that there is."""
    async with runtime.unit_of_work(read_only=True) as uow:
        [row] = await OAuthClientService(uow, runtime).list_page(after=None, limit=9)
    return row


def secret_in(page: str) -> str:
    found = re.search(r'<code class="place">([^<]+)</code>', page)
    return found[1] if found else ""


async def token_status(api: Api, client_id: str, secret: str) -> int:
    """Ask for a token that there is no code for: 400 says that the secret is right."""
    answer = await api.client.post(
        "/oauth2/token",
        data={"grant_type": "authorization_code", "code": "x", "redirect_uri": BACK},
        auth=(client_id, secret),
    )
    return answer.status_code


@pytest.mark.parametrize(
    ("kind", "method", "has_secret", "code"),
    [
        ("web", "client_secret_basic", True, "authorize_redirect"),
        ("spa", "none", False, "UserManager"),
        ("native", "none", False, "await authorize("),
    ],
)
async def test_each_kind_becomes_what_it_needs_with_settings_to_copy(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    kind: str,
    method: str,
    has_secret: bool,
    code: str,
) -> None:
    page = await make(visitor, kind, **SHOP)
    row = await only(runtime)

    assert row.document["token_endpoint_auth_method"] == method
    assert row.document["redirect_uris"] == [BACK]
    assert row.client_name == "Shop"
    assert bool(secret_in(page)) is has_secret
    assert row.client_id in page and code in page
    copied = re.findall("<code>([^<]*)</code>", page)
    assert "http://localhost:8000/.well-known/openid-configuration" in copied
    for setting in ("http://localhost:8000", BACK, row.document["scope"], method):
        assert setting in copied


async def test_a_secret_is_shown_once_and_works(
    visitor: Visitor, admin: Person, api: Api
) -> None:
    secret = secret_in(await make(visitor, "web", **SHOP))
    row = await only(api.runtime)

    later = (await visitor.get(f"{ONE}?id={row.client_id}")).text

    assert await token_status(api, row.client_id, secret) == 400
    assert await token_status(api, row.client_id, f"{secret}x") == 401
    assert secret not in later


async def test_two_secrets_live_and_one_can_be_ended(
    visitor: Visitor, admin: Person, api: Api
) -> None:
    first = secret_in(await make(visitor, "web", **SHOP))
    client_id = (await only(api.runtime)).client_id
    path = f"{ONE}?id={client_id}"

    form = await visitor.hidden(path) | {"id": client_id}
    second = secret_in((await visitor.post(f"{ONE}/rotate", form)).text)
    page = Page((await visitor.get(path)).text)
    ids = [each["value"] for each in page.all("input") if each["name"] == "secret_id"]
    both = [await token_status(api, client_id, each) for each in (first, second)]
    ended = await visitor.post(f"{ONE}/revoke", form | {"secret_id": ids[1]})
    last = form | {"secret_id": ids[0]}
    unasked = await visitor.post(f"{ONE}/revoke", last)
    still = await token_status(api, client_id, second)
    sure = await visitor.post(f"{ONE}/revoke", last | {"typed": client_id})

    assert len(ids) == 2 and second not in ("", first)
    assert both == [400, 400]
    assert ended.headers["location"].endswith("done=revoked")
    assert await token_status(api, client_id, first) == 401
    assert (unasked.status_code, still) == (422, 400)
    assert f"Type {client_id} to confirm." in unasked.text
    assert sure.headers["location"].endswith("done=revoked")
    assert await token_status(api, client_id, second) == 401


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (BACK, "It matches exactly."),
        (f"{BACK}/", "differs in path"),
        ("http://shop.example.com/callback", "differs in scheme"),
        ("https://shop.example.com:8443/callback", "differs in authority"),
        ("https://shop.example.com/callback#x", "It could not be registered either"),
        ("https://shop.example.com/callback\u0430", "\\u0430"),
    ],
)
async def test_a_redirect_uri_is_tested_as_the_sign_in_does(
    visitor: Visitor, admin: Person, runtime: Runtime, sent: str, said: str
) -> None:
    await make(visitor, "web", **SHOP)
    client_id = (await only(runtime)).client_id

    answer = await visitor.get(f"{ONE}?id={client_id}&test={quote(sent, safe='')}")
    page = unescape(answer.text)
    asked = await visitor.http.get(
        "/oauth2/authorize",
        params={"client_id": client_id, "response_type": "code", "redirect_uri": sent},
    )

    assert said in page
    matches = "It matches exactly." in page
    assert ("redirect_uri is not registered" in asked.text) is not matches
    if matches:
        [link] = [
            each["href"] or ""
            for each in Page(answer.text).all("a")
            if "/oauth2/authorize" in (each.get("href") or "")
        ]
        begun = await visitor.get(link)
        assert begun.status_code in (200, 303)
        assert not begun.headers.get("location", "").startswith("/error")


async def test_an_application_is_changed_disabled_enabled_and_deleted(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await make(visitor, "web", **SHOP)
    client_id = (await only(runtime)).client_id
    path = f"{ONE}?id={client_id}"
    form = await visitor.hidden(path)
    fields = {
        "client_name": "Store",
        "redirect_uris": f"{BACK}\r\nhttps://store.example.com/cb",
        "scope": "openid email",
        "minimum_acr": "aal2",
        "is_first_party": "on",
        "vouched": "on",
    }

    saved = await visitor.post(ONE, form | fields)
    stale = await visitor.post(ONE, form | fields | {"client_name": "Late"})
    row = await only(runtime)
    ending = form | {"status": "disabled"}
    unasked = await visitor.post(f"{ONE}/status", ending)
    before = (await only(runtime)).status
    disabled = await visitor.post(f"{ONE}/status", ending | {"typed": client_id})
    off = (await only(runtime)).status
    await visitor.post(f"{ONE}/status", form | {"status": "active"})
    on = (await only(runtime)).status
    kept = await visitor.post(f"{ONE}/delete", form | {"typed": "Store"})
    deleted = await visitor.post(f"{ONE}/delete", form | {"typed": client_id})

    assert saved.headers["location"].endswith("done=saved"), saved.text
    assert stale.status_code == 412
    assert row.client_name == "Store" and row.minimum_acr == "aal2"
    assert row.is_first_party and row.voucher == "administrator"
    assert row.document["redirect_uris"][1] == "https://store.example.com/cb"
    assert row.document["scope"] == "openid email"
    assert disabled.headers["location"].endswith("done=disabled")
    assert (unasked.status_code, before) == (422, "active")
    assert (off, on) == ("disabled", "active")
    assert kept.status_code == 422
    assert deleted.headers["location"] == "/admin/clients?done=deleted"
    assert (await visitor.get(path)).status_code == 404


async def test_the_look_of_an_application_is_chosen_and_judged(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await make(visitor, "web", **SHOP, **{"theme.accent": "#7a1f5c"})
    made = await only(runtime)
    path = f"{ONE}?id={made.client_id}"
    form = await visitor.hidden(path) | SHOP | {"scope": "openid", "vouched": "on"}

    faint = await visitor.post(ONE, form | {"theme.accent": "#ffcc00"})
    alone = await visitor.post(ONE, form | {"theme.accent_dark": "#ffffff"})
    field = Page((await visitor.get(path)).text).inputs["theme.accent"]
    await visitor.post(ONE, form | {"theme.accent": ""})

    assert made.theme == {"accent": "#7a1f5c"} and field["value"] == "#7a1f5c"
    assert (faint.status_code, alone.status_code) == (422, 422)
    assert 'id="theme.accent-error"' in alone.text
    said = faint.text.partition('id="theme.accent-error">')[2][:80]
    assert "contrast of 1.4:1 on light pages" in said
    assert (await only(runtime)).theme is None


async def test_whoever_vouches_for_an_application_does_so_until_the_box_is_changed(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await make(visitor, "web", **SHOP)
    async with runtime.unit_of_work() as uow:
        row = await OAuthClientService(uow, runtime).get(
            (await only(runtime)).client_id
        )
        row.vouched_by = REGISTRATION_TOKEN
    path = f"{ONE}?id={row.client_id}"
    fields = SHOP | {"scope": "openid"}

    said = []
    for more in ({"vouched": "on"}, {}, {"vouched": "on"}):
        answer = await visitor.post(ONE, await visitor.hidden(path) | fields | more)
        assert answer.status_code == 303
        said.append((await only(runtime)).voucher)

    assert said == [REGISTRATION_TOKEN, NOBODY, ADMINISTRATOR]


async def test_what_is_wrong_with_an_application_is_said_at_its_field(
    visitor: Visitor, admin: Person
) -> None:
    form = await visitor.hidden(f"{NEW}?kind=web")
    bad = {"client_name": "<b>Shop</b>", "redirect_uris": "http://shop.example.com/cb"}

    answer = await visitor.post(NEW, form | bad)

    assert answer.status_code == 422
    assert 'href="#redirect_uris"' in answer.text
    assert "Must use https" in answer.text
    assert "<b>Shop" not in answer.text and "&lt;b&gt;Shop" in answer.text


async def test_an_identifier_may_have_anything_in_it(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    client_id = "https://shop.example.com/?a=1&b=2#x"
    async with runtime.unit_of_work() as uow:
        metadata = {"client_name": "Odd", "redirect_uris": [BACK]}
        await OAuthClientService(uow, runtime).create(metadata, {}, client_id)

    listed = Page((await visitor.get("/admin/clients")).text)
    [link] = [
        each["href"] or ""
        for each in listed.all("a")
        if "/clients/one" in (each.get("href") or "")
    ]
    shown = await visitor.get(link)
    found = await visitor.get("/admin/clients?q=odd")
    none = await visitor.get("/admin/clients?q=nothing")

    assert shown.status_code == 200 and "Odd" in shown.text
    assert link.replace("&", "&amp;") in found.text
    assert "Nothing found" in none.text


async def test_a_shorter_address_leads_to_the_application(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await make(visitor, "spa", **SHOP)
    client_id = (await only(runtime)).client_id

    answer = await visitor.get(f"/admin/clients/{client_id}")

    assert answer.headers["location"] == f"{ONE}?id={client_id}"


POSTS = [NEW, ONE, f"{ONE}/status", f"{ONE}/rotate", f"{ONE}/revoke", f"{ONE}/delete"]


@pytest.mark.parametrize("path", POSTS)
async def test_changes_want_the_permission_and_our_own_form(
    visitor: Visitor, holder: Holder, api: Api, path: str
) -> None:
    await holder("clients:read")
    async with api.runtime.unit_of_work() as uow:
        metadata = {"client_name": "Shop", "redirect_uris": [BACK]}
        await OAuthClientService(uow, api.runtime).create(metadata, {}, "shop")
    fields: dict[str, Any] = {"id": "shop", "typed": "shop", "status": "disabled"}

    form = await visitor.hidden("/admin/clients")
    looked = await visitor.post(path, form | fields)
    shown = (await visitor.get(f"{ONE}?id=shop")).text
    admin = await api.admin()
    await visitor.sign_in(admin.email)
    foreign = await visitor.post(path, fields)

    assert looked.status_code == 403
    assert 'method="post"' not in shown
    assert foreign.status_code == 403
    row = await only(api.runtime)
    assert (row.client_id, row.status, row.version) == ("shop", "active", 1)


async def test_a_new_application_wants_a_fresh_sign_in_before_anything_is_typed(
    visitor: Visitor, admin: Person, runtime: Runtime, clock: Any
) -> None:
    """What is made here may be first-party: people are signed in to it unasked."""
    form = await visitor.hidden(f"{NEW}?kind=web")
    clock.advance(hours=1)

    asked = await visitor.get(f"{NEW}?kind=web")
    sent = await visitor.post(NEW, form | SHOP | {"is_first_party": "on"})

    for stale in (asked, sent):
        assert stale.headers["location"] == "/signin?to=console.clients.new"
    async with runtime.unit_of_work(read_only=True) as uow:
        known = OAuthClientService(uow, runtime)
        assert await known.list_page(after=None, limit=9) == []


@pytest.mark.parametrize("path", POSTS[1:])
async def test_changes_want_a_fresh_sign_in_and_lead_back(
    visitor: Visitor, admin: Person, runtime: Runtime, clock: Any, path: str
) -> None:
    await make(visitor, "web", **SHOP)
    client_id = (await only(runtime)).client_id
    form = await visitor.hidden(f"{ONE}?id={client_id}")
    clock.advance(hours=1)

    stale = await visitor.post(path, form | SHOP | {"typed": client_id})

    assert stale.headers["location"] == f"/signin?to=console.clients.{client_id}"
    assert (await only(runtime)).version == 1


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        (
            {"oauth": {"scopes": {"orders:read": "See orders"}}},
            "There are: orders:read.",
            "Name one in AUTH_SERVE_OAUTH__SCOPES",
        ),
        ({}, "Name one in AUTH_SERVE_OAUTH__SCOPES", "There are:"),
    ],
)
async def test_the_form_of_a_machine_says_what_it_may_have(
    visitor: Visitor, admin: Person, said: str, unsaid: str
) -> None:
    machine = unescape((await visitor.get(f"{NEW}?kind=machine")).text)
    web = unescape((await visitor.get(f"{NEW}?kind=web")).text)

    assert said in machine and unsaid not in machine
    assert said not in web
    assert "People see it when they sign in." in web
    assert "People see it when they sign in." not in machine
