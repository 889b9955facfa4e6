"""What every request gets, wherever it goes: a line, an id, a bound, a last resort."""

from typing import Any
from uuid import UUID

import pytest

from app.api import middleware
from tests.support.api import Api


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The routes that access lines named."""
    named: list[str | None] = []
    monkeypatch.setattr(
        middleware, "access_line", lambda **line: named.append(line["route"])
    )
    return named


async def test_every_route_is_named_by_its_whole_template(
    api: Api, routes: list[str | None]
) -> None:
    document: dict[str, Any] = (await api.client.get("/openapi.json")).json()
    operations = [
        (method, path) for path, item in document["paths"].items() for method in item
    ]
    routes.clear()

    for method, path in operations:
        asked = path.replace("{passkey_id}", str(UUID(int=1)))  # nothing else is one
        await api.client.request(method, asked.replace("{", "").replace("}", ""))

    assert len(operations) > 30
    assert routes == [path for _, path in operations]


async def test_pages_and_the_unknown_are_named_too(
    api: Api, routes: list[str | None]
) -> None:
    for path in ("/", "/done/setup", "/docs/errors", "/api/v1/nothing/here"):
        await api.client.get(path)

    assert routes == ["/", "/done/{what}", "/docs/errors", None]


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/oauth2/token", "/signin"])
async def test_a_length_past_all_numbers_is_too_much(api: Api, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    kind = "application/json" if path.startswith("/api") else form
    head = {"Content-Length": "9" * 5_000, "Content-Type": kind}

    answer = await api.client.post(path, content=b"{}", headers=head)

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/health/ready"])
async def test_a_defect_is_told_under_its_id(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("app.api.oauth.well_known.get_runtime", fail)
    monkeypatch.setattr("app.api.health.HealthService", fail)

    answer = await api.client.get(path, headers={"X-Request-ID": "of-a-defect"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["correlation_id"] == "of-a-defect"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/health/ready",
        "/signin",
        "/api/v1/users/me",
        "/api/v1/nothing/here",
    ],
)
async def test_head_is_get_without_its_content(
    api: Api, routes: list[str | None], path: str
) -> None:
    """RFC 9110 §9.1: GET and HEAD are for every server."""
    told, asked = await api.client.get(path), await api.client.head(path)

    assert (asked.status_code, asked.content) == (told.status_code, b"")
    assert asked.headers["content-length"] == str(len(told.content))
    assert asked.headers["content-type"] == told.headers["content-type"]
    assert routes[0] == routes[1]


async def test_head_is_no_way_round_a_method(api: Api) -> None:
    for path in ("/oauth2/token", "/api/v1/auth/login", "/oauth2/revoke"):
        answer = await api.client.head(path)

        assert answer.status_code == 405, path
        assert "POST" in answer.headers["allow"]
