"""What was done to authorization endpoints elsewhere, tried here over HTTP.

One database is enough for most of it: what is refused is decided by Python alone.
"""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.models import OAuthGrant
from app.oauth.errors import InvalidRedirectUri
from app.services.oauth_consent import OAuthConsentService
from app.services.runtime import Runtime
from tests.api import Api
from tests.authorization_support import (
    AUTHORIZE,
    Visit,
    at,
    evidence,
    query_of,
    rows,
    told,
    trusted,
    visit,
)
from tests.chance import FakeClock
from tests.factories.oauth import (
    REDIRECT_URI,
    VERIFIER,
    Application,
    ApplicationFactory,
)
from tests.page_support import Page

EVIL = "https://evil.example/cb"
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
RESPONSE_TYPES = (
    "token",
    "id_token",
    "id_token token",
    "code token",
    "code id_token",
    "none",
    "CODE",
    "code ",
    " code",
    "code code",
)
FORGED = (
    {"Host": "evil.example"},
    {"Host": "x/public?"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
    {"Forwarded": "host=evil.example"},
)
MODES = (None, "query", "fragment", "form_post", "web_message", "jwt")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite; `tests/test_oauth_authorize.py` asks both engines."""
    path = tmp_path / "auth.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def applications(runtime: Runtime) -> ApplicationFactory:
    """Clients of this test."""
    return ApplicationFactory(runtime)


@pytest.fixture
def browser(runtime: Runtime, app: FastAPI) -> Visit:
    """A browser that was never here."""
    return visit(runtime, app)


def is_refused_page(answer: Response) -> bool:
    """Tell whether the person was told, and nobody else."""
    is_page = answer.headers["content-type"].startswith("text/html")
    return answer.status_code == 400 and is_page and "location" not in answer.headers


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


async def test_t029_nothing_but_a_code_is_given(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await trusted(applications)
    await browser.arrive((await api.person()).email)

    for response_type in RESPONSE_TYPES:
        answer = told(await browser.ask(shop, response_type=response_type))
        assert answer["error"] == "unsupported_response_type", response_type


async def test_t029_a_step_cannot_change_what_was_asked_for(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()
    await browser.ask(shop)
    await browser.sign_in((await api.person()).email)

    more = {"scope": "openid email", "response_type": "token", "redirect_uri": EVIL}
    answer = await browser.post("/consent", {"decision": "allow"} | more)

    assert told(answer)["code"]
    [grant] = await rows(api.runtime, OAuthGrant)
    assert grant.scope == "openid"


async def test_t049_no_other_secret_is_a_flow_and_a_flow_is_nothing_else(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    code = told(await browser.ask(shop))["code"]
    await browser.ask(shop, prompt="login")
    flow = Page(browser.page.text).inputs["flow"]["value"] or ""
    tokens = person.tokens
    cookies = list(browser.client.cookies.values())

    for other in (code, tokens["access_token"], tokens["refresh_token"], *cookies):
        answer = await browser.get("/oauth2/resume", {"flow": other})
        assert answer.status_code == 400 and "location" not in answer.headers
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
    form |= {"code": flow, "code_verifier": VERIFIER}
    redeemed = await api.client.post("/oauth2/token", data=form, headers=shop.basic)
    assert redeemed.json()["error"] == "invalid_grant"
    reset = await api.post("/auth/verify-email", {"token": flow})
    assert reset.status_code == 400


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


async def test_t061_an_application_is_shown_as_text(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(
        client_name="<script>alert(1)</script>",
        policy_uri="https://app.example.com/privacy?a=1&b='",
    )
    async with api.runtime.unit_of_work() as uow:  # past what registration refuses
        client = await uow.oauth_clients.by_client_id(shop.client_id)
        assert client is not None
        client.client_name += "\u202egnp.exe"
        client.document = client.document | {"tos_uri": "javascript:/alert(1)"}
    await browser.arrive((await api.person()).email)

    await browser.ask(shop)

    text = browser.page.text
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert "\u202e" not in text and "javascript:" not in text
    assert "https://app.example.com/privacy?a=1&amp;b=&#39;" in text
    assert "app.example.com" in text  # where it really leads


async def test_t064_a_request_goes_on_in_its_own_browser_only(
    api: Api, app: FastAPI, browser: Visit, applications: ApplicationFactory
) -> None:
    shop, person = await applications(), await api.person()
    attacker, victim = browser, visit(api.runtime, app)
    await victim.arrive(person.email)
    await attacker.ask(shop)
    flow = Page(attacker.page.text).inputs["flow"]["value"]

    for path in ("/oauth2/resume", "/consent", "/select-account"):
        answer = await victim.get(path, {"flow": flow})
        assert answer.status_code == 400, path
        assert "Go back to the application" in answer.text
    await victim.ask(shop)
    posted = await victim.post("/consent", {"decision": "allow", "flow": flow})
    assert posted.status_code == 400
    assert await rows(api.runtime, OAuthGrant) == []


async def test_t065_looking_changes_nothing_and_other_sites_cannot_send(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §10.12, RFC 9700 §4.7: the person's yes cannot be forged."""
    shop = await applications()
    await browser.arrive((await api.person()).email)
    await browser.ask(shop)
    page, flow = browser.page, Page(browser.page.text).inputs["flow"]["value"]
    hidden = {n: i["value"] for n, i in Page(page.text).inputs.items()}

    allowed = {**hidden, "decision": "allow"}
    await browser.get("/consent", allowed)
    assert await rows(api.runtime, OAuthGrant) == []
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site"},
    ):
        for path, fields in (
            ("/consent", allowed),
            ("/select-account", {**hidden, "account": "x"}),
        ):
            answer = await browser.client.post(path, data=fields, headers=headers)
            assert answer.status_code == 403
    for broken in ({"csrf": ""}, {"csrf": "x" * 43}):
        for path in ("/consent", "/select-account"):
            browser.page = page
            answer = await browser.post(path, {"decision": "allow"} | broken)
            assert answer.status_code == 403
    assert await rows(api.runtime, OAuthGrant) == []
    assert at(await browser.get("/consent", {"flow": flow})) == "/consent"


