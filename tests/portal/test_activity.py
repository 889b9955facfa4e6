"""What happened to an account, as its owner reads it at ``/account/activity``."""

from datetime import timedelta

import pytest

from app.events import EVENTS
from app.pages.portal.told import NAMES
from app.services.server.runtime import Runtime
from tests.accounts.test_export import store
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.authorization import Visit
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

PATH = "/account/activity"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def lines(visitor: Visitor, path: str = PATH) -> list[str]:
    """Return the lines of the page, as text with tags."""
    page = (await visitor.get(path)).text.partition("<main")[2]
    return [each.partition("</li>")[0] for each in page.split("<li>")[1:]]


def test_words_are_of_events_that_there_are() -> None:
    assert set(NAMES) <= {event.name for event in EVENTS}


async def test_it_says_in_words_what_was_done_and_where(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    visitor.http.headers["User-Agent"] = FIREFOX
    await visitor.sign_in(person.email)
    await visitor.submit("/account/profile", {"name": "Ada"})
    await api.login(person.email, "wrong")

    failed, changed, here, elsewhere = await lines(visitor)

    assert "Somebody tried to sign in and failed" in failed
    assert "Profile changed" in changed and "Firefox on Linux" in changed
    assert "Signed in with your password" in here and "This device" in here
    assert "This device" not in elsewhere
    assert "Network 192.0.2.0/24" in here


async def test_browsers_and_networks_are_named_in_the_language(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person()
    visitor.http.headers |= {"User-Agent": FIREFOX, "Accept-Language": "fr"}
    await visitor.sign_in(person.email)

    here, *_ = await lines(visitor)
    sessions = (await visitor.get("/account/sessions")).text

    assert "Firefox sur Linux" in here and "Réseau 192.0.2.0/24" in here
    assert "Firefox sur Linux" in sessions and "Firefox on" not in sessions


async def test_applications_are_called_by_their_names(
    api: Api, browser: Visit, visitor: Visitor, applications: ApplicationFactory
) -> None:
    person = await api.person()
    shop = await applications(client_name="Shop <b>")
    await browser.arrive(person.email)
    await browser.ask(shop)
    await browser.decide("allow")
    await visitor.sign_in(person.email)
    await visitor.submit("/applications", {"client_id": shop.client_id})

    page = (await visitor.get(PATH)).text

    for sentence in (
        "Access of Shop &lt;b&gt; revoked",
        "Signed in to Shop &lt;b&gt;",
        "Shop &lt;b&gt; was given access",
    ):
        assert sentence in page
    assert "Shop <b>" not in page


async def test_what_administrators_alone_may_know_is_not_shown(
    api: Api, visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    """Who did it, from where, and what happened to others."""
    admin, other = await api.admin(), await api.person()
    told = {"name": "user.roles_changed", "data": {"added": ["spies"]}}
    await store(runtime, 1, user_id=person.id, actor_id=admin.id, **told)
    await store(runtime, 1, user_id=other.id, actor_id=person.id, **told)
    await store(runtime, 1, user_id=person.id, name="password.rehashed")

    page = (await visitor.get(PATH)).text

    assert page.count("Roles changed") == 1 and "By an administrator" in page
    for secret in (str(admin.id), str(other.id), "203.0.113", "spies", "stranger"):
        assert secret not in page
    assert "rehashed" not in page


async def test_older_than_90_days_is_not_told(
    visitor: Visitor, person: Person, clock: FakeClock, runtime: Runtime
) -> None:
    now = clock.now()
    for days in (89, 91):
        at = now - timedelta(days=days)
        await store(
            runtime, 1, user_id=person.id, name="password.changed", created_at=at
        )

    assert "\n".join(await lines(visitor)).count("Password changed") == 1


async def test_a_long_list_comes_in_pages(
    visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    await store(runtime, 60, user_id=person.id, name="user.updated")

    first = await visitor.get(PATH)
    more = first.text.partition(f'href="{PATH}?after=')[2].partition('"')[0]
    rest = await lines(visitor, f"{PATH}?after={more}")

    assert len(await lines(visitor)) == 50
    assert 'rel="next"' in first.text
    together = [each for each in rest if "Profile changed" in each]
    assert len(together) + first.text.count("Profile changed") == 60
    assert 'rel="next"' not in (await visitor.get(f"{PATH}?after={more}")).text


async def test_one_account_is_told_nothing_of_the_other(
    api: Api, visitor: Visitor, person: Person
) -> None:
    other = await api.person()
    await visitor.sign_in(other.email)
    await visitor.submit("/account/profile", {"name": "Eve"})
    await visitor.submit(
        "/account/password", {"current_password": "no", "password": PASSWORD}
    )

    found = "\n".join(await lines(visitor))

    assert "Profile changed" in found and "Wrong password at a change" in found
    await visitor.submit("/signout")
    await visitor.sign_in(person.email)
    mine = "\n".join(await lines(visitor))
    assert "Profile changed" not in mine and "Wrong password" not in mine


@pytest.mark.parametrize("after", ["x", "0" * 31])
async def test_an_address_that_we_did_not_make_is_refused(
    visitor: Visitor, person: Person, after: str
) -> None:
    assert (await visitor.get(f"{PATH}?after={after}")).status_code == 422
