"""Clients that nobody vouches for get no browser without a click (RFC 9700 §4.11.2)."""

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from app.services.clients.registration import OAuthRegistrationService
from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import (
    AUTHORIZE,
    Visit,
    at,
    flow_of,
    visit,
)
from tests.support.logout import FRAME, hint, visitor
from tests.support.page import Page
from tests.support.registration import manage, options_of, register
from tests.support.session_end import let_in
from tests.support.stranger import (
    BYE,
    HOST,
    MALFORMED,
    REFUSED,
    STRANGER,
    agree,
    asked,
    is_led,
    is_withheld,
    stranger,
)


@pytest.fixture
def options() -> dict[str, object]:
    return options_of("open")


@pytest.mark.parametrize("name", REFUSED)
async def test_t055_a_refusal_sends_nobody_to_a_stranger(
    client: AsyncClient, browser: Visit, name: str
) -> None:
    """RFC 9700 §4.11.2: no automatic redirect to a URI that is not trusted."""
    app = await stranger(client)

    answer = await browser.get(AUTHORIZE, asked(app, **REFUSED[name]))

    assert is_withheld(answer)


async def test_t055_nobody_is_sent_by_head_by_post_or_by_a_parameter_twice(
    client: AsyncClient, browser: Visit
) -> None:
    app = await stranger(client)
    query = asked(app, scope=MALFORMED)

    head = await browser.client.head(AUTHORIZE, params=query)
    posted = await browser.client.post(AUTHORIZE, data=query)
    twice = await browser.get(AUTHORIZE, [*query.items(), ("nonce", "x")])

    assert "location" not in head.headers
    assert posted.headers["location"].startswith("/oauth2/authorize?")
    assert is_withheld(await browser.get(posted.headers["location"]))
    assert is_withheld(twice)


