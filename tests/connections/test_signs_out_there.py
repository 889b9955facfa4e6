"""Who signs out here is led to sign out where they came from, and back."""

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import select

from app.core.jose import generate_key
from app.jobs.upstream import UpstreamJob
from app.models import UpstreamSession
from app.services.server.runtime import Runtime
from app.services.sessions.session import SessionService
from app.services.sign_in.browser_session import BrowserAccount, BrowserSessionService
from app.services.sign_in.elsewhere import asked_every
from tests.connections.provider import Provider
from tests.connections.support import ANN, CONNECTION, IS_ANN, OPEN, come, connect
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.logout import BACK, EVIL, hint, shop
from tests.support.page import ORIGIN, Page
from tests.upstreams.simulator import pem

PATH = "/upstreams/firm/signed-out"
DONE = "/done/signed-out"
DAY = 86_401


@pytest.fixture(autouse=True)
def can_sign_out(provider: Provider) -> None:
    provider.said["end_session_endpoint"] = f"{provider.url}/logout"


def led(answer: Response) -> str:
    """Return where a page leads by itself."""
    metas = Page(answer.text).all("meta")
    [refresh] = [each["content"] for each in metas if each.get("http-equiv")]
    seconds, _, url = str(refresh).partition(";url=")
    assert seconds == "0"
    return url


def asked(answer: Response) -> dict[str, str]:
    """Return what the other side is asked by the page after a sign-out."""
    return dict(parse_qsl(urlsplit(led(answer)).query))


