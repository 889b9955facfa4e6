"""The audit trail in the console, and one request followed through a sign-in."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from app.core.language import ENGLISH, gettext, speaking, tags
from app.events.sign_in import Refusal
from app.models.audit_event import AuditEvent
from app.pages.console.event_texts import SAID
from app.pages.console.told import ANSWERED
from app.pages.errors import error_entries
from app.policies.permission import OPERATOR_ID
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.trail import id_of
from tests.support.api import Api, Person
from tests.support.browser import Visitor

FIREFOX = "Firefox"


async def happen(
    runtime: Runtime, name: str, request: str, user_id: UUID | None, **data: Any
) -> UUID:
    """Leave evidence of a request, from one browser at one address."""
    row = AuditEvent(
        id=id_of(runtime.clock.now()),
        name=name,
        user_id=user_id,
        actor_id=user_id,
        correlation_id=request,
        ip="192.0.2.7",
        user_agent=FIREFOX,
        data=data,
        created_at=runtime.clock.now(),
    )
    async with runtime.unit_of_work() as uow:
        uow.db.add(row)
    return row.id


async def sign_in_that_failed_twice(runtime: Runtime, person: UUID) -> None:
    """An unknown address, a wrong password, then all right and on to a shop."""
    session = "01990000-0000-7000-8000-000000000001"
    await happen(runtime, "sign_in.failed", "r-0", None, reason="unknown_account")
    await happen(runtime, "sign_in.failed", "r-1", person, reason="wrong_password")
    await happen(
        runtime, "sign_in.succeeded", "r-2", person, session_id=session, method="totp"
    )
    await happen(
        runtime,
        "oauth.authorization_granted",
        "r-3",
        person,
        client_id="shop",
        session_id=session,
        scope=["openid"],
    )


@pytest.mark.parametrize("reason", Refusal)
def test_the_answer_to_each_refused_sign_in_is_in_the_catalogue(
    reason: Refusal,
) -> None:
    assert ANSWERED[reason] in {each.code for each in error_entries()}


def test_each_event_is_told_in_each_language() -> None:
    spoken = {}
    for tag in tags():
        with speaking(tag):
            spoken[tag] = {name: gettext(SAID[name]) for name in SAID}
    english = spoken.pop(ENGLISH)

    for each in spoken.values():
        assert [name for name, text in each.items() if text == english[name]] == []


@pytest.mark.parametrize(
    ("name", "reason", "answer"),
    [
        ("sign_in.failed", "wrong_passkey", "invalid_passkey"),
        ("sign_in.failed", "changed_meanwhile", "invalid_credentials"),
        ("sign_in.failed", "too_many_attempts", "too_many_attempts"),
        ("sign_in.failed", "password_reset_required", "password_reset_required"),
        ("password.change_failed", "wrong_password", "wrong_password"),
    ],
)
async def test_what_was_answered_is_said_of_what_was_asked_for(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    name: str,
    reason: str,
    answer: str,
) -> None:
    await happen(runtime, name, "r-1", admin.id, reason=reason)

    page = (await visitor.get("/admin/audit/trace/r-1")).text

    assert re.findall(r"/docs/errors#(\w+)", page) == [answer]


async def test_what_was_answered_is_said_in_the_language_of_the_page(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await happen(runtime, "sign_in.failed", "r-1", admin.id, reason="wrong_passkey")
    await happen(runtime, "sign_in.failed", "r-1", admin.id, reason="disabled")

    page = await visitor.get("/admin/audit/trace/r-1", Accept_Language="de")

    assert "This passkey does not sign in here" not in page.text
    assert "Wrong email address or password" not in page.text
    assert "E-Mail-Adresse oder Passwort" in page.text


@pytest.mark.parametrize("request_id", ["r-1", "r-2", "r-3"])
async def test_any_request_of_a_sign_in_leads_to_all_of_it_in_order(
    api: Api, visitor: Visitor, admin: Person, request_id: str
) -> None:
    person = await api.users()
    other = await api.users()
    await sign_in_that_failed_twice(api.runtime, person.id)
    await happen(api.runtime, "password.changed", "r-9", other.id)

    page = (await visitor.get(f"/admin/audit/trace/{request_id}")).text

    told = [
        "There is no account with what was typed.",
        "The password was wrong.",
        "Signed in with: totp.",
        "shop was given a code for: openid.",
    ]
    places = [page.index(text) for text in told]
    assert places == sorted(places)
    assert page.count("This request") == 1
    assert "Same address and browser" in page
    assert "The password was changed." not in page  # of somebody else
    assert "/docs/errors#invalid_credentials" in page


async def test_what_was_long_before_or_of_another_browser_is_left_out(
    api: Api, visitor: Visitor, admin: Person, clock: Any
) -> None:
    person = await api.users()
    await happen(api.runtime, "password.changed", "r-0", person.id)
    clock.advance(minutes=16)
    await happen(api.runtime, "sign_in.failed", "r-1", None, reason="unknown_account")
    clock.advance(minutes=4)
    await happen(api.runtime, "sign_in.failed", "r-2", person.id, reason="disabled")
    await visitor.sign_in(admin.email)

    page = (await visitor.get("/admin/audit/trace/r-2")).text

    assert "The account is disabled." in page
    assert "The password was changed." not in page
    assert "There is no account" not in page


async def test_a_request_that_left_no_evidence_says_where_else_to_look(
    visitor: Visitor, admin: Person
) -> None:
    page = await visitor.get("/admin/audit/trace/unknown")

    assert page.status_code == 200
    assert "Nothing is recorded under this number" in page.text


async def test_filters_and_pages_find_what_the_api_finds(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    person = await api.users()
    for number in range(26):
        await happen(api.runtime, "user.updated", f"n-{number}", person.id)
    await sign_in_that_failed_twice(api.runtime, person.id)

    first = (
        await visitor.get(f"/admin/audit?user_id={person.id}&event=user.updated")
    ).text
    following = first.partition("cursor=")[2].partition('"')[0]
    second = (
        await visitor.get(
            f"/admin/audit?user_id={person.id}&event=user.updated&cursor={following}"
        )
    ).text
    shop = (await visitor.get("/admin/audit?client_id=shop")).text
    wrong = await visitor.get("/admin/audit?user_id=nobody&since=yesterday")

    assert first.count("/admin/audit/trace/n-") == 25
    assert second.count("/admin/audit/trace/n-") == 1
    assert "trace/n-0" in second and person.email in second
    assert shop.count("/admin/audit/trace/") == 1
    assert wrong.status_code == 422
    assert "This is not an ID." in wrong.text and "This is not a time." in wrong.text


@pytest.mark.parametrize(
    "instant", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
)
async def test_an_instant_that_its_zone_leads_out_of_all_years_is_refused(
    api: Api, visitor: Visitor, admin: Person, instant: str
) -> None:
    """It is none in UTC, where it would be a defect."""
    told = (await api.signed_in(admin)).headers

    for field in ("since", "until"):
        page = await visitor.http.get("/admin/audit", params={field: instant})
        assert page.status_code == 422 and "This is not a time." in page.text
    for path, field in (("audit-events", "since"), ("users", "created_since")):
        answer = await api.client.get(
            f"/api/v1/{path}", params={field: instant}, headers=told
        )
        assert answer.status_code == 422, answer.text


async def test_an_event_is_shown_with_all_that_is_known_and_nothing_as_markup(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    hint = "<b>sent</b>"
    event_id = await happen(
        api.runtime,
        "oauth.authorization_refused",
        "r-1",
        None,
        client_id="shop",
        error="invalid_request",
        hint=hint,
    )

    page = await visitor.get(f"/admin/audit/{event_id}")
    unknown = await visitor.get(f"/admin/audit/{UUID(int=1)}")

    assert "The request of shop was refused: invalid_request." in page.text
    assert hint not in page.text and "&lt;b&gt;sent" in page.text
    assert unknown.status_code == 404


async def test_addresses_of_people_are_shown_to_who_may_see_people(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    person = await api.users(email="grace@example.com")
    await happen(api.runtime, "user.updated", "r-1", person.id)
    await holder("audit:read")

    page = await visitor.get("/admin/audit")

    assert str(person.id)[-12:] in page.text
    assert "grace@example.com" not in page.text


async def test_a_sign_in_leads_back_to_the_request_that_was_asked_for(
    api: Api, visitor: Visitor
) -> None:
    asked = await visitor.get("/admin/audit/trace/01990000-aa")

    assert asked.headers["location"] == "/signin?to=console.audit.trace.01990000-aa"
    admin = await api.admin()
    fields = {"email": admin.email, "password": "correct horse battery staple"}
    entered = await visitor.submit(asked.headers["location"], fields)
    assert entered.headers["location"] == "/admin/audit/trace/01990000-aa"


async def test_a_refused_page_of_the_console_leads_auditors_to_its_request(
    visitor: Visitor, holder: Holder, api: Api
) -> None:
    await holder("roles:read")
    other = await visitor.get("/admin/roles/unknown")
    admin = await api.admin()
    await visitor.sign_in(admin.email)

    refused = await visitor.get("/admin/roles/unknown")

    assert (other.status_code, refused.status_code) == (404, 404)
    number = refused.headers["x-request-id"]
    assert f'href="/admin/audit/trace/{number}"' in refused.text
    assert "/admin/audit/trace/" not in other.text
    assert other.headers["x-request-id"] in other.text


async def test_a_reference_number_is_found_by_the_palette(
    visitor: Visitor, admin: Person
) -> None:
    number = "01990000-0000-7000-8000-000000000001"

    found = (
        await visitor.http.get(
            f"/admin/palette?q={number}", headers={"Accept": "application/json"}
        )
    ).json()

    assert f"/admin/audit/trace/{number}" in [each["to"] for each in found]


async def test_what_a_command_did_is_said_to_be_the_command_lines(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    await happen(runtime, "keys.rotated", "a" * 32, OPERATOR_ID)

    listed = (await visitor.get("/admin/audit?event=keys.rotated")).text
    [path] = re.findall(r'<th scope="row"[^>]*><span><a href="([^"]+)"', listed)
    shown = (await visitor.get(path)).text

    assert "<bdi>Command line</bdi>" in listed and "Command line</dd>" in shown
    assert f"/admin/users/{OPERATOR_ID}" not in shown


async def test_who_did_it_is_said_by_address_and_found_by_it(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    role = {"name": "helper", "description": "", "permissions": []}
    form = await visitor.hidden("/admin/new-role")
    assert (await visitor.post("/admin/new-role", form | role)).status_code == 303

    listed = (await visitor.get("/admin/audit?event=role.created")).text
    [path] = re.findall(r'<th scope="row"[^>]*><span><a href="([^"]+)"', listed)
    shown = (await visitor.get(path)).text
    found = (await visitor.get(f"/admin/audit?actor_id={admin.email.upper()}")).text
    nobody = await visitor.get("/admin/audit?user_id=nobody@example.com")

    told = f"<bdi>{admin.email}</bdi>"
    assert told in listed.partition("<tbody>")[2]
    assert told in shown
    assert "role.created" in found.partition("<tbody>")[2]
    assert nobody.status_code == 422
    assert "There is no account with this address." in nobody.text


async def test_an_address_tells_nobody_who_may_not_see_people_whether_it_is_known(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    await api.users(email="grace@example.com")
    await holder("audit:read")

    pages = [
        await visitor.get(f"/admin/audit?user_id={each}@example.com")
        for each in ("grace", "nobody")
    ]

    assert all("This is not an ID." in each.text for each in pages)


async def test_what_is_known_is_told_in_words(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    person, runtime = await api.users(), api.runtime
    refused = {str(person.id): "yourself"}
    await happen(runtime, "user.changed_together", "r-1", None, refused=refused)
    await happen(runtime, "password.change_failed", "r-1", person.id)
    await happen(runtime, "user.status_changed", "r-1", person.id, status="disabled")
    await happen(runtime, "oauth_client.created", "r-1", None, is_first_party=False)

    page = unescape((await visitor.get("/admin/audit/trace/r-1")).text)

    assert f"{person.id}: yourself" in page and "{'" not in page
    assert "The password was not changed: the present one was wrong." in page
    assert "The account is disabled." in page
    assert "is_first_party: <bdi>No</bdi>" in page


_NO_INSTANTS = "9999-99-99T99:99:99Z 0001-01-01T00:00:00+23:59 ٢٠٢٦-٠١-٠١T00:00:00Z"


async def test_what_a_stranger_wrote_like_an_instant_stops_nobody_from_reading(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    for text in _NO_INSTANTS.split():
        await happen(api.runtime, "oauth.client_refused", "r-1", None, client_id=text)

        page = await visitor.get("/admin/audit/trace/r-1")
        assert text in unescape(page.text)


async def test_the_trail_is_read_in_the_language_of_its_reader(
    visitor: Visitor, admin: Person, api: Api
) -> None:
    await happen(
        api.runtime,
        "role.created",
        "r-1",
        admin.id,
        role="support",
        permissions=["users:read"],
    )
    in_german = {"accept_language": "de"}

    trail = (await visitor.get("/admin/audit", **in_german)).text
    own = f"/admin/users/{admin.id}/activity"
    activity = (await visitor.get(own, **in_german)).text
    roles = (await visitor.get("/admin/roles", **in_german)).text

    assert "Die Rolle support wurde angelegt." in trail
    assert "Die Rolle support wurde angelegt." in activity
    assert "Darf alles" in roles and "Nur das eigene Konto" in roles
