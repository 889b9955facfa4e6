"""Where authorization endpoints elsewhere sent people, tried here over HTTP.

One database is enough: what is refused is decided by Python alone.
"""

from urllib.parse import quote, urlencode

import pytest

from app.oauth.errors import InvalidRedirectUri
from tests.factories.oauth import REDIRECT_URI, Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import (
    AUTHORIZE,
    EVIL,
    Visit,
    at,
    is_refused_page,
    query_of,
    told,
    trusted,
)
from tests.support.page import Page


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; `tests/provider/test_authorize.py` asks both engines."""
    return sqlite_url


LOOK_ALIKES = (
    "https://app.example.com/cb/../x",
    "https://app.example.com/%2e%2e/cb",
    "https://app.example.com/cb%2f..%2fx",
    "https://app.example.com/%252e%252e/cb",
    "https://app.example.com/cb?x=1",
    "https://app.example.com/cb?",
    "https://app.example.com/cb#f",
    "https://app.example.com/cb#",
    "https://app.example.com/cb/",
    "https://app.example.com./cb",
    "https://app.example.com:443/cb",
    "https://APP.example.com/cb",
    "HTTPS://app.example.com/cb",
    "http://app.example.com/cb",
    "https://app.example.com/CB",
    "https://user@app.example.com/cb",
    "https://app.example.com@evil.example/cb",
    "https://app.example.com\\@evil.example/cb",
    "https://app.example.com/cb\r\nX: y",
    "//app.example.com/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "\u0435https://app.example.com/cb",
)
MALFORMED = (
    "http://[::1",
    "http://[:x]/",
    "https://app.example.com:99999/cb",
    "http://[",
    ":",
)
FORGED = (
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
    {"Forwarded": "host=evil.example"},
)
MODES = (None, "query", "fragment", "form_post", "web_message", "jwt")


async def test_t013_an_address_that_only_looks_like_the_registered_one(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()

    for sent in LOOK_ALIKES:
        answer = await browser.ask(shop, redirect_uri=sent)
        assert is_refused_page(answer), sent
        assert "evil.example" not in answer.text


async def test_t014_a_registered_address_is_no_pattern(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(redirect_uris=["https://app.example.com/c+b?x=1"])
    plain = await applications()

    for app, sent in (
        (plain, "https://appXexample.com/cb"),
        (plain, "https://app.example.com/cbb"),
        (shop, "https://app.example.com/ccb?x=1"),
    ):
        assert is_refused_page(await browser.ask(app, redirect_uri=sent))


async def test_t016_each_parameter_of_an_answer_is_ours_and_there_once(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    uri = "https://app.example.com/cb?code=theirs&iss=theirs&tenant=7&state=s"
    shop = await trusted(applications, redirect_uris=[uri])
    await browser.arrive((await api.person()).email)
    state = "x&code=evil&iss=evil#frag"

    answer = told(await browser.ask(shop, redirect_uri=uri, state=state))
    error = told(await browser.ask(shop, redirect_uri=uri, scope="nothing"))

    assert answer["state"] == state and answer["tenant"] == "7"
    assert answer["code"].startswith("as_ot_")
    assert answer["iss"] == "http://localhost:8000"
    assert "code" not in error and error["error"] == "invalid_scope"


async def test_t016_trap_21_a_parameter_twice_is_refused(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §3.1: parameters must not be there more than once."""
    shop = await trusted(applications)
    await browser.arrive((await api.person()).email)
    asked = query_of(shop, max_age="1000", response_mode="query")

    for name, text in asked.items():
        for again in (text, "other", ""):
            query = f"{urlencode(asked)}&{name}={quote(again)}"
            answer = await browser.get(f"{AUTHORIZE}?{query}")
            if name in ("client_id", "redirect_uri"):
                assert is_refused_page(answer), name
            else:
                error = told(answer)
                assert error["error"] == "invalid_request", name
                assert ("state" in error) == (name != "state")
    plain = urlencode(asked | {"scope": "email"})  # may leave its only address out
    twice = f"{AUTHORIZE}?{plain}&redirect_uri={quote(REDIRECT_URI)}"
    assert is_refused_page(await browser.get(twice))
    both = await browser.client.post(f"{AUTHORIZE}?scope=openid", data=asked)
    assert told(await browser.get(both.headers["location"]))["error"]