def said(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified."""
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


async def kept(api: Api) -> list[bytes | None]:
    """Return what is kept of each session that began elsewhere."""
    async with api.runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(UpstreamSession.sealed_tokens)))


async def in_use(visitor: Visitor, runtime: Runtime) -> BrowserAccount:
    """Return who is signed in at a browser."""
    cookies = (f"{each.name}={each.value}" for each in visitor.http.cookies.jar)
    browser = await BrowserSessionService(runtime).read(["; ".join(cookies)])
    assert browser.current is not None
    return browser.current


async def test_it_is_over_here_before_they_go_there_and_come_back(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    """RP-Initiated Logout §2, §3."""
    await connect(api, provider, **OPEN, signs_out=True)
    await come(visitor, provider, **IS_ANN)
    [sealed] = await kept(api)

    out = await visitor.submit("/signout")
    who = await visitor.who()
    there = asked(out)
    back = await visitor.get(f"{PATH}?state={there['state']}")

    assert who == "" and "You are signed out" in out.text and "Elsewhere" in out.text
    assert led(out).startswith(f"{provider.url}/logout?")
    assert said(there["id_token_hint"])["sub"] == "ann-there"
    assert there["client_id"] == "here"
    assert there["post_logout_redirect_uri"] == ORIGIN + PATH
    assert back.headers["location"] == DONE
    assert sealed is not None and there["id_token_hint"].encode() not in sealed
    assert await kept(api) == [None]


async def test_without_a_token_the_session_is_named_there(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    made = await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN, sid="one")
    await api.patch(f"/connections/{made}", {"signs_out": True}, await api.admin())

    there = asked(await visitor.submit("/signout"))

    assert there["logout_hint"] == "one" and "id_token_hint" not in there


async def _is_off(api: Api, provider: Provider, path: str) -> None:
    await api.patch(path, {"signs_out": False}, await api.admin())


async def _is_away(api: Api, provider: Provider, path: str) -> None:
    await _is_known_no_more(api, path)
    provider.handler = lambda *_: (503, {}, b"")


async def _cannot(api: Api, provider: Provider, path: str) -> None:
    await _is_known_no_more(api, path)
    provider.said.pop("end_session_endpoint")


async def _is_known_no_more(api: Api, path: str) -> None:
    """Have its metadata asked for again."""
    await api.patch(path, {"display_name": "Anew"}, await api.admin())


@pytest.mark.parametrize("change", [_is_off, _is_away, _cannot])
async def test_a_sign_out_depends_on_nobody_elsewhere(
    api: Api, visitor: Visitor, provider: Provider, change: Any
) -> None:
    made = await connect(api, provider, **OPEN, signs_out=True)
    await come(visitor, provider, **IS_ANN)
    await change(api, provider, f"/connections/{made}")

    out = await visitor.submit("/signout")

    assert (out.status_code, out.headers["location"]) == (303, DONE)
    assert await visitor.who() == ""


async def test_nothing_is_kept_and_nobody_led_unless_it_is_said(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **IS_ANN)

    out = await visitor.submit("/signout")

    assert out.headers["location"] == DONE and await kept(api) == [None]


async def by_application(visitor: Visitor, runtime: Runtime) -> Response:
    """Sign out as an application asks."""
    app = await shop(runtime)
    ask = {
        "id_token_hint": hint(runtime, app, await in_use(visitor, runtime)),
        "post_logout_redirect_uri": BACK,
        "state": "s",
    }
    return await visitor.get(f"/oauth2/logout?{urlencode(ask)}")


async def test_t055_an_application_gets_the_browser_back_at_its_registered_address(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN, signs_out=True)
    await come(visitor, provider, **IS_ANN)

    out = await by_application(visitor, api.runtime)
    who, there = await visitor.who(), asked(out)
    evil = urlencode({"post_logout_redirect_uri": EVIL, "redirect_url": EVIL})
    back = await visitor.get(f"{PATH}?state={there['state']}&{evil}")
    again = await visitor.get(f"{PATH}?state={there['state']}")

    assert who == "" and BACK not in led(out) and there["state"] != "s"
    assert led(back) == f"{BACK}?state=s" and EVIL not in back.text
    assert again.headers["location"] == DONE


async def test_t055_no_other_state_leads_anywhere(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI
) -> None:
    await connect(api, provider, **OPEN, signs_out=True)
    await come(visitor, provider, **IS_ANN)
    state = asked(await by_application(visitor, api.runtime))["state"]
    other = Visitor(app)
    await other.get("/signin")

    answers = [
        await visitor.get(PATH),
        await visitor.get(f"{PATH}?state=made-up"),
        await visitor.get(f"{PATH}?state={state}&state={state}"),
        await visitor.get(f"/upstreams/other/signed-out?state={state}"),
        await other.get(f"{PATH}?state={state}"),
        await Visitor(app).get(f"{PATH}?state={state}"),
    ]
    back = await visitor.get(f"{PATH}?state={state}")

    assert {each.headers["location"] for each in answers} == {DONE}
    assert led(back) == f"{BACK}?state=s"  # and nobody else used it up


async def test_a_state_is_over_after_a_while(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN, signs_out=True)
    await come(visitor, provider, **IS_ANN)
    state = asked(await by_application(visitor, api.runtime))["state"]
    clock.advance(seconds=901)

    back = await visitor.get(f"{PATH}?state={state}")

    assert back.headers["location"] == DONE


async def look(api: Api, clock: FakeClock, seconds: int) -> None:
    clock.advance(seconds=seconds)
    job = UpstreamJob(api.runtime)
    while await job.run():
        pass


async def test_what_they_sign_out_with_is_kept_as_long_as_they_are_signed_in(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN, signs_out=True, check_every=0)
    provider.refreshes = True
    await come(visitor, provider, **IS_ANN)
    await look(api, clock, DAY)
    [signed_in] = await kept(api)
    account = await in_use(visitor, api.runtime)
    async with api.runtime.unit_of_work() as uow:
        await SessionService(uow).end(account.user_id, account.session_id, "test")

    await look(api, clock, DAY)

    assert signed_in is not None and provider.used == []
    assert await kept(api) == [None]


async def test_it_keeps_nobody_signed_in_who_is_let_in_there_no_more(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, clock: FakeClock
) -> None:
    """About the second session nobody can be asked; its ID token is no question."""
    await connect(api, provider, **OPEN, signs_out=True)
    other = Visitor(app)
    provider.refreshes = True
    await come(visitor, provider, **IS_ANN)
    provider.refreshes = False
    await come(other, provider, **IS_ANN)
    provider.good.clear()

    await look(api, clock, 3_601)

    assert [await each.who() for each in (visitor, other)] == ["", ""]


async def test_a_token_of_later_takes_the_place_of_the_first(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN, signs_out=True)
    provider.refreshes = True
    await come(visitor, provider, **IS_ANN)
    first = clock.now().timestamp()
    await look(api, clock, 3_601)

    there = asked(await visitor.submit("/signout"))

    assert said(there["id_token_hint"])["iat"] > first


async def test_a_kind_is_asked_as_seldom_as_it_wants(
    api: Api, provider: Provider
) -> None:
    """Apple: once a day, whatever an administrator says."""
    root = await api.admin()
    settings = {
        "client_id": "here",
        "team_id": "DEF123GHIJ",
        "key_id": "ABC123DEFG",
        "private_key": pem(generate_key("ES256")),
    }
    apple = CONNECTION | {"name": "apple", "kind": "apple", "settings": settings}

    often = await api.post("/connections", apple | {"check_every": 86_399}, root)
    made = await api.post("/connections", apple, root)
    path = f"/connections/{made.json()['id']}"
    changed = [
        await api.patch(path, {"check_every": every}, root) for every in (3_600, 0)
    ]

    assert often.status_code == changed[0].status_code == 422
    [wrong] = often.json()["errors"]
    assert (wrong["field"], wrong["code"]) == ("check_every", "too_often")
    assert "86400" in wrong["message"]
    assert made.json()["check_every"] == 86_400
    assert changed[1].json()["check_every"] == 0
    way = await api.runtime.connections.find("apple")
    assert way is not None
    # One that is older than the question, and one that said less.
    assert asked_every({}, way) == asked_every({"check_every": 3_600}, way) == 86_400
    assert asked_every({"check_every": 0}, way) == 0


async def test_an_account_that_stays_is_led_back_to_the_front_door(
    api: Api, visitor: Visitor, provider: Provider
) -> None:
    await connect(api, provider, **OPEN, signs_out=True)
    await api.users.with_password("correct horse battery staple", email="b@example.com")
    await visitor.sign_in("b@example.com", "correct horse battery staple")
    await come(visitor, provider, **IS_ANN)
    who = await visitor.who()

    state = asked(await visitor.submit("/signout"))["state"]
    back = await visitor.get(f"{PATH}?state={state}")

    assert who == ANN and await visitor.who() == "b@example.com"
    assert back.headers["location"] == "/"
