"""Caches, frames, other origins, and what an outage shows."""

import pytest

from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api


async def test_t182_no_answer_about_a_person_may_be_kept(api: Api) -> None:
    person = await api.person()
    answers = [
        await api.login(person.email),
        await api.login(person.email, "wrong"),
        await api.get("/users/me", person),
        await api.get("/users/me"),
        await api.get("/users/me/export", person),
        await api.get("/users/me/sessions", person),
        await api.post(
            "/auth/refresh", {"refresh_token": person.tokens["refresh_token"]}
        ),
        await api.get("/nothing/here", person),
    ]

    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_t182_no_other_origin_is_let_in(api: Api, origin: str) -> None:
    person = await api.person()
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    asked = await api.client.options("/api/v1/auth/login", headers=preflight)
    read = await api.client.get(
        "/api/v1/users/me", headers=person.headers | {"Origin": origin}
    )

    for answer in (asked, read):
        found = [name for name in answer.headers if name.startswith("access-control")]
        assert found == []


async def test_t184_every_answer_refuses_to_be_framed_and_sniffed(api: Api) -> None:
    paths: tuple[str, ...] = (
        "/signin",
        "/api/v1/users/me",
        "/health/live",
        "/nothing",
        "/openapi.json",
    )
    paths += ("/.well-known/jwks.json", "/docs/errors", "/api/v1/x%00", "/verify-email")

    for path in paths:
        headers = (await api.client.get(path)).headers
        is_page = headers["content-type"].startswith("text/html")
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        referrer = "same-origin" if is_page else "no-referrer"
        assert headers["referrer-policy"] == referrer
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "server" not in headers and "x-powered-by" not in headers


async def test_t181_t197_without_a_database_nobody_is_signed_in_and_nothing_leaks(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await api.admin()
    before = {"path": ["/users/me", "/users", "/settings", "/keys", "/roles"]}

    def cut(*_args: object, **_options: object) -> None:
        raise OSError("connection to db.internal:5432 as auth_serve refused")

    monkeypatch.setattr(runtime.database.engine.sync_engine.pool, "connect", cut)
    answers = [await api.get(path, admin) for path in before["path"]]
    answers += [
        await api.login(admin.email),
        await api.post(
            "/auth/register", {"email": "a@b.example", "password": PASSWORD}
        ),
        await api.post("/auth/forgot-password", {"email": admin.email}),
        await api.client.get("/health/ready"),
    ]
    monkeypatch.undo()

    for answer in answers:
        assert answer.status_code == 503, answer.request.url
        assert answer.headers["retry-after"] == "5"
        assert "db.internal" not in answer.text and "OSError" not in answer.text
    assert (await api.get("/users/me", admin)).status_code == 200


async def test_t193_a_fresh_installation_has_no_password_at_all(api: Api) -> None:
    for email in ("admin@example.com", "admin@localhost", "admin", "root"):
        for password in ("", "admin", "changeme", "password", "auth-serve"):
            answer = await api.login(email, password)
            assert answer.status_code in (401, 429)
