"""The authorization endpoint, as applications and the people they send meet it."""

import json
from asyncio import gather
from typing import Any

import pytest

from app.models import OAuthClient, OAuthGrant, OneTimeToken
from app.services.oauth.authorization import AuthorizationService
from app.services.server.runtime import Runtime
from tests.factories.oauth import (
    ApplicationFactory,
)
from tests.support.api import Api
from tests.support.authorization import (
    ALL,
    AUTHORIZE,
    Visit,
    at,
    claims_of,
    evidence,
    id_token,
    query_of,
    redeem,
    request_id,
    resume_of,
    rows,
    told,
    trusted,
)
from tests.support.chance import FakeClock
from tests.support.page import Page

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


@pytest.mark.parametrize("what", ["account", "session"])
async def test_what_ends_on_the_way_gets_no_code(
    api: Api,
    browser: Visit,
    applications: ApplicationFactory,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """It ends between reading the cookie and granting."""
    person, shop = await api.person(), await trusted(applications)
    await browser.arrive(person.email)
    begin = AuthorizationService.begin

    async def later(self: Any, query: bytes, at_browser: Any) -> Any:
        async with api.runtime.unit_of_work() as uow:
            user = await uow.users.by_id(person.id, lock=True)
            assert user is not None
            if what == "account":
                user.status = "disabled"
            else:
                now = uow.clock.now()
                await uow.sessions.revoke_all(user.id, at=now, reason="test")
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

    for _ in range(3):
        await browser.ask(shop)
        told(await browser.decide("allow"))
        answers = await gather(
            *(browser.client.get(AUTHORIZE, params=asked) for _ in range(3)),
            api.delete(f"/users/me/consents/{shop.client_id}", person),
        )
        assert [answer.status_code for answer in answers] == [303, 303, 303, 204]
        grants = await rows(api.runtime, OAuthGrant)
        assert [grant for grant in grants if grant.revoked_at is None] == []


async def test_claims_that_cannot_be_written_again_break_nothing_of_the_person(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    """A number of an application's once made the person's export break off."""
    shop, person = await applications(), await api.person()
    await browser.arrive(person.email)
    deep = "[" * 900 + "]" * 900

    for value in ("9223372036854775808", "9" * 4_000, deep, "[" * 20 + "]" * 20):
        claims = '{"userinfo": {"name": {"value": %s}}}' % value
        answer = await browser.ask(shop, claims=claims)
        assert told(answer)["error"] == "invalid_request", value[:30]

    await browser.ask(shop, claims='{"userinfo": {"name": {"value": %s}}}' % (2**53))
    told(await browser.decide("allow"))
    assert (await api.get("/users/me/export", person)).json()["activity"]
