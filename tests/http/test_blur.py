"""Answers about addresses wait by chance, so that their time tells nothing."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.api import middleware
from tests.support.api import Api


class _Chance:
    """Remembers between what was chosen, and waits for nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float]] = []

    def uniform(self, least: float, most: float) -> float:
        """Choose the least."""
        self.asked.append((least, most))
        return least


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> _Chance:
    """What waits are chosen by."""
    chosen = _Chance()
    monkeypatch.setattr(middleware, "_CHANCE", chosen)
    return chosen


@pytest.mark.parametrize("email", ["known@example.com", "stranger@example.com"])
@pytest.mark.parametrize(
    ("path", "most"),
    [("register", 0.1), ("forgot-password", 0.02), ("email-code", 0.02)],
)
async def test_known_and_unknown_addresses_wait_alike(
    api: Api, chance: _Chance, path: str, most: float, email: str
) -> None:
    await api.users(email="known@example.com")
    body: dict[str, Any] = {"email": email}
    if path == "register":
        body["password"] = "violet harbour stone 42"

    await api.post(f"/auth/{path}", body)

    assert chance.asked == [(0, most)]


async def test_nothing_else_waits(api: Api, chance: _Chance) -> None:
    person = await api.person()
    await api.get("/users/me", person)
    await api.client.get("/forgot-password")

    assert chance.asked == []


def test_every_address_that_waits_is_one(app: FastAPI) -> None:
    posts = {
        path
        for path, methods in app.openapi()["paths"].items()
        if "post" in methods and path.startswith("/api/")
    }
    pages = {
        getattr(route, "path", "")
        for route in app.routes
        if "POST" in (getattr(route, "methods", None) or ())
    }

    assert set(middleware._BLUR) <= posts | pages
