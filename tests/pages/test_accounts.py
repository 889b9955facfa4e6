"""The accounts of a browser: put into use, and signed out of, at the front door."""

from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.support.api import Api, Person
from tests.support.authorization import Visit, id_token, trusted
from tests.support.browser import Visitor, set_cookies
from tests.support.page import Page

SWITCH, SIGN_OUT = "/switch-account", "/signout"


@pytest.fixture
async def people(api: Api, visitor: Visitor) -> list[Person]:
    """Three people of one browser, the one in use first."""
    made = [await api.person() for _ in range(3)]
    for person in reversed(made):
        await visitor.sign_in(person.email)
    return made


async def press(visitor: Visitor, path: str, person: Person | None) -> Response:
    """Press the button of somebody, or of all, at the front door."""
    home = (await visitor.get("/")).text
    label = f'aria-label="{"Use" if path == SWITCH else "Sign out of"} '
    button = f"{label}{person.email}" if person else 'value="all"'
    assert home.count(button) == 1
    [value] = {
        str(tag["value"])
        for tag in Page(home).all("button")
        if person is None or person.email in str(tag.get("aria-label"))
        if person is not None or tag["value"] == "all"
    }
    csrf = {"csrf": Page(home).inputs["csrf"]["value"]}
    return await visitor.post(path, csrf | {"account": value})


async def listed(visitor: Visitor) -> list[str]:
    """Return the accounts that could be put into use."""
    tags = Page((await visitor.get("/")).text).all("button")
    labels = [str(tag.get("aria-label")) for tag in tags]
    return [each.removeprefix("Use ") for each in labels if each.startswith("Use ")]


async def trails(api: Api, people: list[Person]) -> list[int]:
    """Return how many sessions of each person were ended."""
    return [(await api.trail(each.id)).count("session.revoked") for each in people]


