"""Attributes: defined by operators, judged, and set by who may."""

from typing import Any

from app.policies.attribute import MAX_ATTRIBUTES, MAX_BYTES
from tests.support.api import Api, Person
from tests.support.tables import contents

BODY = {
    "name": "department",
    "type": "string",
    "label": "Department",
    "owner_access": "read",
    "required": False,
    "pattern": "[a-z]+(-[0-9]{2})?",
    "max_length": 20,
    "allowed": None,
}


async def define(api: Api, admin: Person, name: str, **members: Any) -> None:
    """Define an attribute."""
    made = await api.post("/attributes", {"name": name, **members}, admin)
    assert made.status_code == 201, made.text


async def held(api: Api, reader: Person, user_id: object = "me") -> dict[str, Any]:
    """Return the values that somebody sees of an account."""
    answer = await api.get(f"/users/{user_id}/attributes", reader)
    assert answer.status_code == 200
    return {each["name"]: each["value"] for each in answer.json()["attributes"]}


async def set_to(api: Api, admin: Person, person: Person, **values: Any) -> Any:
    """Set attributes of somebody, and return the answer."""
    return await api.patch(f"/users/{person.id}", {"attributes": values}, admin)


async def test_an_attribute_is_defined_read_changed_and_deleted(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    made = await api.post("/attributes", BODY, admin)
    path = made.headers["location"].removeprefix("/api/v1")
    read = await api.get(path, admin)
    twice = await api.post("/attributes", BODY, admin)
    assert (await set_to(api, admin, person, department="ops-07")).status_code == 200
    change = {"label": "Team", "pattern": None, "allowed": ["ops", "dev"]}

    changed = await api.patch(path, change, admin, If_Match=read.headers["etag"])
    stale = await api.patch(path, {}, admin, If_Match=read.headers["etag"])
    retyped = await api.patch(path, {"type": "date"}, admin)
    listed = await api.get("/attributes", admin)
    kept = await held(api, admin, person.id)
    deleted = await api.delete(path, admin)
    gone = await api.get(path, admin)

    assert made.status_code == 201 and made.json() == read.json()
    assert {name: made.json()[name] for name in BODY} == BODY
    assert twice.json()["code"] == "attribute_exists"
    assert changed.json() == read.json() | change | {
        "updated_at": changed.json()["updated_at"]
    }
    assert (stale.status_code, retyped.status_code) == (412, 422)
    assert listed.json()["items"] == [changed.json()]
    assert kept == {"department": "ops-07"}  # no stricter definition takes it away
    assert (deleted.status_code, gone.json()["code"]) == (204, "attribute_not_found")
    assert await held(api, admin, person.id) == {}
    trail = [name for name in await api.trail(None) if name.startswith("attribute.")]
    assert trail == ["attribute.created", "attribute.updated", "attribute.deleted"]


async def test_what_could_judge_nothing_is_no_definition(api: Api) -> None:
    admin = await api.admin()
    bodies = {"pattern": "a)|(b", "max_length": 0, "name": "email; x", "type": "x"}

    for field, value in bodies.items():
        refused = await api.post("/attributes", {"name": "x", field: value}, admin)

        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == [field]
    assert (await api.get("/attributes", admin)).json()["items"] == []


async def test_values_are_of_their_type(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    values = {"number": 4.5, "boolean": False, "date": "2024-02-29"}
    values |= {"string": "Zürich", "strings": ["b", "a"]}
    for kind in values:
        await define(api, admin, kind, type=kind)

    taken = await set_to(api, admin, person, **values)
    refused = await set_to(api, admin, person, boolean=True, number="4.5")

    assert taken.status_code == 200, taken.text
    assert refused.json()["errors"][0]["field"] == "attributes.number"
    assert await held(api, admin, person.id) == values  # the other one neither


async def test_people_set_what_is_theirs_and_see_no_more(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    await define(api, admin, "shirt", owner_access="write")
    await define(api, admin, "grade", owner_access="read", type="number")
    await define(api, admin, "remark")
    await set_to(api, admin, person, grade=4, remark="late", shirt="M")

    own = await api.patch("/users/me", {"attributes": {"shirt": "L"}}, person)
    before = await contents(api.runtime)
    refusals = [
        (await api.patch("/users/me", {"attributes": {name: value}}, person)).json()
        for name, value in (("grade", 1), ("remark", "x"), ("nothing", "x"))
    ]

    codes = [each["errors"][0]["code"] for each in refusals]
    assert codes == ["attribute_not_own", "unknown_attribute", "unknown_attribute"]
    same = [each["errors"][0]["message"] for each in refusals[1:]]
    assert same == ["there is no attribute remark", "there is no attribute nothing"]
    assert await contents(api.runtime) == before
    assert own.status_code == 200
    assert await held(api, person) == {"grade": 4, "shirt": "L"}
    everything = {"grade": 4, "remark": "late", "shirt": "L"}
    assert await held(api, admin, person.id) == everything


async def test_required_ones_are_demanded_and_kept(api: Api) -> None:
    admin = await api.admin()
    await define(api, admin, "badge", required=True, owner_access="write")
    body: dict[str, Any] = {"email": "ann@example.com"}

    without = await api.post("/users", body, admin)
    empty = await api.post("/users", body | {"attributes": {"badge": " "}}, admin)
    made = await api.post("/users", body | {"attributes": {"badge": "7"}}, admin)
    path = f"/users/{made.json()['id']}"
    emptied = await api.patch(path, {"attributes": {"badge": None}}, admin)

    for refused in (without, empty, emptied):
        assert refused.json()["errors"][0]["field"] == "attributes.badge"
        assert refused.json()["errors"][0]["code"] == "attribute_required"
    assert made.status_code == 201
    assert await held(api, admin, made.json()["id"]) == {"badge": "7"}


async def test_a_change_counts_as_one_of_the_account(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    await define(api, admin, "x")
    read = await api.get(f"/users/{person.id}", admin)
    tag = {"If_Match": read.headers["etag"]}
    body = {"attributes": {"x": "1"}}

    changed = await api.patch(f"/users/{person.id}", body, admin, **tag)
    stale = await api.patch(f"/users/{person.id}", body, admin, **tag)
    again = await api.patch(f"/users/{person.id}", body, admin)
    emptied = await set_to(api, admin, person, x=None)

    assert (changed.status_code, stale.status_code) == (200, 412)
    assert again.headers["etag"] == changed.headers["etag"]  # it was that already
    assert emptied.status_code == 200
    assert await held(api, admin, person.id) == {"x": None}
    trail = [name for name in await api.trail(person.id) if name == "user.updated"]
    assert len(trail) == 2


async def test_number_and_size_are_bounded(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    for number in range(MAX_ATTRIBUTES):
        await define(api, admin, f"a{number}")

    one_more = await api.post("/attributes", {"name": "more"}, admin)
    much = {f"a{number}": "x" * 1_000 for number in range(MAX_BYTES // 1_000 + 1)}
    large = await set_to(api, admin, person, **much)
    unknown = await set_to(api, admin, person, more="x")

    assert one_more.json()["code"] == "too_many_attributes"
    assert large.json()["errors"][0]["code"] == "attributes_too_large"
    assert unknown.json()["errors"][0]["code"] == "unknown_attribute"
    assert not any((await held(api, admin, person.id)).values())


async def test_owners_get_all_of_it_and_it_goes_with_them(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    await define(api, admin, "remark")
    await set_to(api, admin, person, remark="late")

    copy = (await api.get("/users/me/export", person)).json()
    await api.delete(f"/users/{person.id}", admin)

    assert copy["user"]["attributes"] == {"remark": "late"}
    assert (await contents(api.runtime))["user_attributes"] == []
