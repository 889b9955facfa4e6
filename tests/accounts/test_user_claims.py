"""Standard claims (OIDC Core 5.1) that accounts have no column for."""

from typing import Any

import pytest
from httpx2 import Response

from app.models import UserClaims
from app.services.server.runtime import Runtime
from tests.security.test_access_control import manager
from tests.support.api import Api, Person
from tests.support.oauth import Protocol
from tests.support.tables import contents

ALL: dict[str, Any] = {
    "middle_name": "Augusta",
    "nickname": "Ada",
    "profile": "https://ada.example/me",
    "website": "http://ada.example",
    "gender": "female",
    "birthdate": "1815-12-10",
    "address": {
        "formatted": "12 St James's Square\nLondon",
        "street_address": "12 St James's Square",
        "locality": "London",
        "region": "London",
        "postal_code": "SW1Y 4JH",
        "country": "UK",
    },
    "phone_number": "+44 20 7946 0000",
}


async def put(
    api: Api, body: Any, person: Person, whose: Person | None = None
) -> Response:
    """Replace claims: one's own, or somebody's."""
    path = f"/api/v1/users/{whose.id if whose else 'me'}/claims"
    return await api.client.put(path, json=body, headers=person.headers)


async def held(api: Api, person: Person) -> dict[str, Any]:
    answer = await api.get("/users/me/claims", person)
    assert answer.status_code == 200
    return {n: v for n, v in answer.json().items() if v is not None}


