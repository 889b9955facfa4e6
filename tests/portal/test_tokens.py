"""``/account/tokens``: what people make for their scripts, without any script."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.policies.permission import ADMIN_ROLE, PERMISSIONS
from tests.factories.role import RoleFactory
from tests.personal_tokens.maker import Tokens, stored
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

PATH, NEW = "/account/tokens", "/account/new-token"
DAY = 86_400
FIELDS = {
    "name": "Nightly backup",
    "expires_at": str(7 * DAY),
    "may.account:read": "on",
}


@pytest.fixture
def options() -> dict[str, object]:
    """Allowed, and few."""
    return {"personal_tokens": {"enabled": True, "max_per_user": 3}}


async def make(visitor: Visitor, **fields: Any) -> Any:
    """Fill the form in; return the page after it."""
    return await visitor.submit(NEW, FIELDS | fields)


def shown_in(page: str) -> str:
    """Return the token that a page shows."""
    return str(Page(page).inputs["token"]["value"])


async def test_a_token_is_made_shown_once_and_opens_what_it_was_made_for(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock
) -> None:
    made = await make(visitor)
    token = shown_in(made.text)
    used = await Tokens(api).use(token)
    refused = await Tokens(api).use(token, "/users/me/sessions", "DELETE")
    await api.runtime.personal_tokens.settle()
    listed = (await visitor.get(PATH)).text

    [row] = await stored(api.runtime)
    assert row.expires_at == clock.now() + timedelta(days=7)
    assert (used.status_code, refused.status_code) == (200, 403)
    assert made.headers["cache-control"] == "no-store"
    assert token.startswith("as_pat_") and token not in listed
    for text in ("Nightly backup", "account:read", "Last used", "as_pat_"):
        assert text in listed
    assert "Never used" not in listed


async def test_a_revoked_token_opens_nothing_and_nobody_revokes_anothers(
    api: Api, visitor: Visitor, person: Person
) -> None:
    token = shown_in((await make(visitor)).text)
    other = await api.person()
    foreign = await Tokens(api).make(other)

    form = await visitor.hidden(PATH)
    [mine] = re.findall(r'name="revoke" value="(\w+)"', (await visitor.get(PATH)).text)
    theirs = foreign["id"].replace("-", "")
    for name in (theirs, "x"):
        tried = await visitor.post(PATH, form | {"revoke": name})
        assert tried.status_code == 200
    done = await visitor.post(PATH, form | {"revoke": mine})
    again = await visitor.post(PATH, form | {"revoke": mine})

    assert done.headers["location"] == f"{PATH}?done=revoked"
    assert again.status_code == 200 and "No tokens yet" in again.text
    assert (await Tokens(api).use(token)).status_code == 401
    assert (await Tokens(api).use(foreign["token"])).status_code == 200


async def test_t103_making_one_takes_a_sign_in_of_just_now_and_revoking_does_not(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock
) -> None:
    await make(visitor)
    form = await visitor.hidden(NEW)
    revoke = await visitor.hidden(PATH)
    clock.advance(seconds=601)

    shown, sent = await visitor.get(NEW), await visitor.post(NEW, form | FIELDS)
    [row] = await stored(api.runtime)
    revoked = await visitor.post(PATH, revoke | {"revoke": row.id.hex})
    entered = await visitor.submit(
        shown.headers["location"], {"email": person.email, "password": PASSWORD}
    )

    for each in (shown, sent):
        assert each.headers["location"] == "/signin?to=new-token"
    assert entered.headers["location"] == NEW
    assert revoked.status_code == 303
    assert await stored(api.runtime) == []


async def test_a_form_of_elsewhere_makes_and_revokes_nothing(
    api: Api, visitor: Visitor, person: Person
) -> None:
    await make(visitor)
    [row] = await stored(api.runtime)

    made = await visitor.post(NEW, FIELDS | {"csrf": "x"})
    revoked = await visitor.post(PATH, {"csrf": "x", "revoke": row.id.hex})

    assert (made.status_code, revoked.status_code) == (403, 403)
    assert [each.id for each in await stored(api.runtime)] == [row.id]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Fill in this field."),
        ({"name": "x" * 201}, "This is too long."),
        ({"expires_at": str(400 * DAY)}, "Fill in this field."),
        ({"expires_at": "-1"}, "Fill in this field."),
        ({"may.account:read": None}, "Choose at least one."),
        ({"may.*": "on"}, "Please check what you entered"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    api: Api, visitor: Visitor, person: Person, fields: dict[str, Any], said: str
) -> None:
    form = await visitor.hidden(NEW)
    sent = {name: text for name, text in (FIELDS | fields).items() if text is not None}
    answer = await visitor.post(NEW, form | sent)

    page = Page(answer.text)
    assert answer.status_code == 422 and said in answer.text
    if "name" not in fields:
        assert page.inputs["name"]["value"] == "Nightly backup"
    assert ("checked" in page.inputs["may.account:read"]) == (
        sent.get("may.account:read") == "on"
    )
    assert await stored(api.runtime) == []


async def test_only_what_somebody_may_do_is_offered_and_taken(
    api: Api, visitor: Visitor
) -> None:
    await RoleFactory(api.runtime)("helpdesk", "users:read")
    person = await api.person("helpdesk")
    await visitor.sign_in(person.email)

    page = Page((await visitor.get(NEW)).text)
    forged = await make(visitor, **{"may.keys:write": "on"})
    made = await make(visitor, **{"may.users:read": "on"})

    boxes = {name for name in page.inputs if name.startswith("may.")}
    assert boxes == {"may.account:read", "may.account:write", "may.users:read"}
    assert forged.status_code == 403
    token = shown_in(made.text)
    assert (await Tokens(api).use(token, "/users")).status_code == 200


async def test_who_may_do_everything_can_tick_everything(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person(ADMIN_ROLE)
    await visitor.sign_in(person.email)

    made = await make(visitor, **{f"may.{name}": "on" for name in PERMISSIONS})

    assert made.status_code == 200
    [row] = await stored(api.runtime)
    assert len(row.scopes) == len(PERMISSIONS) + 1


async def test_too_many_are_refused_and_expired_ones_do_not_count(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock
) -> None:
    for _ in range(3):
        assert (await make(visitor)).status_code == 200
    full = await make(visitor)
    clock.advance(days=8)
    await visitor.sign_in(person.email)
    listed = (await visitor.get(PATH)).text

    assert full.status_code == 409
    assert "revoke one first" in full.text
    assert listed.count("Expired") == 3
    assert (await make(visitor)).status_code == 200


async def test_the_longest_life_is_the_operators(
    visitor: Visitor, person: Person, runtime: Any
) -> None:
    page = Page((await visitor.get(NEW)).text)
    offered = [str(each["value"]) for each in page.all("option")]

    assert offered == [str(days * DAY) for days in (1, 7, 30, 90)]


@pytest.mark.parametrize("path", [PATH, NEW])
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
    assert entered.headers["location"] == path


async def test_the_owner_reads_of_it_in_the_activity(
    visitor: Visitor, person: Person
) -> None:
    await make(visitor)

    assert "Access token made" in (await visitor.get("/account/activity")).text


class TestWhereTheOperatorAllowsNone:
    """It is off unless somebody says so."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """As it is installed."""
        return {}

    async def test_nothing_leads_there_and_none_is_made(
        self, api: Api, visitor: Visitor, person: Person
    ) -> None:
        home = (await visitor.get("/account")).text
        listed = await visitor.get(PATH)
        form = await visitor.hidden("/account/profile")
        made = await visitor.post(NEW, form | FIELDS)

        assert PATH not in home and NEW not in listed.text
        assert "Personal access tokens are not offered here" in listed.text
        assert (await visitor.get(NEW)).status_code == 403
        assert made.status_code == 403
        assert await stored(api.runtime) == []
