"""The demo application: a client like any other, at our own address."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from httpx2 import Response

from app.config import Settings
from app.pages.demo.kept import Kept, read
from app.services.clients.demo import DEMO_CLIENT
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import BrowserSessionService
from tests.conftest import SECRET
from tests.support.api import Api
from tests.support.browser import Visitor


async def _signed_in(visitor: Visitor, email: str) -> tuple[Response, str]:
    """Return the page of the demo application with the tokens, and the callback."""
    asked = await visitor.submit("/demo/signin", page="/demo")
    at = await visitor.get(asked.headers["location"])
    flow = at.headers["location"].partition("?flow=")[2]
    at = await visitor.sign_in(email, flow=flow)
    at = await visitor.get(at.headers["location"])  # /oauth2/resume
    assert at.headers["location"].startswith("/consent")
    at = await visitor.submit(at.headers["location"], {"decision": "allow"})
    back = at.headers["location"]
    assert urlsplit(back).path == "/demo/callback"
    done = await visitor.get(back)
    assert (done.status_code, done.headers["location"]) == (303, "/demo"), done.text
    return await visitor.get("/demo"), back


async def _kept(visitor: Visitor) -> Kept:
    """Return what the demo application has in its cookie."""
    runtime = visitor.app.state.runtime
    pairs = [f"{each.name}={each.value}" for each in visitor.http.cookies.jar]
    fields = ["; ".join(pairs)]
    browser = await BrowserSessionService(runtime).read(fields)
    return read(fields, browser, runtime)


async def test_somebody_signs_in_and_sees_every_token(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person(name="Ann")

    shown, _ = await _signed_in(visitor, person.email)

    for word in ("ID token", "Access token", "Userinfo", "Refresh token", "at_hash"):
        assert word in shown.text
    assert str(person.id) in shown.text and "<bdi>Ann</bdi>" in shown.text
    assert "no-store" in shown.headers["cache-control"]
    assert "script-src" not in shown.headers["content-security-policy"]


async def test_the_page_and_its_cookies_hold_no_secret(
    api: Api, visitor: Visitor
) -> None:
    """The refresh token is the one thing here that is good for long."""
    person = await api.person()
    shown, _ = await _signed_in(visitor, person.email)

    [cookie] = [each for each in visitor.http.cookies.jar if "demo" in each.name]
    assert len(cookie.value or "") < 3_900 and "eyJ" not in (cookie.value or "")
    assert cookie.path == "/demo" and cookie.has_nonstandard_attr("HttpOnly")
    kept = await _kept(visitor)
    assert kept["id_token"] in shown.text and kept["access_token"] in shown.text
    assert kept["refresh_token"] and kept["refresh_token"] not in shown.text


async def test_tokens_are_refreshed(api: Api, visitor: Visitor) -> None:
    person = await api.person()
    await _signed_in(visitor, person.email)
    before = await _kept(visitor)

    done = await visitor.submit("/demo/refresh", page="/demo")
    after, shown = await _kept(visitor), await visitor.get("/demo")

    assert done.headers["location"] == "/demo"
    for name in ("id_token", "access_token", "refresh_token"):
        assert after[name] != before[name]
    assert after["access_token"] in shown.text


async def test_when_the_session_is_over_no_tokens_are_left(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    await _signed_in(visitor, person.email)
    await visitor.submit("/signout")

    shown = await visitor.get("/demo")
    assert "does not open" in shown.text
    refused = await visitor.submit("/demo/refresh", page="/demo")

    assert refused.status_code == 400 and "invalid_grant" in refused.text
    assert await _kept(visitor) == {}


async def test_signing_out_ends_the_session_here_and_comes_back(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    await _signed_in(visitor, person.email)

    out = await visitor.submit("/demo/signout", page="/demo")
    assert urlsplit(out.headers["location"]).path == "/oauth2/logout"
    back = await visitor.get(out.headers["location"])

    assert back.headers["location"].endswith("/demo")
    assert await visitor.who() == ""
    assert "What happens" in (await visitor.get("/demo")).text


async def test_who_declines_is_told_what_the_application_hears(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    asked = await visitor.submit("/demo/signin", page="/demo")
    at = await visitor.get(asked.headers["location"])
    flow = at.headers["location"].partition("?flow=")[2]
    at = await visitor.sign_in(person.email, flow=flow)
    at = await visitor.get(at.headers["location"])
    at = await visitor.submit(at.headers["location"], {"decision": "deny"})

    told = await visitor.get(at.headers["location"])

    assert told.status_code == 400 and "access_denied" in told.text


async def test_an_answer_that_nobody_asked_for_is_not_shown(
    api: Api, visitor: Visitor
) -> None:
    """A page that shows what its address says lends our name to anybody (T062)."""
    await visitor.submit("/demo/signin", page="/demo")

    for query in (
        "error=x&error_description=Call+555",
        "state=x&error=x&error_description=Call+555&iss=http://localhost:8000",
        "code=x&state=x&iss=http://localhost:8000",
        "state=x&state=y",
        "",
    ):
        told = await visitor.get(f"/demo/callback?{query}")
        shown = re.sub("<[^>]*>", "", told.text)  # a link to this page may name it
        assert told.status_code == 400 and "555" not in shown


async def test_a_code_of_another_browser_is_not_taken(
    api: Api, visitor: Visitor
) -> None:
    """Else somebody would sit in the attacker's account (RFC 6749 §10.12)."""
    person = await api.person()
    _, back = await _signed_in(visitor, person.email)
    victim = Visitor(visitor.app)
    await victim.submit("/demo/signin", page="/demo")

    told = await victim.get(back)

    assert told.status_code == 400
    assert "What happens" in (await victim.get("/demo")).text


