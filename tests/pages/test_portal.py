"""``/account``: what people do with their own accounts, without any script."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.services.server.runtime import Runtime
from app.services.sign_in.remembered_device import RememberedDeviceService
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

SECTIONS = ("profile", "email", "factors", "password", "sessions", "data", "delete")
PATHS = tuple(f"/account/{each}" for each in SECTIONS)
SHOWN = ("/account", "/account/security", "/account/activity", "/applications")
FRESH = ("/account/factors", "/account/email", "/account/password", "/account/delete")
NEW = "another horse entirely"


@pytest.fixture
async def person(api: Api, visitor: Visitor) -> Person:
    """Somebody who signed in at the visitor's browser just now."""
    person = await api.person(name="Ada")
    assert (await visitor.sign_in(person.email)).status_code == 303
    return person


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_sees_it_without_signing_in_and_comes_back_after(
    api: Api, visitor: Visitor, path: str
) -> None:
    person = await api.person()

    asked = await visitor.get(path)
    sent = await visitor.post(path, {"csrf": "x"})
    entered = await visitor.submit(
        asked.headers["location"], {"email": person.email, "password": PASSWORD}
    )

    assert [asked.status_code, sent.status_code] == [303, 303]
    assert asked.headers["location"].startswith("/signin")
    assert entered.headers["location"] == path


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_whole_and_leads_to_the_others(
    visitor: Visitor, person: Person, path: str
) -> None:
    answer = await visitor.get(path)

    page = Page(answer.text)
    links = {each["href"] for each in page.all("a")}
    labels = {each["for"] for each in page.all("label")}
    assert answer.status_code == 200
    assert {"/account", "/account/sessions", "/applications"} <= links
    assert "Sign out</a>" in answer.text
    shown = {name for name, tag in page.inputs.items() if tag["type"] != "hidden"}
    shown |= {str(each["name"]) for each in page.all("select")}
    assert shown == labels
    assert page.inputs["csrf"]["value"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_form_of_elsewhere_changes_nothing(
    visitor: Visitor, person: Person, path: str
) -> None:
    fields = {"name": "Eve", "email": "eve@example.com", "session": "others"}

    answer = await visitor.post(path, fields | {"csrf": "x"})

    assert answer.status_code == 403
    assert await visitor.who() == person.email


@pytest.mark.parametrize("path", FRESH)
async def test_t103_what_protects_the_account_asks_for_a_sign_in_of_just_now(
    visitor: Visitor, person: Person, clock: FakeClock, path: str
) -> None:
    form = await visitor.hidden(path)
    clock.advance(seconds=601)

    shown = await visitor.get(path)
    sent = await visitor.post(path, form)
    page = await visitor.get(shown.headers["location"])
    entered = await visitor.submit(
        shown.headers["location"], {"email": person.email, "password": PASSWORD}
    )

    for each in (shown, sent):
        assert each.headers["location"] == f"/signin?to={path.rpartition('/')[2]}"
    assert person.email in page.text
    assert entered.headers["location"] == path
    assert (await visitor.get(path)).status_code == 200


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "admin", ""])
async def test_where_a_sign_in_leads_is_no_address(
    api: Api, visitor: Visitor, to: str
) -> None:
    person = await api.person()
    path = f"/signin?to={to}"

    entered = await visitor.submit(
        path, {"email": person.email, "password": PASSWORD, "to": to}
    )

    assert entered.headers["location"] == "/"


async def test_the_second_step_leads_there_too(
    api: Api, visitor: Visitor, runtime: Runtime
) -> None:
    person = await api.person()
    phone = await FactorFactory(runtime).totp(person.id)
    fields = {"email": person.email, "password": PASSWORD}

    first = await visitor.submit("/signin?to=email", fields)
    entered = await visitor.submit(first.headers["location"], {"code": phone.code})

    assert first.headers["location"] == "/signin/verify?to=email"
    assert entered.headers["location"] == "/account/email"