async def test_t017_without_a_known_client_nobody_is_sent_anywhere(
    browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §4.1.2.1, RFC 9700 §4.11: no redirect without a known client."""
    shop = await applications()
    unknown = Application("00000000-0000-7000-8000-000000000000")

    for app, asked in (
        (unknown, {}),
        (unknown, {"prompt": "none"}),
        (Application("x" * 20_000), {}),
        (Application("caf\u00e9"), {}),
        (shop, {"client_id": None}),
        (shop, {"redirect_uri": None}),
        (shop, {"redirect_uri": EVIL, "prompt": "none"}),
        (shop, {"redirect_uri": EVIL, "response_type": "bad"}),
        (shop, {"redirect_uri": EVIL, "scope": "bad scope"}),
        (shop, {"redirect_uri": EVIL, "request": "e30.e30."}),
    ):
        assert is_refused_page(await browser.ask(app, **asked)), asked


async def test_t019_a_malformed_address_is_no_defect(
    browser: Visit, applications: ApplicationFactory
) -> None:
    native = await applications.public(
        application_type="native", redirect_uris=["http://[::1]/cb"]
    )

    for sent in MALFORMED:
        assert is_refused_page(await browser.ask(native, redirect_uri=sent)), sent
    assert at(await browser.ask(native, redirect_uri="http://[::1]:7/cb")) == "/signin"


async def test_trap_11_what_is_no_text_is_refused(browser: Visit) -> None:
    many = "&".join(f"a{number}=1" for number in range(101))

    for query in ("%ff=1", "client_id=%ff", many):
        assert is_refused_page(await browser.get(f"{AUTHORIZE}?{query}")), query


async def test_t055_a_failed_sign_in_leads_nowhere_else(
    browser: Visit, applications: ApplicationFactory
) -> None:
    await browser.ask(await applications())

    answer = await browser.post(
        "/signin", {"email": "a@b.example", "password": "wrong"}, Referer=EVIL
    )

    assert answer.status_code == 401 and "evil.example" not in answer.text
    assert "flow" in Page(answer.text).inputs  # and the request still waits


async def test_t056_no_response_mode_goes_around_the_address(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()

    for mode in MODES:
        answer = await browser.ask(shop, redirect_uri=EVIL, response_mode=mode)
        assert is_refused_page(answer) and EVIL not in answer.text, mode


async def test_t058_a_posting_page_holds_no_markup_of_others(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    uri = "https://app.example.com/cb?a='x'&b=1"
    shop = await trusted(applications, redirect_uris=[uri])
    await browser.arrive((await api.person()).email)
    state = "\"'><script>alert(1)</script>&amp;"

    answer = await browser.ask(
        shop, redirect_uri=uri, response_mode="form_post", state=state
    )

    page = Page(answer.text)
    assert page.inputs["state"]["value"] == state
    assert page.all("form")[0]["action"] == uri
    assert len(page.all("script")) == 1 and "alert(1)</script>" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'sha256-" in policy and "unsafe" not in policy


async def test_t058_an_address_that_is_a_script_is_not_registered(
    applications: ApplicationFactory,
) -> None:
    for uri in ("javascript:alert(1)", "data:text/html,x"):
        with pytest.raises(InvalidRedirectUri):
            await applications(redirect_uris=[uri])


async def test_t070_a_host_that_is_none_is_refused(
    browser: Visit, applications: ApplicationFactory
) -> None:
    asked = query_of(await trusted(applications))

    answer = await browser.client.get(
        AUTHORIZE, params=asked, headers={"Host": "x/public?"}
    )

    assert answer.status_code == 400 and "location" not in answer.headers


async def test_t068_t070_the_host_field_decides_nothing(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop, person = await trusted(applications), await api.person()
    asked, new = query_of(shop), query_of(shop, prompt="login")
    await browser.arrive(person.email)

    for headers in FORGED:
        done = await browser.client.get(AUTHORIZE, params=asked, headers=headers)
        assert told(done)["iss"] == "http://localhost:8000"
        step = await browser.client.get(AUTHORIZE, params=new, headers=headers)
        assert step.headers["location"].startswith("/signin?flow=")
