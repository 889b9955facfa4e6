"""A device that an account signed in at keeps tries of its own, and proves no more."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from app.services.server.runtime import Runtime
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.known_device import LIFE, MAX_DEVICES
from tests.security.test_throttling import from_address, guess
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor, people, set_cookies
from tests.support.chance import FakeClock

HOME, AWAY = "198.51.100.1", "203.0.113.7"
NEAR = {"sign_in_address": "12/300"}  # soon used up


@pytest.fixture
def options() -> dict[str, object]:
    return {"limits": NEAR}


async def sign_in(
    api: Api, email: str, token: str | None, password: str = PASSWORD, at: str = AWAY
) -> Any:
    """Sign in over the API; return the answer."""
    body = {"email": email, "password": password, "device_token": token}
    async with from_address(api, at) as client:
        return await client.post("/api/v1/auth/login", json=body)


async def token_of(api: Api, email: str, password: str = PASSWORD) -> str:
    """Sign in at home; return what the device is known by."""
    token: str = (await sign_in(api, email, None, password, HOME)).json()[
        "device_token"
    ]
    return token


async def flood(api: Api, email: str) -> None:
    """Guess from everywhere, the owner's next place included, until all is used up."""
    async with from_address(api, "192.0.2.77") as client:
        for _ in range(11):
            await guess(client, email)
    async with from_address(api, AWAY) as client:
        for number in range(13):
            await guess(client, f"somebody{number}@example.com")


async def test_a_flood_from_everywhere_does_not_stop_a_known_device(api: Api) -> None:
    [email] = await people(api, 1)
    token = await token_of(api, email)
    await flood(api, email)

    stranger = await sign_in(api, email, None)
    owner = await sign_in(api, email, token)

    assert stranger.status_code == 429
    assert owner.status_code == 200
    assert owner.json()["device_token"].startswith("as_dv_")


async def test_what_a_device_used_up_makes_it_unknown_and_locks_nobody(
    api: Api,
) -> None:
    [email] = await people(api, 1)
    token = await token_of(api, email)

    tries = [await sign_in(api, email, token, "wrong") for _ in range(21)]
    other = await sign_in(api, email, await token_of(api, email))

    # Ten by the device, and then it is as anybody's.
    assert [each.status_code for each in tries] == [401] * 20 + [429]
    assert other.status_code == 200


async def test_a_right_password_gives_a_devices_try_back(api: Api) -> None:
    [email] = await people(api, 1)
    token = await token_of(api, email)

    for _ in range(3):
        await sign_in(api, email, token, "wrong")
        token = (await sign_in(api, email, token)).json()["device_token"]
    last = await sign_in(api, email, token, "wrong")

    assert last.headers["ratelimit"].partition(";")[2].startswith("r=6;")


def _changed(token: str) -> str:
    return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")


USELESS: dict[str, Callable[[str, str], str]] = {
    "none": lambda own, other: "",
    "forged": lambda own, other: _changed(own),
    "of another account": lambda own, other: other,
    "of a session": lambda own, other: own.replace("as_dv_", "as_bs_"),
    "cut": lambda own, other: own[:60],
    "other letters": lambda own, other: "as_dv_é" + own[7:],
}


async def test_a_useless_device_token_is_as_none(api: Api) -> None:
    email, another = await people(api, 2)
    own, other = await token_of(api, email), await token_of(api, another)
    await flood(api, email)

    useless = [await sign_in(api, email, made(own, other)) for made in USELESS.values()]
    useful = await sign_in(api, email, own)

    assert {each.status_code for each in useless} == {429}
    assert useful.status_code == 200


async def test_an_old_device_is_forgotten(api: Api, clock: FakeClock) -> None:
    [email] = await people(api, 1)
    token = await token_of(api, email)
    clock.advance(seconds=LIFE.total_seconds() - 1)
    young = await sign_in(api, email, token)
    clock.advance(seconds=1)
    await flood(api, email)

    old = await sign_in(api, email, token)
    renewed = await sign_in(api, email, young.json()["device_token"])

    assert (old.status_code, renewed.status_code) == (429, 200)


