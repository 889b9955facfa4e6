"""What the forms of an account at ``/admin/users`` do, and what they refuse."""

from uuid import uuid4

import pytest

from app.services.oauth.consent import OAuthConsentService
from app.services.server.runtime import Runtime
from tests.access.test_attributes import define, held, set_to
from tests.console.conftest import Holder
from tests.factories.factor import FactorFactory
from tests.factories.oauth import ApplicationFactory
from tests.factories.role import RoleFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page


async def test_an_operator_changes_profile_address_and_claims(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    path = f"/admin/users/{ada.id}"

    profile = await visitor.submit(path, {"name": "Ada", "locale": "pt-BR"})
    fields = {"do": "email", "email": "ada@a.example", "email_verified": "on"}
    address = await visitor.submit(path, fields)
    claims = {"nickname": "Countess", "address.locality": "London"}
    told = await visitor.submit(f"{path}/claims", claims)

    assert profile.headers["location"] == f"{path}?done=saved"
    assert (address.status_code, told.status_code) == (303, 303)
    text = (await visitor.get(f"{path}?done=saved")).text
    assert "ada@a.example" in text and "pt-BR" in text and "Saved." in text
    assert "London" in (await visitor.get(f"{path}/claims")).text


async def test_what_is_wrong_is_said_beside_the_field_and_typed_text_stays(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    path = f"/admin/users/{(await api.person()).id}"

    answer = await visitor.submit(path, {"name": "Ada", "locale": "not a language"})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.inputs["locale"]["aria-invalid"] == "true"
    assert page.inputs["name"]["value"] == "Ada"


@pytest.mark.parametrize(
    ("email", "status"), [("no address", 422), ("taken@a.example", 409)]
)
async def test_a_refused_address_leaves_the_form_of_the_profile_as_it_is_stored(
    api: Api, visitor: Visitor, admin: Person, email: str, status: int
) -> None:
    await api.users(email="taken@a.example")
    path = f"/admin/users/{(await api.person()).id}"
    await visitor.submit(path, {"name": "Ada", "zoneinfo": "Europe/London"})
    fields = {"do": "email", "email": email, "email_verified": "on"}

    answer = await visitor.submit(path, fields)

    inputs = Page(answer.text).inputs
    assert answer.status_code == status
    assert inputs["name"]["value"] == "Ada"
    assert inputs["zoneinfo"]["value"] == "Europe/London"
    assert inputs["email"]["value"] == email and "checked" in inputs["email_verified"]


async def test_a_refused_profile_leaves_the_form_of_the_address_as_it_is_stored(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()

    answer = await visitor.submit(f"/admin/users/{ada.id}", {"locale": "no language"})

    assert Page(answer.text).inputs["email"]["value"] == ada.email


async def test_who_read_an_older_account_does_not_undo_what_others_did(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    path = f"/admin/users/{ada.id}"
    form = await visitor.hidden(path)
    await visitor.submit(path, {"name": "Theirs"})

    answer = await visitor.post(path, form | {"name": "Mine"})

    assert answer.status_code == 412
    assert 'value="Theirs"' in (await visitor.get(path)).text


async def test_sessions_end_one_by_one_and_all(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    again = await api.signed_in(ada)
    path = f"/admin/users/{ada.id}/sessions"

    one = await visitor.submit(path, {"session": ada.session_id.hex})
    after_one = [
        (await api.get("/users/me", each)).status_code for each in (ada, again)
    ]
    form = await visitor.hidden(path)
    every = await visitor.submit(path, {"session": "all"})
    other = await visitor.post(path, form | {"session": uuid4().hex})

    assert (one.status_code, every.status_code) == (303, 303)
    assert after_one == [401, 200]
    assert (await api.get("/users/me", again)).status_code == 401
    assert other.status_code == 404


async def test_factors_are_removed_from_who_lost_them(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    ada = await api.person()
    await FactorFactory(runtime).totp(ada.id)
    path = f"/admin/users/{ada.id}/factors"
    assert "Authenticator app" in (await visitor.get(path)).text

    answer = await visitor.submit(path, {"remove": "totp"})

    assert answer.status_code == 303
    assert "A password alone" in (await visitor.get(path)).text


async def test_an_application_loses_its_access(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    ada = await api.person()
    shop = await ApplicationFactory(runtime)()
    async with runtime.unit_of_work() as uow:
        consents = OAuthConsentService(uow)
        await consents.remember(ada.id, shop.client_id, ["openid"], [])
    path = f"/admin/users/{ada.id}/applications"

    form = await visitor.hidden(path) | {"revoke": shop.client_id}
    answer = await visitor.post(path, form)
    again = await visitor.post(path, form)

    assert answer.status_code == 303
    assert "No applications yet" in (await visitor.get(path)).text
    assert "oauth.consent_revoked" in await api.trail(ada.id)
    assert again.status_code == 404


async def test_roles_are_added_and_removed_one_at_a_time(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    path = f"/admin/users/{ada.id}/roles"

    added = await visitor.submit(path, {"add": "admin"})
    both = (await api.get("/users/me", ada)).json()["roles"]
    removed = await visitor.submit(path, {"remove": "admin"})
    mine = await visitor.submit(f"/admin/users/{admin.id}/roles", {"remove": "admin"})

    assert (added.status_code, removed.status_code) == (303, 303)
    assert both == ["admin", "user"]
    assert (await api.get("/users/me", ada)).json()["roles"] == ["user"]
    assert mine.status_code == 409 and "last active administrator" in mine.text


async def test_who_may_not_look_at_roles_types_the_name_of_one(
    api: Api, visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("users:read", "users:write", description="held alone")
    await RoleFactory(runtime)("helper", description="helps others")
    ada = await api.person("held")
    path = f"/admin/users/{ada.id}/roles"

    page = Page((text := (await visitor.get(path)).text))
    unknown = await visitor.submit(path, {"add": "nothing-such"})
    given = await visitor.submit(path, {"add": "helper"})

    assert not page.all("select") and page.inputs["add"]["type"] == "text"
    assert "held" in text and "held alone" not in text and "helper" not in text
    assert unknown.status_code == 422
    assert 'id="add-error">There is no such role.' in unknown.text
    assert given.status_code == 303
    assert (await api.get("/users/me", ada)).json()["roles"] == [
        "held",
        "helper",
        "user",
    ]


async def test_a_role_beyond_the_hundredth_is_seen_and_removed(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    make = RoleFactory(runtime)
    for number in range(100):
        await make(f"a{number:03}")
    await make("zebra")
    ada = await api.person("zebra")
    path = f"/admin/users/{ada.id}/roles"

    page = Page((await visitor.get(path)).text)
    buttons = [each["value"] for each in page.all("button") if "value" in each]
    answer = await visitor.submit(path, {"remove": "zebra"})

    assert buttons == ["user", "zebra"] and page.inputs["add"]["type"] == "text"
    assert answer.status_code == 303
    assert (await api.get("/users/me", ada)).json()["roles"] == ["user"]


async def test_nobody_gives_a_role_that_may_do_more_or_changes_who_may(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read", "users:write")
    ada, root = await api.person(), await api.admin()

    given = await visitor.submit(f"/admin/users/{ada.id}/roles", {"add": "admin"})
    taken = await visitor.submit(f"/admin/users/{root.id}/sessions", {"session": "all"})
    off = await visitor.submit(f"/admin/users/{root.id}/actions", {"do": "disable"})

    assert [each.status_code for each in (given, taken, off)] == [403, 403, 403]
    assert (await api.get("/users/me", root)).status_code == 200


async def test_an_account_is_disabled_enabled_and_reset(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    path = f"/admin/users/{ada.id}/actions"

    await visitor.submit(path, {"do": "reset", "required": "on"})
    reset = await api.login(ada.email)
    await visitor.submit(path, {"do": "disable"})
    disabled = (await visitor.get(path)).text
    await visitor.submit(path, {"do": "enable"})

    assert reset.status_code == 403
    assert await api.mails("reset_password", ada.email)
    assert "Enable account" in disabled and "Send reset email" not in disabled
    assert "Disable account" in (await visitor.get(path)).text


async def test_an_account_is_deleted_by_typing_its_address(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    path = f"/admin/users/{ada.id}/actions"

    wrong = await visitor.submit(path, {"do": "delete", "typed": "delete"})
    right = await visitor.submit(path, {"do": "delete", "typed": ada.email})

    assert wrong.status_code == 422
    assert f"Type {ada.email} to confirm." in wrong.text
    assert right.headers["location"] == "/admin/users?done=deleted"
    assert (await visitor.get(f"/admin/users/{ada.id}")).status_code == 404


async def test_what_has_to_be_typed_is_said_in_the_language_of_the_page(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    fields, german = {"do": "delete", "typed": "delete"}, {"Accept_Language": "de"}

    answer = await visitor.submit(f"/admin/users/{ada.id}/actions", fields, **german)

    told = f"Geben Sie zur Bestätigung {ada.email} ein."
    assert told in answer.text


@pytest.mark.parametrize(
    ("tab", "fields"),
    [
        ("factors", {"remove": "totp"}),
        ("roles", {"add": "admin"}),
        ("actions", {"do": "disable"}),
        ("actions", {"do": "reset"}),
        ("", {"do": "email", "email": "mine@a.example", "email_verified": "on"}),
    ],
)
async def test_what_cannot_be_undone_asks_for_a_sign_in_of_just_now(
    api: Api,
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    clock: FakeClock,
    tab: str,
    fields: dict[str, str],
) -> None:
    ada = await api.person()
    await FactorFactory(runtime).totp(ada.id)
    path = f"/admin/users/{ada.id}"
    page = f"{path}/{tab}" if tab else path
    form = await visitor.hidden(page)
    clock.advance(seconds=601)
    before = await api.trail(ada.id)

    sent = await visitor.post(page, form | fields)
    entered = await visitor.submit(
        sent.headers["location"], {"email": admin.email, "password": PASSWORD}
    )

    assert sent.headers["location"] == f"/signin?to=console.users.{ada.id}"
    assert entered.headers["location"] == path
    assert await api.trail(ada.id) == before


async def test_somebody_is_invited_and_invited_again(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    wrong = await visitor.submit("/admin/users/new", {"email": "nobody"})
    made = await visitor.submit("/admin/users/new", {"email": "new@a.example"})
    taken = await visitor.submit("/admin/users/new", {"email": "new@a.example"})
    path = made.headers["location"].partition("?")[0]
    again = await visitor.submit(f"{path}/actions", {"do": "invite"})

    assert (wrong.status_code, taken.status_code) == (422, 409)
    assert again.status_code == 303
    assert len(await api.mails("invitation", "new@a.example")) == 2
    ada = await api.person()
    refused = await visitor.submit(f"/admin/users/{ada.id}/actions", {"do": "invite"})
    assert refused.status_code == 409


async def test_activity_leads_to_the_request_of_each_event(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    await visitor.submit(f"/admin/users/{ada.id}", {"name": "Ada"})

    text = (await visitor.get(f"/admin/users/{ada.id}/activity")).text

    assert "user.updated" in text and "sign_in.succeeded" in text
    assert str(admin.id) in text


async def test_an_operator_sets_every_attribute_and_a_mistake_blanks_nothing(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person(name="Ada")
    root = await api.admin()
    await define(api, root, "cost", type="number", owner_access="none")
    await define(api, root, "team", owner_access="none")
    path = f"/admin/users/{ada.id}"
    sent = {"do": "attributes", "attributes.cost": "7", "attributes.team": "ops"}

    wrong = await visitor.submit(path, sent | {"attributes.cost": "much"})
    other = await visitor.submit(path, {"name": "Eve", "locale": "no language"})
    form = await visitor.hidden(path)
    saved = await visitor.post(path, form | sent)
    stale = await visitor.post(path, form | sent | {"attributes.cost": "8"})

    shown = Page(wrong.text).inputs
    assert wrong.status_code == 422 and "Enter a number." in wrong.text
    assert 'href="#attributes.cost"' in wrong.text
    assert shown["attributes.team"]["value"] == "ops"
    assert shown["name"]["value"] == "Ada" and shown["email"]["value"] == ada.email
    assert other.status_code == 422
    assert "attributes.team" in Page(other.text).inputs
    assert saved.headers["location"] == f"{path}?done=saved"
    assert stale.status_code == 412
    assert await held(api, root, ada.id) == {"cost": 7, "team": "ops"}


async def test_who_may_only_read_sees_attributes_and_changes_none(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read")
    ada, root = await api.person(), await api.admin()
    await define(api, root, "team", owner_access="none")
    await set_to(api, root, ada, team="ops")
    path = f"/admin/users/{ada.id}"
    sent = {"do": "attributes", "attributes.team": "dev"}

    page = Page((await visitor.get(path)).text)
    answer = await visitor.submit(path, sent)

    team = page.inputs["attributes.team"]
    assert team["value"] == "ops" and "readonly" in team
    assert not [each for each in page.all("button") if each.get("value") == sent["do"]]
    assert answer.status_code == 403
    assert await held(api, root, ada.id) == {"team": "ops"}
