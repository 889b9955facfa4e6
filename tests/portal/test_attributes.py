"""Attributes at ``/account/profile``: shown, and changed by who may."""

from typing import Any

import pytest

from tests.access.test_attributes import define, held, set_to
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

PATH = "/account/profile"
KINDS: dict[str, dict[str, Any]] = {
    "team": {"type": "string", "label": "Team", "pattern": "[a-z]+"},
    "floor": {"type": "string", "allowed": ["low", "high"]},
    "desk": {"type": "number"},
    "remote": {"type": "boolean"},
    "since": {"type": "date"},
    "sites": {"type": "strings", "allowed": ["Rome", "Oslo"]},
}
SENT = {
    "do": "attributes",
    "attributes.team": "ops",
    "attributes.floor": "high",
    "attributes.desk": "12.5",
    "attributes.remote": "on",
    "attributes.since": "2026-02-28",
    "attributes.sites": "Rome\r\nOslo\r\n",
}
MEANT = {
    "team": "ops",
    "floor": "high",
    "desk": 12.5,
    "remote": True,
    "since": "2026-02-28",
    "sites": ["Rome", "Oslo"],
}


@pytest.fixture
async def admin(api: Api) -> Person:
    """Who defines them."""
    return await api.admin()


@pytest.fixture
async def kinds(api: Api, admin: Person) -> None:
    """One attribute of each kind, which people write."""
    for name, members in KINDS.items():
        await define(api, admin, name, owner_access="write", **members)


async def test_each_kind_is_filled_in_shown_and_emptied(
    api: Api, visitor: Visitor, person: Person, admin: Person, kinds: None
) -> None:
    empty = Page((await visitor.get(PATH)).text)
    answer = await visitor.submit(PATH, SENT)
    stored = await held(api, admin, person.id)
    full = (await visitor.get(PATH)).text
    same = await visitor.submit(PATH, SENT)
    none = dict.fromkeys(SENT, "") | {"do": "attributes"}
    del none["attributes.remote"]
    await visitor.submit(PATH, none)

    types = {
        name: empty.inputs[f"attributes.{name}"]["type"]
        for name in KINDS
        if name not in ("floor", "sites")
    }
    assert types == {
        "team": "text",
        "desk": "number",
        "remote": "checkbox",
        "since": "date",
    }
    assert (
        answer.headers["location"] == f"{PATH}?done=saved" and same.status_code == 303
    )
    assert stored == MEANT
    assert '<option value="high" selected>' in full and ">Rome\nOslo</textarea>" in full
    shown = Page(full).inputs
    assert shown["attributes.desk"]["value"] == "12.5"
    assert "checked" in shown["attributes.remote"]
    assert ">Team</label>" in full and ">desk</label>" in full
    after = dict.fromkeys(KINDS) | {"remote": False}
    assert await held(api, admin, person.id) == after
    assert (await api.trail(person.id)).count("user.updated") == 2


async def test_what_is_wrong_is_said_by_field_and_the_other_form_stays(
    api: Api, visitor: Visitor, person: Person, admin: Person, kinds: None
) -> None:
    wrong = SENT | {
        "attributes.team": "OPS",
        "attributes.floor": "roof",
        "attributes.desk": "twelve",
        "attributes.since": "2026-02-30",
        "attributes.sites": "Rome\r\nParis",
    }

    answer = await visitor.submit(PATH, wrong)
    other = await visitor.submit(PATH, {"name": "Ada", "zoneinfo": "Moon"})
    german = await visitor.submit(PATH, wrong, Accept_Language="de")

    page = Page(answer.text)
    assert answer.status_code == 422
    for name in ("team", "floor", "desk", "since", "sites"):
        assert f'id="attributes.{name}-error"' in answer.text
        assert f'href="#attributes.{name}"' in answer.text
    assert (
        "Enter a number." in answer.text and "Choose one of the values." in answer.text
    )
    assert "Geben Sie eine Zahl ein." in german.text
    assert page.inputs["name"]["value"] == "Ada"  # as it is stored
    assert page.inputs["attributes.team"]["value"] == "OPS"
    assert "checked" in page.inputs["attributes.remote"]
    assert other.status_code == 422
    assert not Page(other.text).inputs["attributes.team"].get("value")
    assert await held(api, admin, person.id) == dict.fromkeys(KINDS)


