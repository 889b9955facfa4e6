"""The authorization endpoint, as applications and the people they send meet it."""

import json
from asyncio import gather
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.core import jose
from app.models import OAuthClient, OAuthGrant, OneTimeToken
from app.services.oauth_authorization import AuthorizationService
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

ALL = "openid profile email offline_access"


@pytest.fixture
def applications(runtime: Runtime) -> ApplicationFactory:
    """Clients of this test."""
    return ApplicationFactory(runtime)


@pytest.fixture
def browser(runtime: Runtime, app: FastAPI) -> Visit:
    """A browser that was never here."""
    return visit(runtime, app)


async def trusted(applications: ApplicationFactory, **metadata: Any) -> Application:
    """Register a client whose consent the administrator gave."""
    usual: dict[str, Any] = {"scope": ALL}
    return await applications(columns={"is_first_party": True}, **(usual | metadata))


async def redeem(api: Api, app: Application, code: str) -> dict[str, Any]:
    """Exchange a code; return the answer."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    answer = await api.client.post("/oauth2/token", data=form, headers=app.basic)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def id_token(api: Api, app: Application, answer: Response) -> dict[str, Any]:
    """Return the claims of the ID token that a granted request ends with."""
    token = (await redeem(api, app, told(answer)["code"]))["id_token"]
    return claims_of(token) | {"": token}


def claims_of(token: str) -> dict[str, Any]:
    return jose.unverified_claims(token)


# --- The whole way ---


async def test_a_person_signs_in_agrees_and_the_client_gets_tokens(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.3, §3.1.2.4, §3.1.2.5: sign-in, consent, answer."""
    person, shop = await api.person(), await applications(scope=ALL)

    assert at(await browser.ask(shop, scope="openid email")) == "/signin"
    assert at(await browser.sign_in(person.email)) == "/consent"
    answer = told(await browser.decide("allow"))

    assert (answer["state"], answer["iss"]) == ("af0ifjsldkj", "http://localhost:8000")
    tokens = await redeem(api, shop, answer["code"])
    claims = claims_of(tokens["id_token"])
    assert (claims["sub"], claims["aud"]) == (str(person.id), shop.client_id)
    assert (claims["nonce"], claims["acr"]) == ("n-0S6_WzA2Mj", "aal1")
    assert claims["amr"] == ["pwd"]
    trail = await api.trail(person.id)
    assert {"oauth.consent_granted", "oauth.authorization_granted"} <= set(trail)