async def test_another_account_comes_into_use_and_nobody_is_signed_out(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    ada, eve, bob = people
    assert await visitor.who() == ada.email

    answer = await press(visitor, SWITCH, bob)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await visitor.who() == bob.email
    assert await listed(visitor) == [ada.email, eve.email]
    assert await trails(api, people) == [0, 0, 0]


async def test_one_account_alone_has_nothing_to_choose(
    api: Api, visitor: Visitor
) -> None:
    await visitor.sign_in((await api.person()).email)

    home = Page((await visitor.get("/")).text)

    assert home.all("form") == home.all("button") == []


async def test_an_account_that_is_not_in_use_is_signed_out_alone(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    ada, eve, bob = people

    answer = await press(visitor, SIGN_OUT, eve)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert await visitor.who() == ada.email
    assert await listed(visitor) == [bob.email]
    assert await trails(api, people) == [0, 1, 0]


async def test_the_trail_of_one_account_does_not_tell_of_the_others(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    await press(visitor, SIGN_OUT, None)

    for person in people:
        items = (await api.get("/users/me/activity", person)).json()["items"]
        [ended] = [each for each in items if each["name"] == "session.revoked"]
        assert ended["actor_id"] == ended["user_id"] == str(person.id)


async def test_all_accounts_are_signed_out_at_once(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    answer = await press(visitor, SIGN_OUT, None)
    done = await visitor.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "You are signed out of all accounts in this browser." in done.text
    [cookie] = set_cookies(answer.headers.get_list("set-cookie")).values()
    assert (cookie["value"], cookie["max-age"]) == ("", "0")
    assert await visitor.who() == ""
    assert (await visitor.get("/")).headers["location"] == "/signin"
    assert await trails(api, people) == [1, 1, 1]


@pytest.mark.parametrize("path", [SWITCH, SIGN_OUT])
@pytest.mark.parametrize("account", ["", "x", "0" * 32, "all ", None])
async def test_an_account_that_is_not_here_changes_nothing(
    api: Api, visitor: Visitor, people: list[Person], path: str, account: str | None
) -> None:
    fields = await visitor.hidden("/")
    if account is None:  # of somebody who is signed in elsewhere
        elsewhere = Visitor(visitor.app)
        for each in (await api.person(), await api.person()):
            await elsewhere.sign_in(each.email)
        buttons = Page((await elsewhere.get("/")).text).all("button")
        account = str(buttons[0]["value"])

    answer = await visitor.post(path, fields | {"account": account})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers
    assert await visitor.who() == people[0].email
    assert await trails(api, people) == [0, 0, 0]


@pytest.mark.parametrize("path", [SWITCH, SIGN_OUT])
async def test_t064_a_button_of_before_does_nothing(
    api: Api, visitor: Visitor, people: list[Person], path: str
) -> None:
    old = Page((await visitor.get("/")).text)
    fields = {
        "csrf": str(old.inputs["csrf"]["value"]),
        "account": str(old.all("button")[0]["value"]),
    }
    await press(visitor, SWITCH, people[2])  # in another tab

    late = await visitor.post(path, fields)
    forged = await visitor.post(path, fields | {"csrf": ""})

    for answer in (late, forged):
        assert answer.status_code == 403
        assert "so nothing was changed" in answer.text
        assert f"<strong>{people[2].email}</strong>" in answer.text
        assert Page(answer.text).all("button")  # to go on with
    assert await visitor.who() == people[2].email
    assert await trails(api, people) == [0, 0, 0]


async def test_t121_where_nobody_is_in_use_one_is_chosen_first(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    ada, eve, bob = people
    await api.delete("/users/me/sessions", ada)  # all but the program's own

    home = await visitor.get("/")
    fields = await visitor.hidden("/")
    buttons = Page(home.text).all("button")
    ended = await visitor.post(SIGN_OUT, fields | {"account": buttons[0]["value"]})

    assert home.status_code == 200 and ada.email not in home.text
    assert "Choose an account to continue" in home.text
    assert "/applications" not in home.text
    assert await listed(visitor) == [eve.email, bob.email]
    assert all("Sign out of " not in str(b.get("aria-label")) for b in buttons)
    assert ended.headers["location"] == "/" and "set-cookie" not in ended.headers
    await press(visitor, SWITCH, bob)
    assert await visitor.who() == bob.email


async def test_t121_all_are_signed_out_where_nobody_is_in_use(
    api: Api, visitor: Visitor, people: list[Person]
) -> None:
    await api.delete("/users/me/sessions", people[0])

    await press(visitor, SIGN_OUT, None)

    assert (await visitor.get("/")).headers["location"] == "/signin"
    assert await trails(api, people[1:]) == [1, 1]


async def test_a_link_neither_switches_nor_signs_out(
    visitor: Visitor, people: list[Person]
) -> None:
    fields = await visitor.hidden("/")
    [value, *_] = Page((await visitor.get("/")).text).all("button")
    query = f"?csrf={fields['csrf']}&account={value['value']}"

    switched = await visitor.get(f"{SWITCH}{query}")
    await visitor.get(f"{SIGN_OUT}{query}")

    assert switched.status_code == 405
    assert await visitor.who() == people[0].email
    assert len(await listed(visitor)) == 2


async def test_applications_of_each_account_hear_of_it_in_frames(
    api: Api, runtime: Runtime, browser: Visit
) -> None:
    """OIDC Front-Channel Logout §2: one frame for each session that ended."""
    uri = "https://app.example.com/frame"
    shop = await trusted(ApplicationFactory(runtime), frontchannel_logout_uri=uri)
    sids = []
    for person in (await api.person(), await api.person()):
        await browser.ask(shop, prompt="login")
        answer = await browser.sign_in(person.email)
        sids.append((await id_token(api, shop, answer))["sid"])

    await browser.get("/")
    one = await browser.post(SIGN_OUT, {"account": _other(browser)})
    await browser.get("/signin")
    await browser.sign_in((await api.person()).email)
    await browser.get("/")
    rest = await browser.post(SIGN_OUT, {"account": "all"})

    assert _sids(one) == sids[:1] and _sids(rest) == sids[1:]
    refresh = [tag for tag in Page(one.text).all("meta") if "http-equiv" in tag]
    assert [tag["content"] for tag in refresh] == ["3;url=/"]  # to who stays
    assert "You are signed out" in rest.text
    assert all("http-equiv" not in tag for tag in Page(rest.text).all("meta"))
    assert (await browser.client.get("/")).headers["location"] == "/signin"


def _other(browser: Visit) -> str | None:
    return Page(browser.page.text).all("button")[0]["value"]


def _sids(answer: Response) -> list[str]:
    assert answer.status_code == 200
    frames = [tag["src"] or "" for tag in Page(answer.text).all("iframe")]
    return [parse_qs(urlsplit(each).query)["sid"][0] for each in frames]
