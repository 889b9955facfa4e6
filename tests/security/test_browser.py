"""What others may try with somebody's browser, its cookies and its forms."""

import re

import pytest
from fastapi import FastAPI
from httpx2 import Cookies, Response

from app.pages.parts.script import PASSWORD_SOURCE
from tests.security.test_sessions import ENDINGS, Ending
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

SESSION = "auth_serve_session"
PAGES = ("/signin", "/signup", "/signout", "/resend-verification", "/done/signed-out")


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    return Visitor(app)


async def test_t055_nothing_that_is_sent_along_leads_anywhere_else(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)
    evil = "https://evil.example/"
    query = f"?next={evil}&redirect_uri={evil}&return_to={evil}"

    hidden = await visitor.hidden(f"/signin{query}")
    fields = hidden | {"email": user.email, "password": "wrong"}
    wrong = await visitor.post("/signin", fields, Referer=evil)
    extra = await visitor.post("/signin", fields | {"next": evil}, Referer=evil)
    right = fields | {"password": PASSWORD}
    entered = await visitor.post(f"/signin{query}", right, Referer=evil)
    left = await visitor.submit("/signout", Referer=evil)

    assert (wrong.status_code, extra.status_code) == (401, 422)
    for answer in (wrong, extra, entered, left):
        assert "evil.example" not in answer.text
        assert "evil.example" not in answer.headers.get("location", "")
    assert entered.headers["location"] == "/"
    assert left.headers["location"] == "/done/signed-out"


async def test_t062_no_page_shows_what_its_address_says(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD, name="Win https://evil.example <a>")
    said = "message=Winner&error=Winner&email=Winner&name=Winner&title=Winner"

    for path in PAGES:
        assert "Winner" not in (await visitor.get(f"{path}?{said}")).text
    await visitor.sign_in(user.email)
    home = (await visitor.get(f"/?{said}")).text

    assert "Winner" not in home
    assert "&lt;a&gt;" in home and 'href="https://evil' not in home


async def test_t064_a_form_of_another_browser_signs_nobody_in(
    app: FastAPI, api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)
    attacker = Visitor(app, "198.51.100.1")
    theirs = await attacker.hidden("/signin")
    mine = await visitor.hidden("/signin")
    typed = {"email": user.email, "password": PASSWORD}

    foreign = [
        await visitor.post("/signin", typed | theirs),
        await visitor.post("/signin", typed),
        await visitor.post("/signin", typed | {"csrf": ""}),
        await visitor.post("/signin", typed | {"csrf": "é"}),
        await Visitor(app).post("/signin", typed | mine),  # no cookie at all
        await visitor.post("/signin", typed | mine, Sec_Fetch_Site="cross-site"),
        await visitor.post("/signin", typed | mine, Origin="https://evil.example"),
    ]

    assert [answer.status_code for answer in foreign] == [403] * len(foreign)
    assert all(SESSION not in answer.cookies for answer in foreign)
    assert "please try again" in foreign[0].text
    assert await api.trail(user.id) == []
    assert (await visitor.post("/signin", typed | mine)).status_code == 303


async def test_t064_a_form_for_one_account_does_nothing_for_the_next(
    api: Api, visitor: Visitor
) -> None:
    ada = await api.users.with_password(PASSWORD)
    eve = await api.users.with_password(PASSWORD)
    await visitor.sign_in(ada.email)
    old = await visitor.hidden("/signout")
    await visitor.sign_in(eve.email)

    refused = await visitor.post("/signout", old)

    assert refused.status_code == 403
    assert await visitor.who() == eve.email


async def test_t065_a_link_neither_signs_in_nor_out(api: Api, visitor: Visitor) -> None:
    user = await api.users.with_password(PASSWORD)
    query = f"?email={user.email}&password={PASSWORD}"
    await visitor.get(f"/signin{query}")
    assert await visitor.who() == ""
    await visitor.sign_in(user.email)
    hidden = await visitor.hidden("/signout")

    for _ in range(2):
        assert (await visitor.get("/signout")).status_code == 200
    await visitor.get(f"/signout?csrf={hidden['csrf']}")
    refused = [
        await visitor.post("/signout", hidden, **headers)
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Origin": "null", "Sec_Fetch_Site": "none"},
        )
    ]
    refused.append(await visitor.post("/signout", {"csrf": ""}))

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert await visitor.who() == user.email
    assert await api.trail(user.id) == ["sign_in.succeeded"]


async def test_t086_the_page_looks_the_same_for_known_and_unknown(
    api: Api, visitor: Visitor
) -> None:
    known = await api.users.with_password(PASSWORD)
    disabled = await api.users.with_password(PASSWORD, status="disabled")
    bare = await api.users()
    tries = [
        (known.email, "wrong"),
        (disabled.email, PASSWORD),
        (bare.email, "wrong"),
        ("nobody@example.com", "wrong"),
    ]

    faces = []
    for email, password in tries:
        answer = await visitor.sign_in(email, password)
        [nonce] = re.findall(r'nonce="([\w-]{43})"', answer.text)
        policy = answer.headers["content-security-policy"].replace(nonce, "")
        answer.headers["content-security-policy"] = policy
        text = answer.text.replace(email, "").replace(nonce, "")
        faces.append((*_face(answer), text))

    assert faces[0][0] == 401
    assert faces == [faces[0]] * len(faces)


def _face(answer: Response) -> tuple[int, dict[str, str]]:
    volatile = ("x-request-id", "content-length", "ratelimit")
    headers = {k: v for k, v in answer.headers.items() if k not in volatile}
    return answer.status_code, headers


