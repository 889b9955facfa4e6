"""Which of several accounts at a browser an application gets without asking again."""

import pytest
from fastapi import FastAPI
from httpx2 import Response

from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Api, Person
from tests.support.authorization import Visit, at, id_token, told, trusted, visit
from tests.support.chance import FakeClock
from tests.support.page import Page

CHOICE = "/select-account"


@pytest.fixture
async def people(api: Api, browser: Visit, clock: FakeClock) -> list[Person]:
    """Two people of one browser; the second one is in use there."""
    both = [await api.person(), await api.person()]
    for person in both:
        await browser.arrive(person.email)
    clock.advance(seconds=1)
    return both


async def take(browser: Visit, person: Person) -> Response:
    """Press the button of an account at the page that is open."""
    assert at(browser.page) == CHOICE
    texts = browser.page.text.split("<button")[1:]
    [place] = [n for n, text in enumerate(texts) if person.email in text]
    session = Page(browser.page.text).all("button")[place]["value"]
    return await browser.post(CHOICE, {"account": session})


async def choose(browser: Visit, app: Application, person: Person) -> None:
    """Be asked with which account to go on, and say it."""
    await browser.ask(app)
    told(await take(browser, person))


async def who(api: Api, browser: Visit, app: Application, **asked: str) -> str:
    """Ask for an application; return whom it is told of."""
    return str((await id_token(api, app, await browser.ask(app, **asked)))["sub"])


async def test_what_was_chosen_for_an_application_is_not_asked_again(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    """OIDC Core §3.1.2.1: only select_account asks whoever chose before."""
    shop, board = await trusted(applications), await trusted(applications)
    one, two = people
    await choose(browser, shop, one)
    await choose(browser, board, two)

    assert await who(api, browser, shop) == str(one.id)
    assert await who(api, browser, board) == str(two.id)
    assert await who(api, browser, shop, prompt="none") == str(one.id)
    assert at(await browser.ask(shop, prompt="select_account")) == CHOICE
    told(await take(browser, two))
    assert await who(api, browser, shop) == str(two.id)
    assert await who(api, browser, board) == str(two.id)


async def test_the_choice_outlives_the_steps_that_follow(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    shop = await applications(scope="openid email")
    await browser.ask(shop)
    await take(browser, people[0])
    told(await browser.decide("allow"))

    page = await browser.ask(shop, scope="openid email")  # more than was agreed to

    assert at(page) == "/consent" and people[0].email in page.text
    claims = await id_token(api, shop, await browser.decide("allow"))
    assert claims["sub"] == str(people[0].id)


async def test_a_fresh_sign_in_asks_for_the_account_that_was_chosen(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    shop, board = await trusted(applications), await trusted(applications)
    await choose(browser, shop, people[0])
    await choose(browser, board, people[1])

    page = await browser.ask(shop, prompt="login")

    assert at(page) == "/signin"
    assert Page(page.text).inputs["email"]["value"] == people[0].email
    claims = await id_token(api, shop, await browser.sign_in(people[1].email))
    assert claims["sub"] == str(people[1].id)


async def test_whom_an_application_names_counts_more(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    shop = await trusted(applications)
    one, two = people
    await choose(browser, shop, one)
    named = f'{{"id_token": {{"sub": {{"value": "{two.id}"}}}}}}'

    assert await who(api, browser, shop, claims=named) == str(two.id)


async def test_a_hint_at_somebody_is_not_answered_from_memory(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    """OIDC Core §3.1.2.1: login_hint is whom the application expects.

    Whoever is meant the answer is the same, so an application that guesses learns
    neither who else is signed in here nor what the address of its person is.
    """
    shop, stranger = await trusted(applications), await api.person()
    one, two = people
    await choose(browser, shop, one)

    for hint in (two.email, one.email, stranger.email, "+49 30 123456"):
        silent = told(await browser.ask(shop, prompt="none", login_hint=hint))
        assert silent["error"] == "account_selection_required"
        assert at(await browser.ask(shop, login_hint=hint)) == CHOICE

    told(await take(browser, two))
    assert await who(api, browser, shop) == str(two.id)


async def test_another_account_that_comes_is_another_choice(
    api: Api,
    browser: Visit,
    applications: ApplicationFactory,
    people: list[Person],
    clock: FakeClock,
) -> None:
    shop = await trusted(applications)
    await choose(browser, shop, people[0])
    clock.advance(seconds=1)
    await browser.arrive((await api.person()).email)

    silent = told(await browser.ask(shop, prompt="none"))

    assert silent["error"] == "account_selection_required"
    assert at(await browser.ask(shop)) == CHOICE


async def test_another_account_in_use_is_no_choice_for_applications(
    api: Api, browser: Visit, applications: ApplicationFactory, people: list[Person]
) -> None:
    shop, board = await trusted(applications), await trusted(applications)
    one, two = people
    await choose(browser, shop, two)
    await browser.get("/")
    [session] = {b["value"] for b in Page(browser.page.text).all("button")} - {"all"}

    await browser.post("/switch-account", {"account": session})

    home = await browser.get("/")
    assert f"<strong>{one.email}</strong>" in home.text
    assert await who(api, browser, shop) == str(two.id)
    assert at(await browser.ask(board)) == CHOICE


async def test_t028_a_choice_stays_in_its_browser_and_ends_with_its_session(
    api: Api,
    app: FastAPI,
    browser: Visit,
    applications: ApplicationFactory,
    people: list[Person],
    clock: FakeClock,
) -> None:
    shop, third = await trusted(applications), await api.person()
    await choose(browser, shop, people[0])
    elsewhere = visit(api.runtime, app)
    for person in people:
        await elsewhere.arrive(person.email)
    await browser.arrive(third.email)
    clock.advance(seconds=1)
    await choose(browser, shop, people[0])

    await choose(elsewhere, shop, people[1])
    assert await who(api, browser, shop) == str(people[0].id)
    await browser.get("/signout")  # ``people[0]`` is in use since the choice
    await browser.post("/signout", {})
    assert at(await browser.ask(shop)) == CHOICE
