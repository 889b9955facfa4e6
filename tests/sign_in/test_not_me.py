"""Saying "this wasn't me": what a link of a mail does, and what it does not."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.models import User
from app.services.server.runtime import Runtime
from tests.accounts.test_factors import begin, confirm, listed, second_step, with_app
from tests.factories.factor import FactorFactory
from tests.factories.oauth import ApplicationFactory
from tests.provider.test_consent import agree
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

STOLEN = "an attacker's own passphrase"
AGAIN = "chosen by the owner again"


async def say(api: Api, token: str) -> Response:
    """Say that it was somebody else."""
    return await api.post("/auth/not-me", {"token": token})


async def changed_password(api: Api, person: Person, new: str = STOLEN) -> str:
    """Change the password as whoever is in; return the link of the mail."""
    body = {"current_password": PASSWORD, "new_password": new}
    answer = await api.post("/auth/change-password", body, person)
    assert answer.status_code == 204, answer.text
    return await api.not_me("password_changed")


async def moved(api: Api, person: Person, email: str) -> str:
    """Move an account as whoever is in; return the link that the old address got."""
    await api.post("/users/me/email", {"email": email}, person)
    body = {"token": (await api.mailed("change_email")).token}
    assert (await api.post("/users/me/email/confirm", body, person)).status_code == 204
    return await api.not_me("email_changed")


async def reset(api: Api, new: str = AGAIN) -> None:
    """Choose a password with the latest mail."""
    body = {"token": (await api.mailed("reset_password")).token, "new_password": new}
    answer = await api.post("/auth/reset-password", body)
    assert answer.status_code == 204, answer.text


async def account_of(api: Api, person: Person) -> User:
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_id(person.id)
    assert user is not None
    return user


async def test_the_link_ends_everything_and_only_a_mailed_link_lets_in(
    api: Api,
) -> None:
    person = await api.person()
    link = await changed_password(api, person)

    answer = await say(api, link)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await api.get("/users/me", person)).status_code == 401
    body = {"refresh_token": person.tokens["refresh_token"]}
    assert (await api.post("/auth/refresh", body)).status_code == 401
    refused = await api.login(person.email, STOLEN)
    assert refused.json()["code"] == "password_reset_required"
    await reset(api)
    assert (await api.login(person.email, STOLEN)).status_code == 401
    assert (await api.login(person.email, AGAIN)).status_code == 200
    trail = await api.trail(person.id)
    assert "sign_in.not_me" in trail and "password.reset_demanded" in trail
    [notice] = await api.mails("not_me")
    assert notice["to"] == person.email and notice["not_me_id"] is None


async def test_factors_are_frozen_for_the_stated_time(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    await say(api, await changed_password(api, person))
    await reset(api)
    again = await api.signed_in(person, AGAIN)

    refused = await api.post("/users/me/totp", None, again)
    clock.advance(seconds=api.runtime.settings.mfa.freeze_ttl)
    later = await api.signed_in(person, AGAIN)
    allowed = await api.post("/users/me/totp", None, later)

    assert (refused.status_code, refused.json()["code"]) == (403, "factors_frozen")
    assert allowed.status_code == 200


async def test_a_factor_that_was_added_since_is_gone(
    api: Api, clock: FakeClock
) -> None:
    person, _ = await with_app(api, clock)
    link = await api.not_me("factor_added")

    await say(api, link)
    await reset(api)

    # Neither the app nor a second step is left: as it was before the mail.
    signed_in = await api.signed_in(person, AGAIN)
    assert (await listed(api, signed_in))["totp"] is None


async def test_a_factor_of_before_stays_and_is_asked_for(
    api: Api, clock: FakeClock
) -> None:
    person, app = await with_app(api, clock)
    begun = await second_step(api, person, "totp", app.code())
    inside = Person(person.id, person.email, begun.json())
    clock.advance(seconds=60)
    await api.post("/users/me/recovery-codes", None, inside)

    await say(api, await api.not_me("recovery_codes_made"))
    await reset(api)

    answer = await api.login(person.email, AGAIN)
    assert answer.json()["factors"] == ["totp"]  # and no code of the attacker's


async def test_what_was_agreed_to_since_is_asked_again(
    api: Api, clock: FakeClock, applications: ApplicationFactory
) -> None:
    person = await api.person()
    before, since = await applications(), await applications()
    await agree(api.runtime, person, before, "openid")
    clock.advance(seconds=1)
    link = await changed_password(api, person)
    await agree(api.runtime, person, since, "openid")

    await say(api, link)

    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert await uow.oauth_consents.of(person.id, before.client_id) is not None
        assert await uow.oauth_consents.of(person.id, since.client_id) is None


async def test_an_address_that_was_taken_comes_back(api: Api) -> None:
    person = await api.person()
    link = await moved(api, person, "evil@example.com")

    answer = await say(api, link)

    assert answer.status_code == 204
    assert (await account_of(api, person)).email == person.email
    assert (await api.mailed("reset_password")).to == person.email
    # Both are told; only the old address had the link.
    told = {m["to"]: m["not_me_id"] for m in await api.mails("email_changed")}
    assert told["evil@example.com"] is None
    await reset(api)
    assert (await api.login(person.email, AGAIN)).status_code == 200
    assert (await api.login("evil@example.com", PASSWORD)).status_code == 401


async def test_an_earlier_mail_to_the_old_address_brings_it_back_too(api: Api) -> None:
    person = await api.person()
    link = await changed_password(api, person)
    await moved(api, person, "evil@example.com")

    await say(api, link)

    assert (await account_of(api, person)).email == person.email
    assert (await api.mailed("reset_password")).to == person.email


async def test_links_that_went_to_the_new_address_end(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    first = await moved(api, person, "evil@example.com")
    clock.advance(seconds=1)
    second = await moved(api, person, "evil2@example.com")

    assert (await say(api, first)).status_code == 204
    refused = await say(api, second)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_token")
    assert (await account_of(api, person)).email == person.email


async def test_who_took_an_address_cannot_be_first(api: Api, clock: FakeClock) -> None:
    person = await api.person()
    first = await moved(api, person, "evil@example.com")
    clock.advance(seconds=1)
    second = await moved(api, person, "evil2@example.com")

    assert (await say(api, second)).status_code == 204  # the thief's own click
    assert (await say(api, first)).status_code == 204

    assert (await account_of(api, person)).email == person.email
    assert (await api.mailed("reset_password")).to == person.email


async def test_the_old_address_takes_nothing_back_after_the_stated_time(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    link = await moved(api, person, "mine@example.com")
    clock.advance(seconds=api.runtime.settings.one_time.not_me_ttl)

    refused = await say(api, link)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_token")
    assert (await account_of(api, person)).email == "mine@example.com"


async def test_a_second_factor_of_before_keeps_the_reader_of_an_old_address_out(
    api: Api, clock: FakeClock
) -> None:
    person, app = await with_app(api, clock)
    begun = await second_step(api, person, "totp", app.code())
    inside = Person(person.id, person.email, begun.json())
    clock.advance(seconds=60)
    link = await moved(api, inside, "mine@example.com")

    await say(api, link)
    await reset(api)

    answer = await api.login(person.email, AGAIN)
    assert (answer.status_code, answer.json()["code"]) == (401, "mfa_required")


async def test_an_account_that_nobody_proved_does_not_keep_an_address(
    api: Api,
) -> None:
    person = await api.person()
    link = await moved(api, person, "evil@example.com")
    body = {"email": person.email, "password": "a squatter's passphrase"}
    assert (await api.post("/auth/register", body)).status_code in (201, 202)

    await say(api, link)

    assert (await account_of(api, person)).email == person.email


async def test_an_address_that_was_never_confirmed_gets_no_link(api: Api) -> None:
    person = await api.person(email_verified=False)

    await api.post(
        "/auth/change-password",
        {"current_password": PASSWORD, "new_password": STOLEN},
        person,
    )

    [mail] = await api.mails("password_changed")
    assert mail["not_me_id"] is None


@pytest.mark.parametrize("what", ["disabled", "deleted", "expired", "forged", "used"])
async def test_links_that_do_not_work_answer_alike(
    api: Api, clock: FakeClock, what: str
) -> None:
    person, admin = await api.person(), await api.admin()
    link = await changed_password(api, person)
    if what == "disabled":
        await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    elif what == "deleted":
        await api.delete(f"/users/{person.id}", admin)
    elif what == "expired":
        clock.advance(seconds=api.runtime.settings.one_time.not_me_ttl)
    elif what == "forged":
        link = link[:-4] + ("AAAA" if link[-4:] != "AAAA" else "BBBB")
    else:
        await say(api, link)
    before = await api.mails()

    answer = await say(api, link)

    told: dict[str, Any] = answer.json()
    assert answer.status_code == 400
    assert told["code"] == "invalid_token"
    assert told["title"] == "This link is not valid any more; ask for a new one"
    assert await api.mails() == before


async def test_an_administrators_change_ends_the_links(api: Api) -> None:
    person, admin = await api.person(), await api.admin()
    link = await changed_password(api, person)
    body = {"email": "given@example.com", "email_verified": True}
    answer = await api.patch(f"/users/{person.id}", body, admin)
    assert answer.status_code == 200, answer.text

    assert (await say(api, link)).status_code == 400
    assert (await account_of(api, person)).email == "given@example.com"


async def test_an_administrator_still_takes_factors_away(api: Api) -> None:
    person, admin = await api.person(), await api.admin()
    link = await changed_password(api, person)
    await FactorFactory(api.runtime).totp(person.id)
    async with api.runtime.unit_of_work() as uow:
        row = await uow.totps.of(person.id)
        assert row is not None
        row.created_at -= timedelta(days=1)  # set up before
    await say(api, link)

    answer = await api.delete(f"/users/{person.id}/factors/totp", admin)

    assert answer.status_code == 204


async def test_opening_the_page_changes_nothing_and_the_button_does(
    api: Api, app: FastAPI, runtime: Runtime
) -> None:
    person = await api.person()
    link = await changed_password(api, person)
    scanner, owner = Visitor(app), Visitor(app)
    before = await api.trail(person.id)

    opened = [await scanner.get(f"/not-me?token={link}") for _ in range(3)]
    head = await scanner.http.head(f"/not-me?token={link}")
    unchanged = await api.trail(person.id)
    alive = await api.get("/users/me", person)
    done = await owner.submit(f"/not-me?token={link}", {})
    twice = await owner.get(f"/not-me?token={link}")

    assert [each.status_code for each in opened] == [200] * 3
    assert head.status_code in (200, 405)
    assert unchanged == before and alive.status_code == 200
    assert (done.status_code, done.headers["location"]) == (303, "/done/not-me")
    assert "Your account is secured" in (await owner.get("/done/not-me")).text
    assert (twice.status_code, "secured already" in twice.text) == (200, True)
    assert (await api.get("/users/me", person)).status_code == 401


async def test_the_page_of_a_link_that_does_not_work_says_no_more(
    api: Api, app: FastAPI
) -> None:
    person, admin = await api.person(), await api.admin()
    link = await changed_password(api, person)
    await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    visitor = Visitor(app)

    pages = [
        await visitor.get(f"/not-me?token={token}")
        for token in (link, "as_ot_nonsense")
    ]
    bare = await visitor.get("/not-me")

    assert all("This link does not work" in page.text for page in pages)
    assert "Open the link from the email" in bare.text


async def test_an_app_that_is_being_set_up_is_not_confirmed_any_more(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    app = await begin(api, person, clock)
    link = await changed_password(api, person)

    await say(api, link)

    assert (await confirm(api, person, app.code())).status_code == 401