async def test_t094_page_and_api_count_the_same_guesses(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)

    statuses = []
    for _ in range(5):
        statuses.append((await api.login(user.email, "wrong")).status_code)
        statuses.append((await visitor.sign_in(user.email, "wrong")).status_code)
    page = await visitor.sign_in(user.email)
    program = await api.login(user.email)

    assert statuses == [401] * 10
    assert (page.status_code, program.status_code) == (429, 429)


async def test_t112_what_was_planted_is_not_what_signs_in(
    app: FastAPI, api: Api, visitor: Visitor
) -> None:
    ada = await api.users.with_password(PASSWORD)
    eve = await api.users.with_password(PASSWORD)
    attacker = Visitor(app)
    await attacker.sign_in(eve.email)
    planted = dict(attacker.http.cookies)
    visitor.http.cookies = Cookies(attacker.http.cookies)

    await visitor.sign_in(ada.email)

    secrets = visitor.http.cookies[SESSION].split(".")
    assert len(secrets) == 2 and secrets[0] != planted[SESSION]
    assert secrets[1:] == [planted[SESSION]]  # a further account, as it was
    assert await visitor.who() == ada.email
    assert await attacker.who() == eve.email


async def test_t112_an_old_cookie_is_dead_after_the_next_sign_in(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)
    await visitor.sign_in(user.email)
    old = visitor.http.cookies[SESSION]

    await visitor.sign_in(user.email)

    assert visitor.http.cookies[SESSION] != old
    assert await visitor.who() == user.email
    visitor.http.cookies.clear()
    stale = await visitor.get("/", Cookie=f"{SESSION}={old}")
    assert stale.status_code == 303


async def test_t115_a_changed_cookie_opens_nothing(api: Api, visitor: Visitor) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    secret = visitor.http.cookies[SESSION]
    visitor.http.cookies.clear()
    changed = [
        secret[:-1],
        secret[:-2] + ("AA" if secret[-2:] != "AA" else "BB"),
        secret.replace("as_bs_", "as_rt_"),
        person.tokens["refresh_token"],
        person.tokens["access_token"],
    ]

    answers = [await visitor.get("/", Cookie=f"{SESSION}={each}") for each in changed]
    good = await visitor.get("/", Cookie=f"{SESSION}={secret}")

    assert [answer.status_code for answer in answers] == [303] * len(changed)
    assert good.status_code == 200
    bearer = {"Authorization": f"Bearer {secret}"}
    me = await api.client.get("/api/v1/users/me", headers=bearer)
    spent = await api.post("/auth/refresh", {"refresh_token": secret})
    assert (me.status_code, spent.status_code) == (401, 401)


@pytest.mark.parametrize("end", ENDINGS)
async def test_t116_a_browser_is_signed_out_when_the_account_says_so(
    api: Api, visitor: Visitor, end: Ending
) -> None:
    victim, admin = await api.person(), await api.admin()
    await visitor.sign_in(victim.email)
    hidden = await visitor.hidden("/signout")
    assert await visitor.who() == victim.email

    await end(api, victim, admin)

    assert await visitor.who() == ""
    assert (await visitor.post("/signout", hidden)).status_code == 403


async def test_t121_who_is_signed_out_elsewhere_is_not_somebody_else_here(
    api: Api, visitor: Visitor
) -> None:
    other, person = await api.person(), await api.person()
    await visitor.sign_in(other.email)
    await visitor.sign_in(person.email)

    await api.delete("/users/me/sessions", person)  # all but the program's own

    assert await visitor.who() == ""
    await visitor.sign_in(person.email)
    assert other.email in (await visitor.get("/")).text


async def test_t118_a_page_under_way_does_not_sign_in_again(
    api: Api, visitor: Visitor, clock: FakeClock
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    clock.advance(hours=2)  # the next page writes that the session is in use

    async with api.runtime.unit_of_work() as uow:
        now = uow.clock.now()
        await uow.sessions.revoke_all(person.id, at=now, reason="test")
    answers = [await visitor.get(path) for path in ("/", "/signin", "/signout")]

    assert [answer.status_code for answer in answers] == [303, 200, 200]
    assert all(SESSION not in answer.cookies for answer in answers)
    assert await visitor.who() == ""


async def test_t121_a_browser_is_listed_and_ended_like_any_session(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    listed = (await api.get("/users/me/sessions", person)).json()["items"]
    [browser] = [each["id"] for each in listed if not each["current"]]

    await api.delete(f"/users/me/sessions/{browser}", person)

    assert await visitor.who() == ""


async def test_t178_guesses_from_elsewhere_do_not_lock_a_known_browser_out(
    app: FastAPI, api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)
    await visitor.sign_in(user.email)
    await visitor.submit("/signout")
    elsewhere = Visitor(app, "198.51.100.1")

    guesses = [await elsewhere.sign_in(user.email, "wrong") for _ in range(12)]
    owner = await visitor.sign_in(user.email)

    assert [each.status_code for each in guesses] == [401] * 10 + [429] * 2
    assert owner.status_code == 303


async def test_t184_no_page_for_signed_in_people_can_be_framed(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)
    await visitor.sign_in(user.email)
    answers = [await visitor.get(path) for path in ("/", *PAGES, "/signin?flow=abc")]
    answers.append(await visitor.sign_in(user.email, "wrong", flow="abc"))
    answers.append(await visitor.post("/signout", {}))

    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        own = re.sub(r" 'nonce-[\w-]{43}'", "", policy)  # of this answer alone
        assert "script-src" not in own.replace(PASSWORD_SOURCE, "")
        assert "base-uri 'none'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
