"""Who may do what to whom: extra fields, other people's things, more than one has."""

from typing import Any
from uuid import uuid4

import pytest

from app.services.server.runtime import Runtime
from tests.conftest import SECRET
from tests.support.api import PASSWORD, PRODUCTION, Api, Person

EXTRA: list[dict[str, Any]] = [
    {"is_admin": True},
    {"roles": ["admin"]},
    {"role": "admin"},
    {"permissions": ["*"]},
    {"email_verified": True},
    {"status": "active"},
    {"tenant_id": 1},
    {"id": "00000000-0000-7000-8000-000000000000"},
    {"created_at": "2020-01-01T00:00:00Z"},
    {"password_hash": "x"},
    {"version": 9},
    {"user_id": "00000000-0000-7000-8000-000000000000"},
]


async def manager(api: Api, *permissions: str) -> Person:
    """Return somebody signed in whose role holds these permissions."""
    admin = await api.admin()
    body = {"name": "manager", "permissions": list(permissions)}
    made = await api.post("/roles", body, admin)
    assert made.status_code == 201, made.text
    return await api.person("manager")


@pytest.mark.parametrize("extra", EXTRA, ids=lambda extra: next(iter(extra)))
async def test_t149_fields_that_are_not_offered_are_refused(
    api: Api, extra: dict[str, Any]
) -> None:
    person = await api.person()
    body = {"email": "new@example.com", "password": PASSWORD}

    registered = await api.post("/auth/register", body | extra)
    changed = await api.patch("/users/me", {"name": "x"} | extra, person)
    signed_in = await api.post("/auth/login", {**body, "email": person.email} | extra)

    assert (registered.status_code, changed.status_code) == (422, 422)
    assert signed_in.status_code == 422
    me = (await api.get("/users/me", person)).json()
    assert me["roles"] == ["user"] and me["name"] is None


async def test_t148_t149_every_route_of_administrators_refuses_others(
    api: Api, runtime: Runtime
) -> None:
    person, document = await api.person(), api.client
    paths = (await document.get("/openapi.json")).json()["paths"]
    mine = ("/api/v1/auth/", "/api/v1/users/me")
    found = [
        (method, path)
        for path, item in paths.items()
        for method in item
        if path.startswith("/api/v1/") and not path.startswith(mine)
    ]

    statuses = {}
    for method, path in found:
        values = {"name": "admin", "client_id": "shop", "factor": "totp"}
        values |= {"attribute": "x", "host": "wiki.example.org"}
        values |= {"host": "wiki.example.org", "correlation_id": "r-1"}
        values |= dict.fromkeys(
            (
                *("user_id", "message_id", "session_id", "secret_id"),
                *("group_id", "resource_id", "token_id", "webhook_id"),
                *("connection_id", "domain_id", "link_id", "sync_id"),
            ),
            str(uuid4()),
        )
        url = path.format(**values)
        anonymous = await document.request(method, url)
        other = await document.request(method, url, headers=person.headers, json=None)
        statuses[method, path] = (anonymous.status_code, other.status_code)

    assert len(found) > 15
    for route, seen in statuses.items():
        assert seen[0] in (401, 422), route
        assert seen[1] in (403, 422), route


async def test_t149_bodies_do_not_help_a_stranger_past_the_gate(api: Api) -> None:
    person = await api.person()
    tries = [
        ("/users", {"email": "x@example.com", "roles": ["admin"]}),
        ("/roles", {"name": "mine", "permissions": ["users:write"]}),
        (f"/users/{person.id}/password-reset", None),
        (f"/users/{person.id}/sessions/revoke", None),
        ("/keys/rotate", None),
    ]

    anonymous = [(await api.post(path, body)).status_code for path, body in tries]
    other = [(await api.post(path, body, person)).status_code for path, body in tries]

    assert anonymous == [401] * 5
    assert other == [403] * 5


async def test_t151_other_peoples_sessions_do_not_exist(api: Api) -> None:
    victim, attacker = await api.person(), await api.person()
    listed = (await api.get("/users/me/sessions", victim)).json()["items"]
    [session] = [each["id"] for each in listed]

    answer = await api.delete(f"/users/me/sessions/{session}", attacker)
    unknown = await api.delete(f"/users/me/sessions/{uuid4()}", attacker)

    assert (answer.status_code, unknown.status_code) == (404, 404)
    assert answer.json()["code"] == unknown.json()["code"]
    assert (await api.get("/users/me", victim)).status_code == 200