async def test_claims_are_replaced_read_exported_and_recorded(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    assert await held(api, person) == {}

    answer = await put(api, ALL, person)
    whole = await held(api, person)
    before = (await api.client.get("/api/v1/users/me", headers=person.headers)).headers
    again = await put(api, ALL, person)
    after = (await api.client.get("/api/v1/users/me", headers=person.headers)).headers
    export = (await api.get("/users/me/export", person)).json()["user"]["claims"]
    fewer = await put(api, {"nickname": "Countess", "gender": None}, person)

    assert (answer.status_code, again.status_code) == (200, 200), answer.text
    assert whole == ALL | {"phone_number_verified": False} == export
    assert before["etag"] == after["etag"]  # nothing changed
    assert fewer.status_code == 200
    assert await held(api, person) == {"nickname": "Countess"}
    trail = await api.trail(person.id)
    assert trail.count("user.updated") == 2
    async with runtime.unit_of_work(read_only=True) as uow:
        [latest, first] = [
            row.data
            for row in await uow.audit_events.list_page(
                user_id=person.id, after=None, limit=50
            )
            if row.name == "user.updated"
        ]
    assert first == {"fields": sorted([*ALL, "phone_number_verified"])}
    assert set(latest["fields"]) == {*ALL, "phone_number_verified"}


async def test_only_administrators_say_that_a_number_is_verified(api: Api) -> None:
    person, admin = await api.person(), await api.admin()
    number = {"phone_number": "+1 (425) 555-1212"}

    refused = await put(api, number | {"phone_number_verified": True}, person)
    await put(api, number | {"phone_number_verified": True}, admin, person)
    verified = await held(api, person)
    await put(api, number | {"nickname": "x"}, person)
    kept = await held(api, person)
    await put(api, {"phone_number": "+1 (604) 555-1234;ext=5678"}, person)
    changed = await held(api, person)
    await put(api, number | {"phone_number_verified": True}, admin, person)
    await put(api, {"phone_number": "+14255551213"}, admin, person)
    by_admin = await held(api, person)
    alone = await put(api, {"phone_number_verified": True}, admin, person)

    assert (refused.status_code, alone.status_code) == (422, 422)
    assert refused.json()["errors"][0]["field"] == "phone_number_verified"
    assert verified["phone_number_verified"] is True
    assert kept["phone_number_verified"] is True
    assert changed["phone_number_verified"] is False
    assert by_admin["phone_number_verified"] is False


BAD: list[tuple[str, Any]] = [
    ("nickname", ""),
    ("nickname", "a\nb"),
    ("nickname", "a\u202eb"),
    ("nickname", "x" * 201),
    ("nickname", 7),
    ("profile", "javascript:alert(1)"),
    ("profile", "ada.example"),
    ("website", "https://a.example/" + "x" * 2_048),
    ("birthdate", "10.12.1815"),
    ("birthdate", "2001-02-29"),
    ("birthdate", "0000"),
    ("birthdate", "1815-12"),
    ("birthdate", "１８１５"),
    ("phone_number", "020 7946 0000"),
    ("phone_number", "+1"),
    ("phone_number", "+" + "1" * 16),
    ("phone_number", "+1 425 555 1212;x=<b>"),
    ("address", "London"),
    ("address", {"city": "London"}),
    ("address", {"formatted": "a\x0bb"}),
    ("address", {"country": ["UK"]}),
    ("sub", "x"),
    ("email", "x@example.com"),
    ("name", "x"),
]


async def test_claims_are_judged_strictly_and_nothing_changes(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    await put(api, ALL, person)
    before = await contents(runtime)

    for name, value in BAD:
        answer = await put(api, {name: value}, person)

        assert answer.status_code == 422, (name, value)
        assert answer.json()["errors"][0]["field"].startswith(name), (name, value)
    assert await contents(runtime) == before


async def test_oidc_core_5_1_a_birthdate_may_leave_out_year_or_day(api: Api) -> None:
    person = await api.person()

    for birthdate in ("1815", "0000-02-29", "2000-02-29"):
        answer = await put(api, {"birthdate": birthdate, "address": {}}, person)

        assert answer.status_code == 200, answer.text
        assert await held(api, person) == {"birthdate": birthdate}


async def test_t155_nobody_changes_claims_of_who_may_do_more(api: Api) -> None:
    boss = await manager(api, "users:read", "users:write")
    victim = await api.admin()

    refused = await put(api, {"nickname": "x"}, boss, victim)
    harmless = await put(api, {"nickname": "x"}, boss, await api.person())
    own = await put(api, {"nickname": "x"}, boss, boss)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (harmless.status_code, own.status_code) == (200, 200)
    assert await held(api, victim) == {}
    assert (await api.get(f"/users/{victim.id}/claims", boss)).status_code == 200


async def test_claims_of_nobody_are_not_found(api: Api) -> None:
    admin, gone = await api.admin(), await api.person()
    await put(api, ALL, gone)
    await api.delete("/users/me", gone)

    answers = [
        await api.get(f"/users/{gone.id}/claims", admin),
        await put(api, ALL, admin, gone),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


class TestLimit:
    """Each change is evidence kept, so their number is bounded."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"limits": {"profile_account": "2/600"}}

    async def test_owners_have_the_limit_of_their_profile(self, api: Api) -> None:
        person = await api.person()

        answers = [await put(api, {"nickname": str(n)}, person) for n in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_preferred_username_is_given_by_an_administrator_and_unique(
    api: Api,
) -> None:
    ann, ben, admin = await api.person(), await api.person(), await api.admin()

    own = await put(api, {"preferred_username": "alice"}, ann)
    given = await put(api, {"preferred_username": "alice"}, admin, ann)
    twins = [
        (await put(api, {"preferred_username": twin}, admin, ben)).json()["code"]
        for twin in ("alice", "Alice", "\uff41lice")
    ]
    kept = await put(api, {"nickname": "Al"}, ann)
    same = await put(api, {"nickname": "Al", "preferred_username": "alice"}, ann)
    freed = await put(api, {}, admin, ann)
    moved = await put(api, {"preferred_username": "ALICE"}, admin, ben)

    assert (own.status_code, own.json()["code"]) == (403, "username_not_own")
    assert given.status_code == 200
    assert twins == ["username_taken"] * 3
    assert kept.json()["preferred_username"] == "alice"
    assert [same.status_code, freed.status_code, moved.status_code] == [200] * 3


async def test_a_name_that_nobody_gave_is_told_to_no_application(
    api: Api, runtime: Runtime, protocol: Protocol
) -> None:
    """What people said of themselves before, or by a release before, is not told."""
    signed_in = await protocol.signed_in(await protocol.apps(), scope="openid profile")
    app = await protocol.apps(scope="openid profile")
    signed_in = await protocol.signed_in(app, scope="openid profile")
    admin, whose = await api.admin(), signed_in.user.id
    async with runtime.unit_of_work() as uow:
        now = uow.clock.now()
        claims = {"preferred_username": "root", "nickname": "Al"}
        uow.user_claims.add(UserClaims(user_id=whose, claims=claims, updated_at=now))

    before = (await protocol.userinfo(signed_in.access)).json()
    await api.client.put(
        f"/api/v1/users/{whose}/claims",
        json={"preferred_username": "alice"},
        headers=admin.headers,
    )
    after = (await protocol.userinfo(signed_in.access)).json()

    assert "preferred_username" not in before and before["nickname"] == "Al"
    assert after["preferred_username"] == "alice"