async def test_who_agreed_once_is_sent_at_each_answer(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    """RFC 9700 §4.11.2: the person was told, and went on."""
    app = await stranger(client)
    await browser.arrive((await api.person()).email)

    before = await browser.get(AUTHORIZE, asked(app, prompt="none"))
    granted = await agree(browser, app)
    after = await browser.get(AUTHORIZE, asked(app, prompt="none"))
    refused = await browser.get(AUTHORIZE, asked(app, scope=MALFORMED))
    form = asked(app, scope=MALFORMED, response_mode="form_post")

    assert is_withheld(before)
    assert is_led(granted) and is_led(after) and is_led(refused)
    assert "code=" in after.headers["location"]
    assert "error=invalid_scope" in refused.headers["location"]
    assert is_led(await browser.get(AUTHORIZE, form))


async def test_who_said_no_is_not_sent_and_may_choose_to_go(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    app = await stranger(client)
    await browser.arrive((await api.person()).email)
    await browser.get(AUTHORIZE, asked(app))

    answer = await browser.decide("deny")

    assert is_withheld(answer)
    [way] = Page(answer.text).all("a")
    assert "error=access_denied" in str(way["href"])
    assert "state=af0ifjsldkj" in str(way["href"])
    assert set((way["rel"] or "").split()) >= {"noreferrer", "nofollow"}


async def test_the_answer_by_form_waits_for_the_click_as_well(
    client: AsyncClient, browser: Visit
) -> None:
    app = await stranger(client)

    form = asked(app, response_mode="form_post", prompt="none")
    answer = await browser.get(AUTHORIZE, form)

    fields = {n: i["value"] for n, i in Page(answer.text).inputs.items()}
    assert is_withheld(answer)
    assert fields["error"] == "login_required" and fields["state"] == "af0ifjsldkj"


async def test_a_request_that_fails_on_the_way_sends_nobody(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    """``/oauth2/resume``: another person signed in than the one who was asked for."""
    app, other = await stranger(client), await api.person()
    claims = f'{{"id_token": {{"sub": {{"value": "{other.id}"}}}}}}'

    await browser.get(AUTHORIZE, asked(app, claims=claims))
    answer = await browser.sign_in((await api.person()).email)

    assert is_withheld(answer)


async def test_another_account_and_another_browser_agreed_to_nothing(
    api: Api, app: FastAPI, client: AsyncClient, browser: Visit, runtime: Runtime
) -> None:
    app_, one, two = await stranger(client), await api.person(), await api.person()
    await browser.arrive(one.email)
    await agree(browser, app_)
    elsewhere = visit(runtime, app)

    out = await elsewhere.get(AUTHORIZE, asked(app_, scope=MALFORMED))
    await browser.get("/signin")
    await browser.sign_in(two.email)
    switched = await browser.get(AUTHORIZE, asked(app_, scope=MALFORMED))
    await elsewhere.arrive(one.email)
    back = await elsewhere.get(AUTHORIZE, asked(app_, scope=MALFORMED))

    assert is_withheld(out) and is_withheld(switched)
    assert is_led(back)


async def test_what_was_agreed_to_is_the_place_and_no_other(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    told = await register(client, **STRANGER)
    app, new = Application(told["client_id"]), "https://worse.example/cb"
    await browser.arrive((await api.person()).email)
    await agree(browser, app)
    same = "https://evil.example/other"
    moved = STRANGER | {"client_id": app.client_id, "redirect_uris": [new, same]}
    assert (await manage(client, "PUT", told, moved)).status_code == 200

    quiet = await browser.get(AUTHORIZE, asked(app, redirect_uri=new, prompt="none"))
    near = await browser.get(AUTHORIZE, asked(app, redirect_uri=same, prompt="none"))
    await browser.get(AUTHORIZE, asked(app, redirect_uri=new))

    assert quiet.status_code == 403 and "worse.example" in quiet.text
    assert "error=consent_required" in quiet.text
    assert is_led(near, same)
    assert at(browser.page) == "/consent" and "at worse.example" in browser.page.text
    assert is_led(await browser.decide("allow"), new)


async def test_what_was_taken_back_is_asked_for_again(
    api: Api, client: AsyncClient, browser: Visit, runtime: Runtime
) -> None:
    app, person = await stranger(client), await api.person()
    await browser.arrive(person.email)
    await agree(browser, app)

    await api.delete(f"/users/me/consents/{app.client_id}", person)
    answer = await browser.get(AUTHORIZE, asked(app, prompt="none"))

    assert is_withheld(answer)


async def test_no_page_on_the_way_leads_to_a_stranger_by_itself(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    app = await stranger(client)
    pages = [await browser.get(AUTHORIZE, asked(app, prompt="create"))]
    pages.append(await browser.get(AUTHORIZE, asked(app)))
    pages.append(await browser.sign_in((await api.person()).email))
    pages.append(await browser.get("/select-account", {"flow": flow_of(browser)}))

    assert [page.status_code for page in pages] == [200] * 4
    assert "Nobody here vouches for this application" in pages[2].text
    for page in pages:
        assert f"https://{HOST}" not in page.text and "http-equiv" not in page.text


async def test_t055_signing_out_sends_nobody_to_a_stranger(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    """OIDC RP-Initiated Logout §2: nobody signed in, another one, one who agreed."""
    app, person, other = await stranger(client), await api.person(), await api.person()
    back = {"client_id": app.client_id, "post_logout_redirect_uri": BYE, "state": "s"}

    nobody = await browser.get("/oauth2/logout", back)
    await browser.arrive(other.email)
    await browser.get("/oauth2/logout", back)
    answered = await browser.post("/oauth2/logout", {})
    await browser.arrive(person.email)
    await agree(browser, app)
    await browser.get("/oauth2/logout", back)
    agreed = await browser.post("/oauth2/logout", {})
    again = await browser.get("/oauth2/logout", back)

    assert is_withheld(nobody) and is_withheld(again)
    assert answered.status_code == 200 and "You are signed out" in answered.text
    assert "http-equiv" not in answered.text and "Your Bank" not in answered.text
    assert f"Go back to {HOST}" in answered.text
    [refresh] = [m for m in Page(agreed.text).all("meta") if m.get("http-equiv")]
    assert refresh["content"] == f"0;url={BYE}?state=s"


async def test_a_place_that_was_not_agreed_to_is_no_way_back_from_signing_out(
    api: Api, client: AsyncClient, browser: Visit
) -> None:
    """The session ends all the same: what is withheld is the way, and it is said."""
    elsewhere = "https://worse.example/bye"
    app = await stranger(client, post_logout_redirect_uris=[BYE, elsewhere])
    person = await api.person()
    await browser.arrive(person.email)
    await agree(browser, app)

    query = {"client_id": app.client_id, "post_logout_redirect_uri": elsewhere}
    await browser.get("/oauth2/logout", query)
    answer = await browser.post("/oauth2/logout", {})

    assert "You are signed out" in answer.text and "http-equiv" not in answer.text
    assert "Go back to worse.example" in answer.text
    assert "session.revoked" in await api.trail(person.id)


async def test_a_stranger_is_framed_only_at_a_place_that_was_agreed_to(
    api: Api, runtime: Runtime
) -> None:
    """OIDC Front-Channel Logout §2: a frame is a way to an application as well."""
    strange = {"is_self_registered": True, "vouched_by": "nobody"}
    framed = []
    for place in ("https://app.example.com:443", "https://other.example:443"):
        person = await visitor(api)
        account = person.account
        app = await ApplicationFactory(runtime)(
            columns=strange, frontchannel_logout_uri=FRAME
        )
        await let_in(runtime, app, account.user_id, account.session_id)
        async with runtime.unit_of_work() as uow:
            consents = OAuthConsentService(uow)
            await consents.remember(
                account.user_id, app.client_id, ("openid",), (), place
            )
        answer = await person.get({"id_token_hint": hint(runtime, app, account)})
        framed.append(len(Page(answer.text).all("iframe")))

    assert framed == [1, 0]


async def test_who_is_vouched_for_is_told_of_every_refusal(
    client: AsyncClient, runtime: Runtime, browser: Visit
) -> None:
    """RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6: as the conformance suite wants it."""
    async with runtime.unit_of_work() as uow:
        token = await OAuthRegistrationService(uow, runtime).issue_token(3_600)
    headers = {"Authorization": f"Bearer {token}"}
    made = await client.post("/oauth2/register", json=STRANGER, headers=headers)
    app = Application(made.json()["client_id"])

    for name, changed in REFUSED.items():
        answer = await browser.get(AUTHORIZE, asked(app, **changed))
        assert is_led(answer), name
        where = answer.headers.get("location", answer.text)
        assert "error" in where and "af0ifjsldkj" in where or "state" in changed, name
    back = {"client_id": app.client_id, "post_logout_redirect_uri": BYE}
    assert is_led(await browser.get("/oauth2/logout", back), BYE)
