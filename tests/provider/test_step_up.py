"""Applications that want two factors: as a wish, as a demand, as their policy."""

import json
from typing import Any

import pytest

from app.services.server.runtime import Runtime
from tests.factories.factor import Authenticator, FactorFactory
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Api, Person
from tests.support.authorization import (
    Visit,
    at,
    id_token,
    redeem,
    resume_of,
    told,
    trusted,
)
from tests.support.chance import FakeClock

VERIFY = "/signin/verify"
DEMAND = json.dumps({"id_token": {"acr": {"essential": True, "value": "aal2"}}})
WISH = {"acr_values": "aal2"}
CHALLENGE = {"acr_values": "aal2", "max_age": "600"}  # RFC 9470 section 3
ASKED: list[dict[str, str]] = [WISH, CHALLENGE, {"claims": DEMAND}]


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


class Owner:
    """Somebody signed in with one factor, who set a second one up after that."""

    def __init__(self, person: Person, app: Authenticator, shop: Application) -> None:
        self.person, self.app, self.shop = person, app, shop


@pytest.fixture
async def owner(
    api: Api, browser: Visit, applications: ApplicationFactory, factors: FactorFactory
) -> Owner:
    """Return them."""
    person = await api.person()
    await browser.arrive(person.email)
    return Owner(person, await factors.totp(person.id), await trusted(applications))


async def verify(browser: Visit, code: str) -> Any:
    """Enter a code at the page that is open."""
    return await browser.post(VERIFY, {"code": code})


@pytest.mark.parametrize("asked", ASKED, ids=["wish", "challenge", "demand"])
async def test_who_signed_in_lately_proves_the_second_factor_alone(
    api: Api, browser: Visit, owner: Owner, clock: FakeClock, asked: dict[str, str]
) -> None:
    """RFC 9470 §5: the session goes on, with two factors and a new auth_time."""
    before = await id_token(api, owner.shop, await browser.ask(owner.shop))
    clock.advance(minutes=9)

    assert at(await browser.ask(owner.shop, **asked)) == VERIFY
    wrong = await verify(browser, owner.app.wrong_code)
    clock.advance(seconds=30)
    after = await id_token(api, owner.shop, await verify(browser, owner.app.code))
    again = await browser.ask(owner.shop, prompt="none", claims=DEMAND)

    assert wrong.status_code == 400
    assert (before["acr"], before["amr"]) == ("aal1", ["pwd"])
    assert (after["acr"], after["amr"]) == ("aal2", ["pwd", "otp", "mfa"])
    assert after["sid"] == before["sid"]
    assert after["auth_time"] == int(clock.now().timestamp())
    assert told(again)["code"]


@pytest.mark.parametrize("asked", ASKED, ids=["wish", "challenge", "demand"])
async def test_whose_sign_in_is_older_proves_both(
    api: Api, browser: Visit, owner: Owner, clock: FakeClock, asked: dict[str, str]
) -> None:
    clock.advance(minutes=11)

    assert at(await browser.ask(owner.shop, **asked)) == "/signin"
    assert at(await browser.sign_in(owner.person.email)) == VERIFY
    claims = await id_token(api, owner.shop, await verify(browser, owner.app.code))

    assert claims["acr"] == "aal2"


async def test_a_new_sign_in_is_asked_for_both_factors_where_it_was_to_be_new(
    api: Api, browser: Visit, owner: Owner
) -> None:
    """OIDC Core §3.1.2.1: prompt=login is about the first factor too."""
    assert at(await browser.ask(owner.shop, prompt="login", **WISH)) == "/signin"


async def test_a_browser_that_is_remembered_is_asked_all_the_same(
    api: Api, browser: Visit, owner: Owner, clock: FakeClock
) -> None:
    """NIST SP 800-63B: a device that is known is no second factor."""
    clock.advance(minutes=11)
    await browser.ask(owner.shop, claims=DEMAND)
    await browser.sign_in(owner.person.email)
    await browser.post(VERIFY, {"code": owner.app.code, "remember": "on"})
    clock.advance(minutes=11)

    assert at(await browser.ask(owner.shop, claims=DEMAND, max_age="60")) == "/signin"
    assert at(await browser.sign_in(owner.person.email)) == VERIFY
    claims = await id_token(api, owner.shop, await verify(browser, owner.app.code))

    assert claims["acr"] == "aal2"


async def test_without_a_page_a_wish_is_left_and_a_demand_refused(
    api: Api, browser: Visit, owner: Owner
) -> None:
    """OIDC Core §3.1.2.1, §3.1.2.6: prompt=none."""
    wished = await browser.ask(owner.shop, prompt="none", **WISH)
    demanded = told(await browser.ask(owner.shop, prompt="none", claims=DEMAND))

    assert (await id_token(api, owner.shop, wished))["acr"] == "aal1"
    assert demanded["error"] == "login_required"