async def test_what_was_agreed_to_is_not_asked_again_until_more_is_wanted(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications(scope=ALL)
    await browser.arrive(person.email)
    await browser.ask(shop, scope="openid email")
    told(await browser.decide("allow"))

    again = await browser.ask(shop, scope="openid", prompt="none")
    more = await browser.ask(shop, scope="openid profile")
    silently = await browser.ask(shop, scope="openid profile", prompt="none")
    single = {"userinfo": {"phone_number": None}}
    claim = await browser.ask(shop, claims=json.dumps(single))

    assert told(again)["code"]
    assert at(more) == "/consent"
    assert told(silently)["error"] == "consent_required"
    assert at(claim) == "/consent"
    told(await browser.decide("allow"))
    listed = (await api.get("/users/me/consents", person)).json()["items"]
    assert [(each["scope"], each["claims"]) for each in listed] == [
        ("email openid", ["phone_number"])
    ]


async def test_who_says_no_is_heard(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6: access_denied, with state."""
    person, shop = await api.person(), await applications()
    await browser.arrive(person.email)
    page = await browser.ask(shop)

    answer = await browser.decide("deny")

    said = told(answer)
    assert (said["error"], said["state"]) == ("access_denied", "af0ifjsldkj")
    correlation_id = answer.headers["x-request-id"]
    assert said["error_description"].endswith(f"(correlation id {correlation_id})")
    [event] = await evidence(api.runtime, correlation_id)
    assert (event.name, event.user_id) == ("oauth.consent_denied", person.id)
    assert await rows(api.runtime, OAuthGrant) == []
    browser.page = page
    again = await browser.decide("allow")
    assert again.status_code == 400 and "Go back to the application" in again.text


# --- prompt, max_age, hints (OIDC Core 3.1.2.1) ---


async def test_prompt_none_says_what_is_missing(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.1, §3.1.2.6: no page, but the error of the step that is due."""
    one, two = await api.person(), await api.person()
    shop, own = await applications(), await trusted(applications)

    nobody = told(await browser.ask(own, prompt="none"))
    await browser.arrive(one.email)
    unasked = told(await browser.ask(shop, prompt="none"))
    granted = told(await browser.ask(own, prompt="none"))
    old = told(await browser.ask(own, prompt="none", max_age="0"))
    await browser.arrive(two.email)
    several = told(await browser.ask(own, prompt="none"))

    assert nobody["error"] == "login_required"
    assert unasked["error"] == "consent_required"
    assert granted["code"]
    assert old["error"] == "login_required"
    assert several["error"] == "account_selection_required"
    assert await waiting(api.runtime) == 0  # nobody is ever waited for


async def waiting(runtime: Runtime) -> int:
    tokens = await rows(runtime, OneTimeToken)
    return sum(token.purpose == "oauth_flow" for token in tokens)


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
async def test_an_older_sign_in_is_not_enough(
    api: Api,
    browser: Visit,
    applications: ApplicationFactory,
    clock: FakeClock,
    asked: dict[str, str],
) -> None:
    """OIDC Core §3.1.2.1: prompt=login and max_age=0 MUST ask again."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)  # in the very same instant as the request

    assert at(await browser.ask(shop, **asked)) == "/signin"
    assert at(await browser.get(resume_of(browser))) == "/signin"
    clock.advance(seconds=3)
    answer = await browser.sign_in(person.email)

    claims = await id_token(api, shop, answer)
    assert claims["auth_time"] == int(clock.now().timestamp())


def resume_of(browser: Visit) -> str:
    flow = Page(browser.page.text).inputs["flow"]["value"]
    return f"/oauth2/resume?flow={flow}"


async def test_max_age_lets_a_recent_sign_in_pass(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    """OIDC Core §2, §3.1.2.1: max_age, and auth_time as it was."""
    person = await api.person()
    shop = await trusted(applications)
    strict = await trusted(applications, default_max_age=60)
    await browser.arrive(person.email)
    at_sign_in = int(clock.now().timestamp())
    clock.advance(seconds=60)

    claims = await id_token(api, shop, await browser.ask(shop, max_age="60"))
    assert told(await browser.ask(strict))["code"]
    clock.advance(seconds=1)

    assert claims["auth_time"] == at_sign_in
    assert at(await browser.ask(shop, max_age="60")) == "/signin"
    assert at(await browser.ask(strict)) == "/signin"
    assert told(await browser.ask(shop, max_age="61"))["code"]


async def test_prompt_consent_asks_although_it_is_known(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.1: prompt=consent asks."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)

    assert told(await browser.ask(shop))["code"]
    assert at(await browser.ask(shop, prompt="consent")) == "/consent"
    assert told(await browser.decide("allow"))["code"]
    assert at(await browser.ask(shop, prompt="login consent")) == "/signin"
    assert at(await browser.sign_in(person.email)) == "/consent"


async def test_prompt_create_makes_an_account(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await trusted(applications)
    await browser.arrive((await api.person()).email)

    assert at(await browser.ask(shop, prompt="create")) == "/signup"
    fields = {"email": "new@example.com", "password": "a long enough passphrase"}
    answer = await browser.post("/signup", fields)

    claims = await id_token(api, shop, answer)
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email("new@example.com")
    assert user is not None and claims["sub"] == str(user.id)


async def test_of_several_accounts_the_person_chooses(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.1: select_account."""
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(one.email)
    await browser.arrive(two.email)

    assert at(await browser.ask(shop)) == "/select-account"
    text = browser.page.text
    assert text.index(two.email) < text.index(one.email)  # the one in use is first
    nobody = await browser.post("/select-account", {"account": "x"})
    assert at(nobody) == "/select-account"
    sessions = [each["value"] for each in Page(text).all("button")]
    claims = await id_token(
        api, shop, await browser.post("/select-account", {"account": sessions[1]})
    )

    assert claims["sub"] == str(one.id)
    assert at(await browser.ask(shop, prompt="select_account")) == "/select-account"
    assert browser.page.text.index(one.email) < browser.page.text.index(two.email)


async def test_with_one_account_select_account_still_asks(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(one.email)

    assert at(await browser.ask(shop, prompt="select_account")) == "/select-account"
    other = [a["href"] for a in Page(browser.page.text).all("a")][-1]
    await browser.get(str(other))
    claims = await id_token(api, shop, await browser.sign_in(two.email))

    assert claims["sub"] == str(two.id)


async def test_the_hinted_person_goes_on_and_nobody_else(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    """OIDC Core §3.1.2.1: id_token_hint; for anybody else it is login_required."""
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    other = await trusted(applications)
    await browser.arrive(one.email)
    hint = (await id_token(api, shop, await browser.ask(shop)))[""]
    await browser.arrive(two.email)
    clock.advance(days=2)  # an expired hint is one too

    silently = await browser.ask(shop, prompt="none", id_token_hint=hint)
    foreign = await browser.ask(other, prompt="none", id_token_hint=hint)
    forged = await browser.ask(shop, id_token_hint=hint[:-8] + "AAAAAAAA")
    assert at(await browser.ask(shop, prompt="login", id_token_hint=hint)) == "/signin"
    wrong = await browser.sign_in(two.email)

    assert (await id_token(api, shop, silently))["sub"] == str(one.id)
    assert told(foreign)["error"] == "invalid_request"
    assert told(forged)["error"] == "invalid_request"
    assert told(wrong)["error"] == "login_required"


async def test_who_chooses_another_than_the_hinted_person_is_not_asked_for_ever(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(one.email)
    hint = (await id_token(api, shop, await browser.ask(shop)))[""]
    await browser.arrive(two.email)
    asked = {"prompt": "select_account", "id_token_hint": hint}

    assert at(await browser.ask(shop, **asked)) == "/select-account"
    sessions = [each["value"] for each in Page(browser.page.text).all("button")]
    page = browser.page
    other = await browser.post("/select-account", {"account": sessions[0]})
    browser.page = page
    hinted = await browser.post("/select-account", {"account": sessions[1]})

    assert at(other) == "/signin"
    assert (await id_token(api, shop, hinted))["sub"] == str(one.id)


async def test_a_demanded_sub_is_served_or_nobody(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.2, §5.5.1: no answer about another sub than was asked for."""
    one, two = await api.person(), await api.person()
    shop = await trusted(applications)
    await browser.arrive(one.email)
    wish = json.dumps({"id_token": {"sub": {"value": str(two.id)}}})

    silently = told(await browser.ask(shop, prompt="none", claims=wish))
    await browser.arrive(two.email)
    await browser.arrive(one.email)
    found = await browser.ask(shop, prompt="none", claims=wish)

    assert silently["error"] == "login_required"
    assert (await id_token(api, shop, found))["sub"] == str(two.id)


async def test_an_acr_that_nobody_can_meet_is_refused_after_the_sign_in(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §5.5.1.1: an essential acr that is not met is a failed sign-in."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    wish = {"id_token": {"acr": {"essential": True, "value": "aal2"}}}

    liked = await id_token(api, shop, await browser.ask(shop, acr_values="aal2"))
    assert at(await browser.ask(shop, claims=json.dumps(wish))) == "/signin"
    demanded = told(await browser.sign_in(person.email))

    assert liked["acr"] == "aal1"
    assert demanded["error"] == "unmet_authentication_requirements"


async def test_pairwise_clients_know_people_by_other_names(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §8.1: hints and demands in the client's own words."""
    person = await api.person()
    shop = await trusted(applications, subject_type="pairwise")
    await browser.arrive(person.email)

    claims = await id_token(api, shop, await browser.ask(shop))
    hinted = await browser.ask(shop, prompt="none", id_token_hint=claims[""])
    wish = {"id_token": {"sub": {"value": str(person.id)}}}
    public = await browser.ask(shop, prompt="none", claims=json.dumps(wish))

    assert claims["sub"] != str(person.id)
    assert told(hinted)["code"]
    assert told(public)["error"] == "login_required"


# --- Ways of answering ---


async def test_a_fragment_and_a_form_answer_as_well(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Form Post §2, OAuth Multiple Response Types §2.1: the modes."""
    person, shop = await api.person(), await trusted(applications)

    error = await browser.ask(shop, prompt="none", response_mode="form_post")
    await browser.arrive(person.email)
    fragment = await browser.ask(shop, response_mode="fragment")
    form = await browser.ask(shop, response_mode="form_post")

    parts = urlsplit(fragment.headers["location"])
    assert (parts.query, f"{parts.scheme}://{parts.netloc}{parts.path}") == (
        "",
        REDIRECT_URI,
    )
    assert dict(parse_qsl(parts.fragment))["code"]
    for page in (error, form):
        assert page.status_code == 200
        assert page.headers["referrer-policy"] == "strict-origin"
        [sent] = Page(page.text).all("form")
        assert (sent["action"], sent["method"]) == (REDIRECT_URI, "post")
        [button] = Page(page.text).all("button")
        assert button["type"] == "submit"  # it works without script
    fields = {name: each["value"] for name, each in Page(form.text).inputs.items()}
    assert set(fields) == {"code", "state", "iss"}
    assert (await redeem(api, shop, fields["code"] or ""))["id_token"]
    assert Page(error.text).inputs["error"]["value"] == "login_required"


async def test_a_posted_request_is_sent_again_by_get(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Core §3.1.2.1, RFC 6749 §3.1, RFC 9700 §4.12: POST too; 303, never 307."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    asked = query_of(shop, state="a b&c=d+é%")
    foreign = {"Origin": "https://app.example.com", "Sec-Fetch-Site": "cross-site"}

    answer = await browser.client.post(AUTHORIZE, data=asked, headers=foreign)

    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith(f"{AUTHORIZE}?")
    assert dict(parse_qsl(urlsplit(location).query)) == asked
    assert told(await browser.get(location))["state"] == "a b&c=d+é%"


async def test_a_posted_request_is_a_small_form(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()

    long = await browser.client.post(AUTHORIZE, data=query_of(shop, state="x" * 16_384))
    json_body = await browser.client.post(AUTHORIZE, json=query_of(shop))
    empty = await browser.client.post(
        AUTHORIZE, content=b"", headers={"Content-Type": "text/plain"}
    )

    assert [a.status_code for a in (long, json_body, empty)] == [413, 415, 415]


async def test_a_native_client_may_choose_its_port(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 8252 §7.3: any port of a loopback address."""
    person = await api.person()
    native = await applications.public(
        application_type="native",
        redirect_uris=["http://127.0.0.1/cb", "com.example.app:/cb"],
    )
    await browser.arrive(person.email)

    assert at(await browser.ask(native, redirect_uri="http://127.0.0.1:51004/cb"))
    assert "a program on your device" in browser.page.text
    loopback = await browser.decide("allow")
    await browser.ask(native, redirect_uri="com.example.app:/cb")
    private = await browser.decide("allow")

    assert told(loopback, "http://127.0.0.1:51004/cb?")["code"]
    assert told(private, "com.example.app:/cb?")["code"]


async def test_without_openid_it_is_plain_oauth(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """RFC 6749 §4.1: without openid it is OAuth."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)

    asked = {"scope": "email", "nonce": None, "redirect_uri": None}
    answer = told(await browser.ask(shop, **asked))

    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "code_verifier": VERIFIER,
    }
    tokens = await api.client.post("/oauth2/token", data=form, headers=shop.basic)
    assert tokens.status_code == 200 and "id_token" not in tokens.json()


# --- What is written ---


async def test_a_grant_leaves_all_its_rows_together(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    person, shop = await api.person(), await applications()
    await browser.ask(shop)
    await browser.sign_in(person.email)
    answer = await browser.decide("allow")
    first = clock.now()

    [grant] = await rows(api.runtime, OAuthGrant)
    tokens = {t.purpose: t for t in await rows(api.runtime, OneTimeToken)}
    [client] = await rows(api.runtime, OAuthClient)
    assert (grant.user_id, grant.scope, grant.amr) == (person.id, "openid", "pwd")
    assert tokens["oauth_flow"].consumed_at == first
    assert tokens["authorization_code"].id == grant.id
    assert client.last_used_at == first
    names = [e.name for e in await evidence(api.runtime, request_id(answer))]
    assert names == ["oauth.consent_granted", "oauth.authorization_granted"]

    clock.advance(hours=23)
    await browser.ask(shop)
    [client] = await rows(api.runtime, OAuthClient)
    assert client.last_used_at == first
    clock.advance(hours=2)
    await browser.ask(shop)
    [client] = await rows(api.runtime, OAuthClient)
    assert client.last_used_at == clock.now()


def request_id(answer: Response) -> str:
    return str(answer.headers["x-request-id"])


async def test_a_flow_holds_no_secret(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    hint = (await id_token(api, shop, await browser.ask(shop)))[""]

    mistake = {"client_secret": shop.secret, "password": "hunter2"}
    await browser.ask(shop, prompt="login", id_token_hint=hint, **mistake)

    [flow] = [
        t for t in await rows(api.runtime, OneTimeToken) if "parameters" in t.data
    ]
    stored = json.dumps(flow.data)
    for secret in (hint, shop.secret, "hunter2", *browser.client.cookies.values()):
        assert secret not in stored and secret not in flow.subject
    assert flow.data["hinted_subject"] == str(person.id)


async def test_a_disabled_account_or_client_gets_no_code(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    admin = await api.admin()
    await browser.arrive(person.email)
    assert told(await browser.ask(shop))["code"]

    async with api.runtime.unit_of_work() as uow:  # the directory still knows it
        client = await uow.oauth_clients.by_client_id(shop.client_id)
        assert client is not None
        client.status = "disabled"
    refused = await browser.ask(shop)
    async with api.runtime.unit_of_work() as uow:
        client = await uow.oauth_clients.by_client_id(shop.client_id)
        assert client is not None
        client.status = "active"
    await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    asked = await browser.ask(shop)

    assert refused.status_code == 400 and "client_id is unknown" in refused.text
    [event] = await evidence(api.runtime, request_id(refused))
    assert event.data["hint"] == "disabled or deleted"
    assert at(asked) == "/signin"


async def test_an_account_that_ends_on_the_way_gets_no_code(
    api: Api, browser: Visit, applications: ApplicationFactory, monkeypatch: Any
) -> None:
    """Between reading the cookie and granting, the account is disabled."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    begin = AuthorizationService.begin

    async def later(self: Any, query: bytes, at_browser: Any) -> Any:
        async with api.runtime.unit_of_work() as uow:
            user = await uow.users.by_id(person.id, lock=True)
            assert user is not None
            user.status = "disabled"
        return await begin(self, query, at_browser)

    monkeypatch.setattr(AuthorizationService, "begin", later)

    assert at(await browser.ask(shop)) == "/signin"
    assert await rows(api.runtime, OAuthGrant) == []


# --- At once ---


async def test_one_waiting_request_is_one_code_however_often_it_goes_on(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    await browser.ask(shop)
    resume = resume_of(browser)
    await browser.get("/signin")  # in another tab
    await browser.sign_in(person.email)

    answers = await gather(*(browser.client.get(resume) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 7
    assert len(await rows(api.runtime, OAuthGrant)) == 1


async def test_a_consent_taken_back_meanwhile_leaves_no_grant_behind(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    await browser.arrive(person.email)
    asked = query_of(shop, prompt="none")

    for _ in range(4):
        await browser.ask(shop)
        told(await browser.decide("allow"))
        answers = await gather(
            *(browser.client.get(AUTHORIZE, params=asked) for _ in range(3)),
            api.delete(f"/users/me/consents/{shop.client_id}", person),
        )
        assert [answer.status_code for answer in answers] == [303, 303, 303, 204]
        grants = await rows(api.runtime, OAuthGrant)
        assert [grant for grant in grants if grant.revoked_at is None] == []