async def test_t152_no_answer_shows_a_secret(api: Api, runtime: Runtime) -> None:
    admin = await api.admin()
    await api.post("/users", {"email": "new@example.com"}, admin)
    invitation = await api.mailed("invitation")
    async with runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_id(admin.id)
    assert user is not None and user.password_hash is not None
    paths = ["/users/me", "/users/me/export", "/users/me/sessions", "/users", "/roles"]
    paths += ["/users/me/activity", "/audit-events", "/settings", "/keys"]
    paths += ["/outbox?state=pending", f"/users/{admin.id}"]

    shown = "".join([(await api.get(path, admin)).text for path in paths])

    assert admin.email in shown and "new@example.com" in shown
    for secret in (
        user.password_hash,
        user.password_hash.rpartition("$")[2],
        PASSWORD,
        invitation.token,
        invitation.code,
        SECRET,
        admin.tokens["refresh_token"],
        admin.tokens["access_token"],
    ):
        assert secret not in shown
    for word in ('"password_hash"', '"d":', "BEGIN", "counter"):
        assert word not in shown


async def test_t155_a_manager_of_users_does_not_become_administrator(
    api: Api,
) -> None:
    boss = await manager(api, "users:read", "users:write", "roles:read", "roles:write")
    victim = await api.admin()
    newcomer = {"email": "x@example.com", "roles": ["admin"], "password": PASSWORD}

    answers = [
        await api.patch(f"/users/{boss.id}", {"roles": ["admin"]}, boss),
        await api.patch(f"/users/{victim.id}", {"name": "x"}, boss),
        await api.patch(f"/users/{victim.id}", {"status": "disabled"}, boss),
        await api.patch(f"/users/{victim.id}", {"roles": []}, boss),
        await api.post(f"/users/{victim.id}/password-reset", None, boss),
        await api.post(f"/users/{victim.id}/sessions/revoke", None, boss),
        await api.delete(f"/users/{victim.id}", boss),
        await api.post("/users", newcomer, boss),
        await api.post("/roles", {"name": "own", "permissions": ["keys:write"]}, boss),
        await api.patch("/roles/manager", {"permissions": ["keys:write"]}, boss),
    ]
    harmless = await api.post("/users", {"email": "y@example.com"}, boss)

    assert [answer.status_code for answer in answers] == [403] * 10
    assert harmless.status_code == 201
    assert (await api.get("/users/me", victim)).status_code == 200


async def test_t155_a_role_is_not_widened_by_who_may_only_write_users(
    api: Api,
) -> None:
    boss = await manager(api, "users:read", "users:write")

    answers = [
        await api.post("/roles", {"name": "own"}, boss),
        await api.patch("/roles/manager", {"permissions": ["users:read"]}, boss),
        await api.delete("/roles/manager", boss),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize("role", ["admin", "user"])
async def test_t155_built_in_roles_stay_as_they_are(api: Api, role: str) -> None:
    admin = await api.admin()

    answers = [
        await api.patch(f"/roles/{role}", {"permissions": []}, admin),
        await api.delete(f"/roles/{role}", admin),
    ]

    assert {answer.status_code for answer in answers} <= {403, 409}


async def test_t157_a_permission_that_was_taken_away_is_gone_at_once(api: Api) -> None:
    boss, admin = await manager(api, "users:read"), await api.admin()
    before = await api.get("/users", boss)

    await api.patch(f"/users/{boss.id}", {"roles": ["user"]}, admin)

    assert before.status_code == 200
    assert (await api.get("/users", boss)).status_code == 403


class TestInProduction:
    """What only developers need is not there."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return dict(PRODUCTION)

    async def test_t154_nothing_for_developers_is_served(self, api: Api) -> None:
        paths = (
            "/openapi.json",
            "/docs",
            "/redoc",
            "/dev/mailbox",
            "/debug",
            "/metrics",
        )

        answers = [await api.client.get(path) for path in paths]
        settings = await api.client.get("/api/v1/settings")
        ready = await api.client.get("/health/ready")

        assert [answer.status_code for answer in answers] == [404] * 6
        assert settings.status_code == 401
        assert "://" not in ready.text

    async def test_t182_https_is_demanded_for_two_years(self, api: Api) -> None:
        answer = await api.client.get("/health/live")

        assert answer.headers["strict-transport-security"].startswith(
            "max-age=63072000"
        )
