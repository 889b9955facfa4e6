"""What applications may ask for in a request, parameter by parameter.

One database is enough: `test_authorize.py` asks both engines.
"""

import json
from base64 import urlsafe_b64encode
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.factories.oauth import (
    REDIRECT_URI,
    VERIFIER,
    ApplicationFactory,
)
from tests.support.api import Api
from tests.support.authorization import (
    AUTHORIZE,
    EVIL,
    Visit,
    at,
    flow_of,
    id_token,
    query_of,
    redeem,
    told,
    trusted,
)
from tests.support.page import Page


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite."""
    return sqlite_url


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


async def test_a_client_that_changes_meanwhile_is_held_to_what_it_is_now(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(client_name="Shop")
    await browser.ask(shop, scope="openid email")
    flow = {"flow": flow_of(browser)}
    async with api.runtime.unit_of_work() as uow:
        client = await uow.oauth_clients.by_client_id(shop.client_id)
        assert client is not None
        client.document = client.document | {"scope": "openid"}
    api.runtime.clients.forget(shop.client_id)

    page = await browser.get("/signin", flow)
    refused = await browser.get("/consent", flow)
    answer = told(await browser.get("/oauth2/resume", flow))

    assert page.status_code == 200 and "has ended" in page.text
    assert refused.status_code == 400
    assert (answer["error"], answer["state"]) == ("invalid_scope", "af0ifjsldkj")


async def test_a_refusal_reaches_the_client_from_whichever_page_is_open(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await trusted(applications)
    wish = {"id_token": {"acr": {"essential": True, "value": "aal2"}}}
    await browser.ask(shop, claims=json.dumps(wish))
    flow = {"flow": flow_of(browser)}
    await browser.get("/signin")  # in another tab
    await browser.sign_in(person.email)

    answer = told(await browser.get("/consent", flow))

    assert answer["error"] == "unmet_authentication_requirements"


async def test_a_refused_request_object_is_answered_as_it_asks(
    browser: Visit, applications: ApplicationFactory
) -> None:
    """OIDC Form Post §2: mode and state stand in the unsigned object alone."""
    shop = await applications()
    asked = {"response_mode": "form_post", "state": 's"<>', "redirect_uri": EVIL}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, asked))
    request = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    answer = await browser.ask(shop, request=f"{request}.", state=None)

    assert answer.status_code == 200 and "<>" not in answer.text
    [form] = Page(answer.text).all("form")
    fields = {n: i["value"] for n, i in Page(answer.text).inputs.items()}
    assert form["action"] == REDIRECT_URI
    assert fields["error"] == "request_not_supported"
    assert fields["state"] == 's"<>' and fields["iss"]
