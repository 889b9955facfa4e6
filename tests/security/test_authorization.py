"""What was done to authorization endpoints elsewhere, tried here over HTTP.

One database is enough for most of it: what is refused is decided by Python alone.
"""

import json
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI

from app.models import OAuthGrant
from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from tests.factories.oauth import REDIRECT_URI, VERIFIER, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import (
    AUTHORIZE,
    EVIL,
    Visit,
    at,
    query_of,
    rows,
    told,
    trusted,
    visit,
)
from tests.support.chance import FakeClock
from tests.support.page import Page

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


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite; `tests/provider/test_authorize.py` asks both engines."""
    return sqlite_url


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


@pytest.mark.parametrize(
    ("state", "refusal"),
    [("carried", 422), (token_urlsafe(4_000), 400)],
    ids=["carried", "stored"],
)
async def test_t049_no_other_secret_is_a_flow_and_a_flow_is_nothing_else(
    api: Api,
    browser: Visit,
    applications: ApplicationFactory,
    state: str,
    refusal: int,
) -> None:
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    code = told(await browser.ask(shop))["code"]
    await browser.ask(shop, prompt="login", state=state)
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
    assert reset.status_code == refusal  # as a whole name it is longer than any link


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