@pytest.mark.parametrize("how", ["changed", "reset", "administrator"])
async def test_another_password_forgets_every_device(
    api: Api, runtime: Runtime, how: str
) -> None:
    person, new = await api.person(), "quite another long one"
    token = await token_of(api, person.email)
    if how == "changed":
        body = {"current_password": PASSWORD, "new_password": new}
        await api.post("/auth/change-password", body, person)
    else:
        path, actor = "/auth/forgot-password", None
        if how == "administrator":
            path, actor = f"/users/{person.id}/password-reset", await api.admin()
        await api.post(path, {"email": person.email} if not actor else None, actor)
        template = (await api.mails())[-1]["template"]
        mailed = await api.mailed(template)
        body = {"token": mailed.token, "new_password": new}
        assert (await api.post("/auth/reset-password", body)).status_code == 204
    after = await token_of(api, person.email, new)
    await flood(api, person.email)

    before = await sign_in(api, person.email, token, new)

    assert before.status_code == 429
    assert (await sign_in(api, person.email, after, new)).status_code == 200


async def test_a_device_token_says_nothing_of_accounts(api: Api) -> None:
    """With one's own, known and unknown addresses look alike, and nothing is given."""
    own, victim = await people(api, 2)
    token = await token_of(api, own)

    seen = {
        email: [await sign_in(api, email, token, "wrong", at) for _ in range(11)]
        for email, at in ((victim, HOME), ("nobody@example.com", AWAY))
    }

    faces = [
        [(each.status_code, each.headers["ratelimit"]) for each in answers]
        for answers in seen.values()
    ]
    assert faces[0] == faces[1]
    assert all("device_token" not in a.text for a in seen[victim])


async def test_a_refresh_says_nothing_of_devices(api: Api) -> None:
    person = await api.person()

    body = {"refresh_token": person.tokens["refresh_token"]}
    answer = await api.post("/auth/refresh", body)

    assert answer.status_code == 200 and "device_token" not in answer.json()


class TestBrowsers:
    """The same in a cookie, for up to five accounts."""

    @pytest.fixture(params=["http://localhost:8000", "https://auth.example.com"])
    def options(self, request: pytest.FixtureRequest) -> dict[str, object]:
        return {"public_url": request.param, "limits": {"sign_in_address": "99/300"}}

    async def test_its_cookie_is_no_scripts_and_no_other_sites(
        self, api: Api, app: FastAPI
    ) -> None:
        [email] = await people(api, 1)
        visitor = Visitor(app, HOME)

        answer = await visitor.sign_in(email)

        name = BrowserCookies(visitor.origin).device
        cookie = set_cookies(answer.headers.get_list("set-cookie"))[name]
        assert cookie["httponly"] and cookie["samesite"] == "Lax"
        assert cookie["path"] == "/" and cookie["max-age"] == "15552000"
        is_secure = visitor.origin.startswith("https")
        assert name.startswith("__Host-") == is_secure == ("secure" in cookie)

    async def test_it_lives_on_after_signing_out_and_holds_five_accounts(
        self, api: Api, app: FastAPI
    ) -> None:
        emails = await people(api, MAX_DEVICES + 1)
        visitor = Visitor(app, HOME)
        for email in emails:
            assert (await visitor.sign_in(email)).status_code == 303
            await visitor.submit("/signout")
            async with from_address(api, "192.0.2.77") as client:
                for _ in range(10):
                    await guess(client, email)
        moved = Visitor(app, AWAY)
        moved.http.cookies = visitor.http.cookies

        # The first one fell out; whoever signs in comes first.
        statuses = [(await moved.sign_in(email)).status_code for email in emails]

        assert statuses == [429] + [303] * MAX_DEVICES
        value = moved.http.cookies[BrowserCookies(visitor.origin).device]
        assert len(value.split(".")) == MAX_DEVICES and len(value) < 1_000


@pytest.mark.parametrize("at_device", [False, True])
async def test_a_sign_in_is_as_few_statements_as_ever(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, at_device: bool
) -> None:
    """On PostgreSQL one before the hash and one after it (docs/adr/0013)."""
    [email] = await people(api, 1)
    token = await token_of(api, email) if at_device else None
    seen: Counter[str] = Counter()
    for name in ("fetch_all", "fetch_each", "run_guarded"):
        real = getattr(runtime.database, name)

        def counted(
            *arguments: Any, _name: str = name, _real: Any = real, **named: Any
        ) -> Any:
            seen[_name] += len(arguments[-1]) if _name == "fetch_each" else 1
            return _real(*arguments, **named)

        monkeypatch.setattr(type(runtime.database), name, staticmethod(counted))

    answer = await sign_in(api, email, token)

    assert answer.status_code == 200
    # SQLite: candidate, attempts, what is given back, and all that a session begins.
    most = 2 if not runtime.database.is_sqlite else 4 if at_device else 8
    assert seen.total() <= most, seen