async def test_t067_a_public_client_is_asked_for_every_time(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    spa = await applications.public()
    await browser.arrive((await api.person()).email)

    for _ in range(2):
        assert at(await browser.ask(spa)) == "/consent"
        told(await browser.decide("allow"))
    assert told(await browser.ask(spa, prompt="none"))["error"] == "consent_required"


def test_t067_codes_and_browser_values_do_not_repeat(runtime: Runtime) -> None:
    key, chance = runtime.secret_key, runtime.randomness
    codes = {
        key.one_time_token("authorization_code", chance.uuid7()) for _ in range(10_000)
    }
    values = {chance.token() for _ in range(10_000)}

    assert len(codes) == len(values) == 10_000
    assert min(len(code) for code in codes) > 64  # an id, and an HMAC of 256 bits
    assert min(len(value) for value in values) == 43


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


async def test_t100_no_step_is_skipped_repeated_or_sent_empty(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    await browser.ask(shop)
    flow = Page(browser.page.text).inputs["flow"]["value"]
    early = await browser.post("/consent", {"decision": "allow"})
    assert at(early) == "/signin"  # nobody signed in: the step that is due
    for fields in ({}, {"email": "", "password": ""}):
        await browser.get("/signin", {"flow": flow})
        refused = await browser.post("/signin", fields)
        assert refused.status_code in (401, 422)
        assert at(await browser.get("/oauth2/resume", {"flow": flow})) == "/signin"

    await browser.get("/signin", {"flow": flow})
    assert at(await browser.sign_in(person.email)) == "/consent"
    page = browser.page
    for decision in ("", "maybe", "ALLOW"):
        browser.page = page
        assert at(await browser.decide(decision)) == "/consent"
    browser.page = page
    unseen = await browser.post("/consent", {"decision": "allow", "shown": "openid +"})
    assert at(unseen) == "/consent"
    assert at(await browser.get("/oauth2/resume", {"flow": flow})) == "/consent"
    assert await rows(api.runtime, OAuthGrant) == []

    browser.page = page
    assert told(await browser.decide("allow"))["code"]
    for decision in ("allow", "deny"):
        browser.page = page
        assert (await browser.decide(decision)).status_code == 400
    assert (await browser.get("/oauth2/resume", {"flow": flow})).status_code == 400
    assert len(await rows(api.runtime, OAuthGrant)) == 1


async def test_t100_a_page_left_open_does_not_agree_for_somebody_else(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    one, two = await api.person(), await api.person()
    shop = await applications()
    await browser.arrive(one.email)
    await browser.ask(shop)
    left_open = browser.page
    await browser.arrive(two.email)

    browser.page = left_open
    answer = await browser.decide("allow")

    assert answer.status_code == 403
    assert await rows(api.runtime, OAuthGrant) == []


async def test_t104_freshness_is_not_proven_with_another_account(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    victim, attacker = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(victim.email)
    wish = {"id_token": {"sub": {"value": str(victim.id)}}}

    await browser.ask(shop, prompt="login", claims=json.dumps(wish))
    page = browser.page
    answer = told(await browser.sign_in(attacker.email))

    assert answer["error"] == "login_required"
    flow = Page(page.text).inputs["flow"]["value"]  # the request was answered
    assert (await browser.get("/oauth2/resume", {"flow": flow})).status_code == 400
    assert await rows(api.runtime, OAuthGrant) == []


async def test_t106_what_is_told_of_the_sign_in_is_true(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    shop = await trusted(applications)
    await browser.arrive((await api.person()).email)
    signed_in_at = clock.now()
    clock.advance(minutes=10)

    await browser.ask(shop, acr_values="aal3 aal2 aal1")

    [grant] = await rows(api.runtime, OAuthGrant)
    assert grant.authenticated_at == signed_in_at
    assert (grant.acr, grant.amr) == ("aal1", "pwd")


async def test_t113_who_signs_in_instead_is_who_is_told_of(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(one.email)

    await browser.ask(shop, prompt="login")  # and left alone
    await browser.ask(shop, prompt="login")
    answer = told(await browser.sign_in(two.email))

    assert answer["code"]
    assert [g.user_id for g in await rows(api.runtime, OAuthGrant)] == [two.id]


async def test_t182_t184_no_answer_is_kept_or_framed(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §10.13, RFC 9700 §4.16: no page can be framed."""
    one, two = await api.person(), await api.person()
    shop = await applications()
    await browser.arrive(one.email)
    await browser.arrive(two.email)
    answers = [await browser.client.get(AUTHORIZE, params=query_of(shop))]
    answers.append(await browser.ask(shop))
    answers.append(await browser.ask(shop, prompt="none", response_mode="form_post"))
    answers.append(await browser.ask(shop, redirect_uri=EVIL))
    await browser.ask(shop)
    first = Page(browser.page.text).all("button")[0]["value"]
    answers.append(await browser.post("/select-account", {"account": first}))
    answers.append(await browser.decide("allow"))

    assert [a.status_code for a in answers] == [303, 200, 200, 400, 200, 303]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        found = [name for name in answer.headers if name.startswith("access-control")]
        assert found == []


# --- PKCE, limits, evidence ---


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "pkce_or_nonce"),
        ({"oauth": {"pkce": "always"}}, "always"),
        ({"oauth": {"pkce": "public_only"}}, "public_only"),
    ],
)
async def test_t020_who_may_go_without_a_proof_key(
    api: Api, browser: Visit, applications: ApplicationFactory, expected: str
) -> None:
    """RFC 9700 §2.1.1: PKCE, by the policy and by the client."""
    spa = await applications.public()
    await browser.arrive((await api.person()).email)
    bare: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}

    for own in (None, "always", "pkce_or_nonce", "public_only"):
        columns = {"is_first_party": True, "pkce": own}
        shop = await applications(columns=columns)
        policy = own or expected
        with_nonce = told(await browser.ask(shop, **bare))
        without = told(await browser.ask(shop, **bare, nonce=None))
        assert ("code" in with_nonce) == (policy != "always"), own
        assert ("code" in without) == (policy == "public_only"), own
    plain = told(await browser.ask(shop, code_challenge_method="plain"))
    public = told(await browser.ask(spa, **bare))
    assert public["error"] == plain["error"] == "invalid_request"


@pytest.mark.parametrize("options", [{"limits": {"authorize_address": "2/60"}}])
async def test_t172_requests_of_an_address_are_counted(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()

    answers = [await browser.ask(shop, redirect_uri=EVIL) for _ in range(2)]
    answers.append(await browser.ask(shop))

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize("options", [{"limits": {"refusal_address": "1/60"}}])
async def test_refusals_are_evidence_as_far_as_there_is_room(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()
    first = await browser.ask(shop, redirect_uri=EVIL)
    second = await browser.ask(shop, redirect_uri=EVIL)

    kept = [
        len(await evidence(api.runtime, answer.headers["x-request-id"]))
        for answer in (first, second)
    ]

    assert kept == [1, 0]


async def test_an_operator_finds_the_difference_under_the_number_that_was_shown(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    admin, shop = await api.admin(), await applications(scope="openid")
    shown = await browser.ask(shop, redirect_uri=f"{REDIRECT_URI}/")
    sent = await browser.ask(shop, scope="openid email", prompt="none")
    unknown = await browser.ask(Application("nobody"))

    async def found(answer: Response) -> dict[str, Any]:
        number = answer.headers["x-request-id"]
        path = f"/audit-events?correlation_id={number}"
        [event] = (await api.get(path, admin)).json()["items"]
        assert event["name"] == "oauth.authorization_refused"
        data: dict[str, Any] = event["data"]
        return data

    assert shown.headers["x-request-id"] in shown.text
    difference = await found(shown)
    assert difference["client_id"] == shop.client_id
    assert f"sent '{REDIRECT_URI}/'; registered '{REDIRECT_URI}'" in difference["hint"]
    assert "differs in path ('/cb/' for '/cb')" in difference["hint"]
    assert sent.headers["x-request-id"] in told(sent)["error_description"]
    assert (await found(sent))["error"] == told(sent)["error"]
    assert (await found(sent))["hint"] == "not registered for email"
    assert await found(unknown) == {
        "client_id": None,
        "error": "invalid_request",
        "hint": "sent 'nobody'",
    }


async def test_a_consent_taken_back_is_asked_for_again(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    async with api.runtime.unit_of_work() as uow:
        await OAuthConsentService(uow).remember(
            person.id, shop.client_id, ["openid"], []
        )
    await browser.arrive(person.email)
    assert told(await browser.ask(shop))["code"]

    await api.delete(f"/users/me/consents/{shop.client_id}", person)

    assert at(await browser.ask(shop)) == "/consent"


async def test_a_waiting_request_ends_with_its_time(
    browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    await browser.ask(await applications())
    flow = Page(browser.page.text).inputs["flow"]["value"]
    assert at(await browser.get("/oauth2/resume", {"flow": flow})) == "/signin"

    clock.advance(hours=1)

    answer = await browser.get("/oauth2/resume", {"flow": flow})
    assert answer.status_code == 400
    assert parse_qsl(urlsplit(str(answer.request.url)).query)  # no redirect