async def test_who_is_remembered_proves_the_second_factor_before_a_change(
    api: Api, visitor: Visitor, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    phone = await FactorFactory(runtime).totp(person.id)
    await visitor.sign_in(person.email)
    await visitor.submit("/signin/verify", {"code": phone.code, "remember": "on"})
    await visitor.submit("/signout")
    clock.advance(seconds=30)
    await visitor.sign_in(person.email)

    profile = await visitor.get("/account")
    asked = await visitor.get("/account/password")
    entered = await visitor.submit(asked.headers["location"], {"code": phone.code})

    assert profile.status_code == 200
    assert asked.headers["location"] == "/signin/verify?to=password"
    assert entered.headers["location"] == "/account/password"
    assert (await visitor.get("/account/password")).status_code == 200


async def test_the_profile_is_changed_and_emptied(
    api: Api, visitor: Visitor, person: Person
) -> None:
    saved = await visitor.submit(
        "/account/profile",
        {"name": "", "given_name": "Ada", "zoneinfo": "Europe/Lisbon"},
    )
    page = Page((await visitor.get(saved.headers["location"])).text)

    user = (await api.get("/users/me", person)).json()
    assert (user["name"], user["given_name"]) == (None, "Ada")
    assert page.inputs["zoneinfo"]["value"] == "Europe/Lisbon"


async def test_a_mistake_in_the_profile_is_said_beside_its_field(
    visitor: Visitor, person: Person
) -> None:
    answer = await visitor.submit("/account/profile", {"zoneinfo": "Mars/Olympus"})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.inputs["zoneinfo"]["aria-invalid"] == "true"
    assert page.inputs["zoneinfo"]["value"] == "Mars/Olympus"


async def test_the_address_is_changed_with_the_code_from_the_new_one(
    api: Api, visitor: Visitor, person: Person
) -> None:
    before = (await visitor.get("/account/email")).text
    await visitor.submit("/account/email", {"email": "new@example.com"})
    waiting = (await visitor.get("/account/email")).text
    mail = await api.mailed("change_email")
    changed = await visitor.submit("/account/email", {"code": mail.code})

    assert changed.headers["location"] == "/account/email?done=changed"
    assert f"<p><bdi>{person.email}</bdi></p>" in before
    assert 'name="code"' not in before and 'name="code"' in waiting
    assert "Check the email that we sent to new@example.com." in waiting
    after = (await visitor.get("/account/email?done=changed")).text
    assert 'name="code"' not in after and "Check the email" not in after
    assert await visitor.who() == "new@example.com"
    told = [mail["to"] for mail in await api.mails()]
    assert person.email in told


async def test_the_password_is_changed_and_other_sessions_end(
    api: Api, visitor: Visitor, person: Person
) -> None:
    wrong = await visitor.submit(
        "/account/password", {"current_password": "no", "password": NEW}
    )
    weak = await visitor.submit(
        "/account/password", {"current_password": PASSWORD, "password": "password"}
    )
    changed = await visitor.submit(
        "/account/password", {"current_password": PASSWORD, "password": NEW}
    )

    assert [wrong.status_code, weak.status_code] == [403, 422]
    assert "aria-invalid" in Page(weak.text).inputs["password"]
    assert changed.status_code == 303
    assert await visitor.who() == person.email
    assert (await api.get("/users/me", person)).status_code == 401
    assert (await api.login(person.email, NEW)).status_code == 200


async def test_sessions_are_ended_one_by_one_and_all_others(
    api: Api, visitor: Visitor, person: Person
) -> None:
    other = await api.signed_in(person)
    page = Page((await visitor.get("/account/sessions")).text)
    buttons = [b["value"] for b in page.all("button") if b.get("name") == "session"]

    one = await visitor.submit("/account/sessions", {"session": buttons[0]})
    left = [(await api.get("/users/me", each)).status_code for each in (other, person)]
    await visitor.submit("/account/sessions", {"session": "others"})

    assert len(buttons) == 3  # two programs, and all others
    assert one.status_code == 303
    assert sorted(left) == [200, 401]
    assert (await api.get("/users/me", person)).status_code == 401
    assert await visitor.who() == person.email


@pytest.mark.parametrize("value", ["", "x", "0" * 32, "' OR 1=1"])
async def test_a_button_that_we_did_not_make_ends_nothing(
    api: Api, visitor: Visitor, person: Person, value: str
) -> None:
    answer = await visitor.submit("/account/sessions", {"session": value})

    assert answer.status_code in (200, 303)
    assert (await api.get("/users/me", person)).status_code == 200


async def test_a_remembered_browser_is_forgotten(
    visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    service = RememberedDeviceService(runtime)
    [device] = await service.remember(person.id, person.session_id, ())

    page = await visitor.get("/account/sessions")
    await visitor.submit("/account/sessions", {"device": device.hex})
    after = await visitor.get("/account/sessions")

    assert device.hex in page.text and device.hex not in after.text


async def test_a_copy_of_everything_is_a_file(visitor: Visitor, person: Person) -> None:
    answer = await visitor.submit("/account/data")

    copy: dict[str, Any] = answer.json()
    assert answer.headers["content-disposition"] == 'attachment; filename="me.json"'
    assert copy["user"]["email"] == person.email
    assert copy["sessions"] and "password_hash" not in answer.text
    assert "\n  {\n" in answer.text  # people open it: not all in one line


async def test_an_account_is_deleted_and_the_other_of_the_browser_stays(
    api: Api, app: FastAPI, visitor: Visitor, person: Person
) -> None:
    other = await api.person()
    await visitor.sign_in(other.email)

    gone = await visitor.submit("/account/delete", {"typed": f" {other.email.upper()}"})
    done = await visitor.get(gone.headers["location"])

    assert "Account deleted" in done.text
    assert (await api.login(other.email)).status_code == 401
    assert await visitor.who() == person.email


@pytest.mark.parametrize("typed", ["", "yes", "somebody@else.example"])
async def test_an_account_stays_where_its_address_is_not_typed(
    visitor: Visitor, person: Person, typed: str
) -> None:
    answer = await visitor.submit("/account/delete", {"typed": typed})

    assert answer.status_code == 422
    assert Page(answer.text).inputs["typed"]["aria-invalid"] == "true"
    assert await visitor.who() == person.email


@pytest.mark.parametrize(
    ("path", "fields", "label"),
    [
        ("/account/password", {"password": "x"}, "Aktuelles Passwort:"),
        ("/account/email", {"email": "nobody"}, "Neue E-Mail-Adresse:"),
    ],
)
async def test_a_field_at_fault_is_named_in_the_language_of_the_page(
    visitor: Visitor, person: Person, path: str, fields: dict[str, str], label: str
) -> None:
    answer = await visitor.submit(path, fields, Accept_Language="de")

    assert answer.status_code == 422
    assert label in answer.text


async def test_what_was_mistyped_is_said_in_the_language_of_the_page(
    visitor: Visitor, person: Person
) -> None:
    fields = {"typed": "somebody@else.example"}

    answer = await visitor.submit("/account/delete", fields, Accept_Language="de")

    assert "Das ist nicht die E-Mail-Adresse dieses Kontos." in answer.text


@pytest.mark.parametrize("path", SHOWN)
async def test_a_page_to_look_at_leads_to_signing_in_and_back(
    api: Api, visitor: Visitor, path: str
) -> None:
    person = await api.person()

    asked = await visitor.get(path)
    entered = await visitor.submit(
        asked.headers["location"], {"email": person.email, "password": PASSWORD}
    )

    assert asked.status_code == 303
    assert entered.headers["location"] == path
    assert (await visitor.get(path)).status_code == 200


async def test_the_last_administrator_is_told_why_the_account_stays(
    api: Api, visitor: Visitor
) -> None:
    admin = await api.admin()
    await visitor.sign_in(admin.email)

    answer = await visitor.submit("/account/delete", {"typed": admin.email})

    assert answer.status_code == 409
    assert "last active administrator" in answer.text