async def test_people_see_what_they_may_read_and_write_what_they_may(
    api: Api, visitor: Visitor, person: Person, admin: Person
) -> None:
    for access in ("none", "read", "write"):
        await define(api, admin, f"is-{access}", owner_access=access)
    await define(api, admin, "staff", type="boolean", owner_access="read")
    values = {"is-none": "hidden-text", "is-read": "seen", "staff": True}
    assert (await set_to(api, admin, person, **values)).status_code == 200

    text = (await visitor.get(PATH)).text
    sent = {"do": "attributes", "attributes.is-write": "x"}
    read = await visitor.submit(PATH, sent | {"attributes.is-read": "mine"})
    hidden = [
        await visitor.submit(PATH, sent | {"attributes.is-none": guess})
        for guess in ("hidden-text", "else")
    ]
    unknown = await visitor.submit(PATH, sent | {"attributes.nothing": "x"})
    before = await held(api, admin, person.id)
    await visitor.submit(PATH, sent)

    inputs = Page(text).inputs
    assert "is-none" not in text and "hidden-text" not in text
    assert "readonly" in inputs["attributes.is-read"]
    assert "disabled" in inputs["attributes.staff"]
    assert "readonly" not in inputs["attributes.is-write"]
    assert [read.status_code, unknown.status_code] == [422, 422]
    assert "An administrator sets this." in read.text
    # A right guess looks like a wrong one.
    assert [each.status_code for each in hidden] == [422, 422]
    assert all("There is no such attribute." in each.text for each in hidden)
    assert before == values | {"is-write": None}
    assert await held(api, admin, person.id) == values | {"is-write": "x"}


async def test_a_definition_that_became_stricter_stands_in_nobodys_way(
    api: Api, visitor: Visitor, person: Person, admin: Person, kinds: None
) -> None:
    await visitor.submit(PATH, SENT)
    for name, change in {
        "team": {"pattern": "[0-9]+"},
        "floor": {"allowed": ["cellar"]},
        "desk": {"required": True},
    }.items():
        await api.patch(f"/attributes/{name}", change, admin)

    saved = await visitor.submit(PATH, SENT | {"attributes.since": "2026-03-01"})
    text = (await visitor.get(PATH)).text
    emptied = await visitor.submit(PATH, SENT | {"attributes.desk": ""})
    retyped = await visitor.submit(PATH, SENT | {"attributes.team": "dev"})

    assert saved.status_code == 303
    assert '<option value="high" selected>' in text
    assert [emptied.status_code, retyped.status_code] == [422, 422]
    assert "Fill in this field." in emptied.text
    stored = MEANT | {"since": "2026-03-01"}
    assert await held(api, admin, person.id) == stored


async def test_who_read_an_older_account_does_not_undo_what_others_did(
    api: Api, visitor: Visitor, person: Person, admin: Person, kinds: None
) -> None:
    form = await visitor.hidden(PATH)
    await set_to(api, admin, person, team="dev")

    answer = await visitor.post(PATH, form | SENT)

    assert answer.status_code == 412
    assert (await held(api, admin, person.id))["team"] == "dev"


async def test_as_many_and_as_long_as_there_may_be_fit_into_one_form(
    api: Api, visitor: Visitor, person: Person, admin: Person
) -> None:
    for number in range(50):
        kind = "boolean" if number % 2 else "string"
        await define(api, admin, f"a{number}", type=kind, owner_access="write")
    sent = {"do": "attributes"}
    for number in range(50):
        sent[f"attributes.a{number}"] = "on" if number % 2 else "語" * 95

    answer = await visitor.submit(PATH, sent)
    more = await visitor.submit(PATH, sent | {"attributes.a0": "語" * 1_000})

    assert answer.status_code == 303
    assert more.status_code == 422 and "This is too long." in more.text


async def test_where_nothing_is_defined_there_is_no_form(
    visitor: Visitor, person: Person
) -> None:
    assert "More about you" not in (await visitor.get(PATH)).text


async def test_names_and_values_are_text_and_never_markup(
    api: Api, visitor: Visitor, person: Person, admin: Person
) -> None:
    label = "<i>Team</i>"
    await define(api, admin, "team", label=label, owner_access="write")
    await define(api, admin, "lines", type="strings", owner_access="write")
    text = "</textarea><script>1</script>"
    sent = {"do": "attributes", "attributes.team": '"><b>', "attributes.lines": text}

    await visitor.submit(PATH, sent)

    page = (await visitor.get(PATH)).text
    assert (await visitor.get(PATH)).status_code == 200
    for markup in (label, '"><b>', text):
        assert markup not in page
