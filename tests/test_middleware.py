"""What the line of a request says about where it went."""

from typing import Any

import pytest

from app.api import middleware
from tests.api import Api


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
        await api.client.request(method, path.replace("{", "").replace("}", ""))

    assert len(operations) > 30
    assert routes == [path for _, path in operations]


async def test_pages_and_the_unknown_are_named_too(
    api: Api, routes: list[str | None]
) -> None:
    for path in ("/", "/done/setup", "/docs/errors", "/api/v1/nothing/here"):
        await api.client.get(path)

    assert routes == ["/", "/done/{what}", "/docs/errors", None]