async def test_a_step_up_is_begun_only_where_one_is_due(
    api: Api, browser: Visit, owner: Owner, clock: FakeClock
) -> None:
    """By hand, early or late, the address leads to where the request stands."""
    assert at(await browser.ask(owner.shop, prompt="login")) == "/signin"
    step_up = resume_of(browser).replace("/oauth2/resume", "/signin/step-up")

    assert at(await browser.get(step_up)) == "/signin"
    alone = await browser.get("/signin/step-up")
    assert (alone.status_code, alone.headers["location"]) == (303, "/")


async def test_what_a_grant_has_it_keeps_when_it_is_refreshed(
    api: Api, browser: Visit, owner: Owner
) -> None:
    """RFC 9068 §2.2.1: acr and auth_time are those of the sign-in."""
    await browser.ask(owner.shop, **WISH)
    answer = told(await verify(browser, owner.app.code))
    tokens = await redeem(api, owner.shop, answer["code"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    renewed = await api.client.post(
        "/oauth2/token", data=form, headers=owner.shop.basic
    )
    told_of = await api.client.post(
        "/oauth2/introspect",
        data={"token": renewed.json()["access_token"]},
        headers=owner.shop.basic,
    )

    assert (told_of.json()["acr"], told_of.json()["active"]) == ("aal2", True)
    assert told_of.json()["amr"] == ["pwd", "otp", "mfa"]


async def test_the_metadata_names_both_levels(api: Api) -> None:
    """RFC 9470 §7, OIDC Discovery §3: acr_values_supported."""
    document = (await api.client.get("/.well-known/openid-configuration")).json()

    assert document["acr_values_supported"] == ["aal1", "aal2"]


# --- Policy of a client ---


async def test_a_client_with_a_minimum_gets_nobody_with_less(
    api: Api, browser: Visit, owner: Owner, applications: ApplicationFactory
) -> None:
    """Whatever the request says: it is the administrator's word."""
    columns = {"is_first_party": True, "minimum_acr": "aal2"}
    bank = await applications(columns=columns)
    aal1 = json.dumps({"id_token": {"acr": {"essential": True, "value": "aal1"}}})

    silent = told(await browser.ask(bank, prompt="none", acr_values="aal1"))
    assert at(await browser.ask(bank, acr_values="aal1", claims=aal1)) == VERIFY
    claims = await id_token(api, bank, await verify(browser, owner.app.code))

    assert silent["error"] == "login_required"
    assert claims["acr"] == "aal2"


async def test_a_minimum_ends_once_the_administrator_says_so_and_not_for_grants(
    api: Api, browser: Visit, owner: Owner
) -> None:
    """What was granted goes on as it was; the next sign-in meets the policy."""
    admin, shop = await api.admin(), owner.shop
    granted = await redeem(api, shop, told(await browser.ask(shop))["code"])
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}

    await api.patch(f"/clients/{shop.client_id}", {"minimum_acr": "aal2"}, admin)
    renewed = await api.client.post("/oauth2/token", data=form, headers=shop.basic)
    strict = await browser.ask(shop)
    await api.patch(f"/clients/{shop.client_id}", {"minimum_acr": None}, admin)

    assert renewed.status_code == 200
    assert at(strict) == VERIFY
    assert told(await browser.ask(shop))["code"]


async def test_the_clients_own_defaults_count_where_a_request_is_silent(
    api: Api, browser: Visit, owner: Owner, clock: FakeClock, applications: Any
) -> None:
    """OIDC Registration §2: default_acr_values, default_max_age."""
    wishing = await trusted(
        applications, default_acr_values=["aal2"], default_max_age=600
    )

    assert at(await browser.ask(wishing)) == VERIFY
    assert (await id_token(api, wishing, await verify(browser, owner.app.code)))[
        "acr"
    ] == "aal2"
    clock.advance(seconds=601)
    assert at(await browser.ask(wishing)) == "/signin"
    assert told(await browser.ask(wishing, max_age="9999", prompt="none"))["code"]


class TestRegistered:
    """A client that registered itself has no say in it."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"oauth": {"registration": "open"}}

    async def test_it_neither_sets_nor_lowers_its_minimum(
        self, api: Api, runtime: Runtime
    ) -> None:
        """RFC 7592 §2.2: what is no metadata stays as the administrator has it."""
        admin = await api.admin()
        asked = {"redirect_uris": ["https://new.example/cb"], "minimum_acr": "aal1"}
        made = (await api.client.post("/oauth2/register", json=asked)).json()
        path = f"/clients/{made['client_id']}"
        before = (await api.get(path, admin)).json()["minimum_acr"]
        await api.patch(path, {"minimum_acr": "aal2"}, admin)

        replaced = await api.client.put(
            f"/oauth2/register/{made['client_id']}",
            json=asked | {"client_id": made["client_id"], "client_name": "New"},
            headers={"Authorization": f"Bearer {made['registration_access_token']}"},
        )

        assert replaced.status_code == 200 and "minimum_acr" not in made
        assert before is None
        assert (await api.get(path, admin)).json()["minimum_acr"] == "aal2"
