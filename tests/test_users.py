"""``/api/v1/users`` and what administrators need beside it."""

from collections import Counter

import pytest

from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock


async def test_the_owner_changes_the_profile_if_nobody_else_did(api: Api) -> None:
    person = await api.person()
    etag = (await api.get("/users/me", person)).headers["etag"]

    first = await api.patch("/users/me", {"name": "Ann"}, person, if_match=etag)
    stale = await api.patch("/users/me", {"name": "Bob"}, person, if_match=etag)

    assert (first.status_code, first.json()["name"]) == (200, "Ann")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await api.get("/users/me", person)).json()["name"] == "Ann"


@pytest.mark.parametrize(
    "change",
    [
        {"picture": "javascript:alert(1)"},
        {"zoneinfo": "Mars/Olympus"},
        {"locale": "not a tag"},
        {"name": "line\nbreak"},
        {"email": "new@example.com"},
        {"roles": ["admin"]},
    ],
)
async def test_the_owner_cannot_change_what_is_not_acceptable(
    api: Api, change: dict[str, object]
) -> None:
    person = await api.person()

    answer = await api.patch("/users/me", change, person)

    assert answer.status_code == 422
    assert (await api.get("/users/me", person)).json()["roles"] == ["user"]


async def test_deletion_asks_for_a_recent_sign_in_and_ends_everything(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    clock.advance(minutes=11)
    body = {"refresh_token": person.tokens["refresh_token"]}
    person.tokens = (await api.post("/auth/refresh", body)).json()

    stale = await api.delete("/users/me", person)
    fresh = await api.signed_in(person)
    gone = await api.delete("/users/me", fresh)

    assert stale.json()["code"] == "reauthentication_required"
    assert gone.status_code == 204
    assert (await api.get("/users/me", person)).status_code == 401
    assert (await api.login(person.email)).status_code == 401
    assert (await api.trail(person.id))[-1] == "user.deleted"
    assert (await api.mails())[-1]["template"] == "account_deleted"


async def test_the_export_holds_everything_and_no_secret(api: Api) -> None:
    person = await api.person()

    answer = await api.get("/users/me/export", person)

    content = answer.json()
    assert content["user"]["email"] == person.email
    assert [len(content[part]) for part in ("sessions", "activity")] == [1, 2]
    assert (await api.trail(person.id))[-1] == "user.exported"
    assert "argon2" not in answer.text and "password_hash" not in answer.text


async def test_a_new_address_confirms_and_both_are_told(api: Api) -> None:
    for way in ("token", "code"):
        person = await api.person()
        new = f"new-{way}@example.com"
        asked = await api.post("/users/me/email", {"email": new}, person)
        mail = await api.mailed("change_email")
        body = {way: getattr(mail, way)}

        done = await api.post("/users/me/email/confirm", body, person)
        again = await api.post("/users/me/email/confirm", body, person)

        assert (asked.status_code, done.status_code, again.status_code) == (
            202,
            204,
            400,
        )
        assert mail.to == new
        told = [(mail["template"], mail["to"]) for mail in await api.mails()]
        moved = [("email_changed", person.email), ("email_moved_here", new)]
        assert told[-2:] == moved
        assert (await api.get("/users/me", person)).json()["email"] == new


async def test_moving_to_a_taken_address_answers_the_same_and_tells_its_owner(
    api: Api,
) -> None:
    person, other = await api.person(), await api.users()

    answer = await api.post("/users/me/email", {"email": other.email}, person)

    mail = (await api.mails())[-1]
    assert answer.status_code == 202
    assert (mail["template"], mail["to"]) == ("registration_repeated", other.email)


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(api: Api) -> None:
    here = await api.person()
    there, elsewhere = await api.signed_in(here), await api.signed_in(here)

    items = (await api.get("/users/me/sessions", here)).json()["items"]
    current = [item for item in items if item["current"]]
    last = await api.delete(f"/users/me/sessions/{items[0]['id']}", here)
    others = await api.delete("/users/me/sessions", here)

    assert (len(items), len(current)) == (3, 1)
    assert (last.status_code, others.status_code) == (204, 204)
    assert (await api.get("/users/me", here)).status_code == 200
    for person in (there, elsewhere):
        assert (await api.get("/users/me", person)).status_code == 401


async def test_the_activity_is_paged_newest_first(api: Api) -> None:
    person = await api.person()
    for name in ("A", "B", "C"):
        await api.patch("/users/me", {"name": name}, person)

    first = (await api.get("/users/me/activity?limit=3", person)).json()
    path = f"/users/me/activity?limit=3&cursor={first['next_cursor']}"
    rest = (await api.get(path, person)).json()

    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["user.updated"] * 3 + ["sign_in.succeeded"]
    assert rest["next_cursor"] is None
    forged = await api.get(f"/users/me/activity?cursor=x{first['next_cursor']}", person)
    assert (forged.status_code, forged.json()["code"]) == (400, "invalid_cursor")


async def test_an_administrator_invites_and_the_owner_chooses_a_password(
    api: Api,
) -> None:
    admin = await api.admin()
    body = {"email": "New@example.com", "name": "New", "roles": ["user"]}
    created = await api.post("/users", body, admin)
    mail = await api.mailed("invitation")
    accept = {
        "email": "new@example.com",
        "password": PASSWORD,
        "invitation": mail.token,
    }

    other = await api.post("/auth/register", accept | {"email": "x@example.com"})
    accepted = await api.post("/auth/register", accept)
    again = await api.post("/auth/register", accept)

    assert created.status_code == 201, created.text
    assert created.headers["location"] == f"/api/v1/users/{created.json()['id']}"
    assert (other.status_code, accepted.status_code, again.status_code) == (
        400,
        201,
        400,
    )
    assert (await api.login("new@example.com")).status_code == 200


async def test_users_are_listed_searched_sorted_and_paged(api: Api) -> None:
    admin = await api.admin()
    for number in range(5):
        await api.users(email=f"person{number}@example.org", name=f"Zoë {number}")

    found = await api.get("/users?q=ZOË&sort=-email&limit=3", admin)
    page = found.json()
    path = f"/users?q=ZOË&sort=-email&limit=3&cursor={page['next_cursor']}"
    rest = (await api.get(path, admin)).json()

    emails = [item["email"] for item in page["items"] + rest["items"]]
    assert emails == [f"person{n}@example.org" for n in (4, 3, 2, 1, 0)]
    assert (await api.get("/users?role=admin", admin)).json()["items"][0][
        "email"
    ] == admin.email
    assert (await api.get("/users?sort=password_hash", admin)).status_code == 422


async def test_a_disabled_user_is_out_at_once_and_may_come_back(api: Api) -> None:
    admin, person = await api.admin(), await api.person()

    off = await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    meanwhile = await api.get("/users/me", person)
    refused = await api.login(person.email)
    body = {"refresh_token": person.tokens["refresh_token"]}
    refreshed = await api.post("/auth/refresh", body)
    await api.patch(f"/users/{person.id}", {"status": "active"}, admin)

    assert off.json()["status"] == "disabled"
    assert [meanwhile.status_code, refused.status_code, refreshed.status_code] == [
        401,
        401,
        401,
    ]
    assert (await api.login(person.email)).status_code == 200


async def test_a_manager_cannot_touch_or_become_an_administrator(api: Api) -> None:
    admin = await api.admin()
    role = {"name": "manager", "permissions": ["users:read", "users:write"]}
    await api.post("/roles", role, admin)
    manager, person = await api.person("manager"), await api.person()

    answers = [
        await api.patch(f"/users/{manager.id}", {"roles": ["admin"]}, manager),
        await api.patch(f"/users/{admin.id}", {"status": "disabled"}, manager),
        await api.post(f"/users/{admin.id}/password-reset", None, manager),
        await api.post(f"/users/{admin.id}/sessions/revoke", None, manager),
        await api.delete(f"/users/{admin.id}", manager),
        await api.post("/users", {"email": "x@y.org", "roles": ["admin"]}, manager),
        await api.get("/audit-events", manager),
        await api.get("/users", person),
    ]

    assert [answer.status_code for answer in answers] == [403] * 8
    assert (await api.get("/users/me", admin)).json()["roles"] == ["admin", "user"]


async def test_the_last_administrator_stays(api: Api) -> None:
    admin = await api.admin()

    answers = [
        await api.patch(f"/users/{admin.id}", {"roles": ["user"]}, admin),
        await api.patch(f"/users/{admin.id}", {"status": "disabled"}, admin),
        await api.delete(f"/users/{admin.id}", admin),
        await api.delete("/users/me", admin),
    ]

    assert [answer.json()["code"] for answer in answers] == ["last_administrator"] * 4
    assert (await api.get("/users", admin)).status_code == 200


async def test_an_administrator_starts_a_reset_ends_sessions_and_deletes(
    api: Api,
) -> None:
    admin, person = await api.admin(), await api.person()

    reset = await api.post(f"/users/{person.id}/password-reset", None, admin)
    out = await api.get("/users/me", person)
    mail = await api.mailed("reset_password")
    again = await api.signed_in(person)
    revoked = await api.post(f"/users/{person.id}/sessions/revoke", None, admin)
    deleted = await api.delete(f"/users/{person.id}", admin)

    assert (reset.status_code, out.status_code, mail.to) == (202, 401, person.email)
    assert (revoked.status_code, deleted.status_code) == (204, 204)
    assert (await api.get("/users/me", again)).status_code == 401
    missing = await api.get(f"/users/{person.id}", admin)
    assert (missing.status_code, missing.json()["code"]) == (404, "user_not_found")


async def test_roles_are_made_changed_and_deleted_but_not_the_built_in_ones(
    api: Api,
) -> None:
    admin = await api.admin()
    made = await api.post(
        "/roles", {"name": "support", "permissions": ["users:read"]}, admin
    )
    person = await api.person("support")

    allowed = await api.get("/users", person)
    changed = await api.patch("/roles/support", {"permissions": []}, admin)
    refused = await api.get("/users", person)
    twice = await api.post("/roles", {"name": "support"}, admin)
    gone = await api.delete("/roles/support", admin)

    assert (made.status_code, changed.status_code, gone.status_code) == (201, 200, 204)
    assert (allowed.status_code, refused.status_code) == (200, 403)
    assert twice.json()["code"] == "role_exists"
    built_in = await api.patch("/roles/admin", {"permissions": []}, admin)
    assert built_in.status_code == 403
    names = [r["name"] for r in (await api.get("/roles", admin)).json()["items"]]
    assert names == ["admin", "user"]


async def test_a_role_is_changed_if_nobody_else_did(api: Api) -> None:
    admin = await api.admin()
    await api.post("/roles", {"name": "support"}, admin)
    etag = (await api.get("/roles/support", admin)).headers["etag"]
    path, one, two = "/roles/support", {"description": "1"}, {"description": "2"}

    first = await api.patch(path, one, admin, if_match=etag)
    stale = await api.patch(path, two, admin, if_match=etag)
    stored = await api.get(path, admin)
    blind = await api.patch(path, {"description": "3"}, admin)
    newest = await api.patch(path, two, admin, if_match=blind.headers["etag"])

    assert (first.status_code, stale.status_code) == (200, 412)
    assert stale.json()["code"] == "precondition_failed"
    assert stored.json()["description"] == "1"
    assert stored.headers["etag"] == first.headers["etag"] != etag
    assert (blind.status_code, newest.status_code) == (200, 200)


async def test_operators_see_settings_keys_events_and_the_outbox(api: Api) -> None:
    admin = await api.admin()
    await api.post("/auth/forgot-password", {"email": admin.email})

    settings = (await api.get("/settings", admin)).text
    rotated = await api.post("/keys/rotate", None, admin)
    events = await api.get("/audit-events?name=password.reset_requested", admin)
    pending = (await api.get("/outbox?state=pending", admin)).json()["items"]
    retried = await api.post(f"/outbox/{pending[0]['id']}/retry", None, admin)
    unknown = await api.post(f"/outbox/{admin.id}/retry", None, admin)

    assert "tests-only" not in settings and "(set)" in settings
    assert len(rotated.json()["items"]) == 8
    assert events.json()["items"][0]["user_id"] == str(admin.id)
    assert (retried.status_code, unknown.status_code) == (200, 404)


async def test_an_operator_rotates_the_keys_of_one_algorithm(api: Api) -> None:
    admin = await api.admin()

    one = await api.post("/keys/rotate?algorithm=EdDSA", None, admin)
    refused = [
        await api.post(f"/keys/rotate?algorithm={name}", None, admin)
        for name in ("HS256", "none", "eddsa", "", "x" * 1_000, "RS256,ES256")
    ]
    twice = await api.post("/keys/rotate?algorithm=ES256&algorithm=RS256", None, admin)
    every = await api.post("/keys/rotate", None, admin)

    counted = Counter(key["algorithm"] for key in one.json()["items"])
    assert counted == {"RS256": 1, "ES256": 1, "PS256": 1, "EdDSA": 2}
    assert [answer.status_code for answer in refused] == [422] * 6
    assert {answer.json()["errors"][0]["field"] for answer in refused} == {"algorithm"}
    assert twice.status_code == 400
    assert (every.status_code, len(every.json()["items"])) == (202, 9)
