"""A first second factor, set up within the sign-in that demands one."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.keys.rotating import RotatingSecretKey
from app.core.language.words import spoken_instant
from app.factors.otpauth import read_uri
from app.factors.totp import TotpKey
from tests.conftest import SECRET
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import change
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

VERIFY = "/signin/verify"


@pytest.fixture
async def admin(api: Api) -> Person:
    """An administrator without a second factor, where the role wants one."""
    admin = await api.admin()
    changed = await api.patch("/roles/admin", {"mfa_required": True}, admin)
    assert changed.status_code == 200
    return admin


async def begun(api: Api, person: Person) -> dict[str, Any]:
    """Return what somebody gets for the right password alone."""
    document: dict[str, Any] = (await api.login(person.email)).json()
    assert document["code"] == "mfa_required"
    return document


def code_of(uri: str, clock: FakeClock) -> str:
    """Return what an app shows that took this URI over."""
    key: TotpKey = read_uri(uri)
    return key.code_at(key.step_at(clock.now()))


async def test_an_app_is_set_up_and_signs_in_with_its_first_code(
    api: Api, admin: Person, clock: FakeClock
) -> None:
    first = await begun(api, admin)
    body = {"mfa_token": first["mfa_token"]}
    setup = (await api.post("/auth/mfa/totp", body)).json()
    again = (await api.post("/auth/mfa/totp", body)).json()

    code = code_of(setup["uri"], clock)
    tokens = await api.post("/auth/mfa", body | {"factor": "totp", "code": code})

    assert (first["factors"], first["enrol"]) == ([], ["totp"])
    assert setup == again and setup["secret"] in setup["uri"]
    assert tokens.status_code == 200
    assert (await begun(api, admin))["factors"] == ["totp"]
    assert "factor.added" in await api.trail(admin.id)
    assert "factor_added" in [mail["template"] for mail in await api.mails()]
    assert (await api.get("/users/me", admin)).status_code == 401  # of before


async def test_an_app_is_confirmed_under_the_next_secret_key(
    api: Api, admin: Person, clock: FakeClock
) -> None:
    """One replica showed it, and another one, with the new key first, is told."""
    old, new = api.runtime.secret_key, RotatingSecretKey("new-" + SECRET, SECRET)
    new.keep(old.kept())
    body = {"mfa_token": (await begun(api, admin))["mfa_token"]}
    setup = (await api.post("/auth/mfa/totp", body)).json()
    object.__setattr__(api.runtime, "secret_key", new)

    shown = (await api.post("/auth/mfa/totp", body)).json()
    code = code_of(setup["uri"], clock)
    tokens = await api.post("/auth/mfa", body | {"factor": "totp", "code": code})
    clock.advance(seconds=60)
    waiting = {"mfa_token": (await begun(api, admin))["mfa_token"]}
    answer = {"factor": "totp", "code": code_of(setup["uri"], clock)}

    assert shown["secret"] != setup["secret"]  # what is made is the new key's
    assert tokens.status_code == 200, tokens.text
    assert (await api.post("/auth/mfa", waiting | answer)).status_code == 200


async def test_the_first_code_is_used_up(
    api: Api, admin: Person, clock: FakeClock
) -> None:
    first = await begun(api, admin)
    body = {"mfa_token": first["mfa_token"]}
    setup = (await api.post("/auth/mfa/totp", body)).json()
    answer = {"factor": "totp", "code": code_of(setup["uri"], clock)}
    await api.post("/auth/mfa", body | answer)

    waiting = {"mfa_token": (await begun(api, admin))["mfa_token"]}
    replayed = await api.post("/auth/mfa", waiting | answer)

    assert replayed.json()["code"] == "invalid_code"


async def test_a_wrong_code_sets_nothing_up(api: Api, admin: Person) -> None:
    first = await begun(api, admin)
    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": "000000"}

    refused = await api.post("/auth/mfa", body)

    assert refused.json()["code"] == "invalid_code"
    assert (await begun(api, admin))["factors"] == []


async def test_t101_who_has_a_factor_cannot_set_another_up_this_way(
    api: Api, admin: Person, clock: FakeClock
) -> None:
    first = await begun(api, admin)
    body = {"mfa_token": first["mfa_token"]}
    setup = (await api.post("/auth/mfa/totp", body)).json()
    await FactorFactory(api.runtime).totp(admin.id)

    shown = await api.post("/auth/mfa/totp", body)
    answer = {"factor": "totp", "code": code_of(setup["uri"], clock)}
    refused = await api.post("/auth/mfa", body | answer)

    told = (shown.status_code, shown.json()["code"])
    assert told == (409, "second_factor_exists")
    assert refused.json()["code"] == "invalid_code"


async def test_each_sign_in_has_a_secret_of_its_own(api: Api, admin: Person) -> None:
    secrets = set()
    for _ in range(2):
        body = {"mfa_token": (await begun(api, admin))["mfa_token"]}
        secrets.add((await api.post("/auth/mfa/totp", body)).json()["secret"])

    forged = await api.post("/auth/mfa/totp", {"mfa_token": "as_ot_x"})

    assert len(secrets) == 2
    assert forged.json()["code"] == "invalid_mfa_token"


async def test_a_browser_is_led_through_it(
    api: Api, admin: Person, app: FastAPI, clock: FakeClock
) -> None:
    visitor = Visitor(app)
    first = await visitor.sign_in(admin.email)
    page = Page((await visitor.get(VERIFY)).text)
    [uri] = [each["href"] for each in page.all("a") if "otpauth" in str(each["href"])]
    entered = await visitor.submit(VERIFY, {"code": code_of(str(uri), clock)})

    assert first.headers["location"] == VERIFY
    assert page.all("svg")
    assert entered.status_code == 303
    assert await visitor.who() == admin.email


@pytest.mark.parametrize("path", ["/users/me/totp", "/users/me/passkeys/options"])
async def test_an_account_that_anybody_may_have_registered_gets_no_factor(
    api: Api, clock: FakeClock, path: str
) -> None:
    """Its owner would be locked out by it, and a reset leaves factors as they are."""
    until = clock.now() + timedelta(days=1)
    person = await api.person(email_verified=False, unverified_until=until)

    answer = await api.post(path, None, person)

    assert answer.status_code == 403
    assert answer.json()["code"] == "address_not_confirmed"


async def test_a_frozen_account_is_told_so_before_a_secret_is_shown(
    api: Api, admin: Person, app: FastAPI, clock: FakeClock
) -> None:
    """No code would be right, however often one is typed."""
    until = clock.now() + timedelta(hours=1)
    await change(api, admin, factors_frozen_until=until)
    first = await begun(api, admin)

    shown = await api.post("/auth/mfa/totp", {"mfa_token": first["mfa_token"]})
    visitor = Visitor(app)
    await visitor.sign_in(admin.email)
    page = await visitor.get(VERIFY)

    assert (first["factors"], first["enrol"]) == ([], [])
    assert (shown.status_code, shown.json()["code"]) == (403, "factors_frozen")
    assert shown.json()["frozen_until"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    assert page.status_code == 403
    assert spoken_instant(until) in page.text and "otpauth" not in page.text


async def test_a_right_code_of_an_account_that_froze_meanwhile_is_told_so(
    api: Api, admin: Person, clock: FakeClock
) -> None:
    first = await begun(api, admin)
    body = {"mfa_token": first["mfa_token"]}
    setup = (await api.post("/auth/mfa/totp", body)).json()
    await change(api, admin, factors_frozen_until=clock.now() + timedelta(hours=1))

    answer = {"factor": "totp", "code": code_of(setup["uri"], clock)}
    refused = await api.post("/auth/mfa", body | answer)

    assert (refused.status_code, refused.json()["code"]) == (403, "factors_frozen")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"factor": "passkey", "code": "1"}, "factor passkey needs response, not code"),
        ({"factor": "totp", "response": {}}, "factor totp needs code, not response"),
    ],
)
async def test_an_answer_of_the_wrong_kind_is_told_which_one_is_right(
    api: Api, answer: dict[str, Any], said: str
) -> None:
    refused = await api.post("/auth/mfa", {"mfa_token": "as_ot_x"} | answer)

    assert refused.status_code == 422
    assert said in refused.text
