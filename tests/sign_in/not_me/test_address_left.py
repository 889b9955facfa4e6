"""Links of mails to an address that the account left, and another account has."""

from tests.accounts.test_factors import begin, confirm, second_step, with_app
from tests.sign_in.test_not_me import AGAIN, moved, reset, say
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock


async def test_the_reader_of_an_address_that_was_left_can_only_stop_the_account(
    api: Api,
) -> None:
    person = await api.person()
    link = await moved(api, person, "mine@example.com")
    await api.users.with_password(PASSWORD, email=person.email)  # a stranger's, proven

    assert (await say(api, link)).status_code == 204

    assert (await api.get("/users/me", person)).status_code == 401
    told = [(m["to"], m["data"]["address_taken"]) for m in await api.mails("not_me")]
    assert told == [("mine@example.com", True)]
    assert (await api.mailed("reset_password")).to == "mine@example.com"
    await reset(api)
    assert (await api.login("mine@example.com", AGAIN)).status_code == 200
    assert (await api.login(person.email, PASSWORD)).status_code == 200  # as before


async def test_nor_can_they_stop_one_that_had_a_second_factor(
    api: Api, clock: FakeClock
) -> None:
    person, app = await with_app(api, clock)
    begun = await second_step(api, person, "totp", app.code())
    inside = Person(person.id, person.email, begun.json())
    clock.advance(seconds=60)
    link = await moved(api, inside, "mine@example.com")
    await api.users.with_password(PASSWORD, email=person.email)
    before = await api.mails()

    refused = await say(api, link)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_token")
    assert await api.mails() == before
    assert (await api.get("/users/me", inside)).status_code == 200
    assert (await api.login("mine@example.com")).json()["code"] == "mfa_required"


async def test_what_was_set_up_after_leaving_an_address_stays(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    link = await moved(api, person, "mine@example.com")
    app = await begin(api, person, clock)
    assert (await confirm(api, person, app.code())).status_code == 204
    await api.users.with_password(PASSWORD, email=person.email)

    assert (await say(api, link)).status_code == 204
    await reset(api)

    answer = await api.login("mine@example.com", AGAIN)
    assert answer.json()["factors"] == ["totp"]


async def test_the_last_administrator_is_not_locked_out_by_an_address_they_left(
    api: Api,
) -> None:
    admin = await api.admin()
    link = await moved(api, admin, "mine@example.com")
    await api.users.with_password(PASSWORD, email=admin.email)

    await say(api, link)

    await reset(api)
    again = await api.login("mine@example.com", AGAIN)
    inside = Person(admin.id, "mine@example.com", again.json())
    assert (await api.get("/users", inside)).status_code == 200