async def test_a_cookie_of_another_browser_is_none(api: Api, visitor: Visitor) -> None:
    person = await api.person()
    await _signed_in(visitor, person.email)
    thief = Visitor(visitor.app)
    await thief.get("/demo")  # gets a value of its own
    [stolen] = [each for each in visitor.http.cookies.jar if "demo" in each.name]

    thief.http.cookies.set(stolen.name, stolen.value or "", path="/demo")
    shown = await thief.get("/demo")

    assert "What happens" in shown.text and person.email not in shown.text


@pytest.mark.parametrize("path", ["/demo/signin", "/demo/refresh", "/demo/signout"])
async def test_forms_of_other_pages_do_nothing(visitor: Visitor, path: str) -> None:
    await visitor.get("/demo")

    refused = await visitor.post(path, {"csrf": "x"})

    assert refused.status_code == 403


async def test_it_is_a_client_that_an_administrator_sees(
    api: Api, visitor: Visitor, runtime: Runtime
) -> None:
    admin = await api.admin()
    assert (await api.get(f"/clients/{DEMO_CLIENT}", admin)).status_code == 404

    answers = await asyncio.gather(
        *(visitor.submit("/demo/signin", page="/demo") for _ in range(4))
    )

    assert {each.status_code for each in answers} == {303}
    known = (await api.get(f"/clients/{DEMO_CLIENT}", admin)).json()
    assert known["token_endpoint_auth_method"] == "none"
    assert known["software_id"] == DEMO_CLIENT
    assert known["redirect_uris"] == [f"{runtime.settings.public_url}/demo/callback"]


async def test_a_client_of_its_name_that_is_somebody_elses_is_left_alone(
    api: Api, visitor: Visitor
) -> None:
    admin = await api.admin()
    own = {
        "client_id": DEMO_CLIENT,
        "client_name": "Mine",
        "redirect_uris": ["https://app.example.com/cb"],
    }
    assert (await api.post("/clients", own, admin)).status_code == 201

    refused = await visitor.submit("/demo/signin", page="/demo")

    assert refused.status_code == 409
    kept = (await api.get(f"/clients/{DEMO_CLIENT}", admin)).json()
    assert kept["redirect_uris"] == own["redirect_uris"]


class TestWhereItIsOff:
    @pytest.fixture
    def options(self) -> dict[str, object]:
        """As production has it."""
        return {"demo": False}

    async def test_it_is_nowhere(self, visitor: Visitor) -> None:
        for path in ("/demo", "/demo/callback"):
            assert (await visitor.get(path)).status_code == 404
        for path in ("/demo/signin", "/demo/refresh", "/demo/signout"):
            assert (await visitor.post(path, {})).status_code == 404


def test_production_has_none_unless_it_is_told_to() -> None:
    production = {
        "environment": "production",
        "public_url": "https://auth.example.com",
        "secret_key": SECRET,
        "database_url": "postgresql://a:b@db/auth",
        "smtp": {"url": "smtp://mail.example.com", "sender": "a@example.com"},
    }
    assert not Settings.model_validate(production).serves_demo
    assert Settings.model_validate(production | {"demo": True}).serves_demo
