"""Answers about addresses wait by chance, so that their time tells nothing."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from app.api import middleware
from app.core.late.wing import unfolded
from app.core.randomness import SystemRandomness
from tests.support.api import Api

Asked = list[tuple[float, float]]
_WAIT = 0.012345  # seconds, as nobody else asks for


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Between what waits were chosen that were waited; none takes any time."""
    chosen: Asked = []
    waited: Asked = []
    real = asyncio.sleep

    def between(_: SystemRandomness, least: float, most: float) -> float:
        chosen.append((least, most))
        return _WAIT

    async def sleep(seconds: float) -> None:
        if seconds != _WAIT:
            return await real(seconds)
        waited.append(chosen.pop())

    monkeypatch.setattr(SystemRandomness, "between", between)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


@pytest.mark.parametrize("email", ["known@example.com", "stranger@example.com"])
@pytest.mark.parametrize(
    ("path", "most"),
    [("register", 0.1), ("forgot-password", 0.02), ("email-code", 0.02)],
)
async def test_known_and_unknown_addresses_wait_alike(
    api: Api, asked: Asked, path: str, most: float, email: str
) -> None:
    await api.users(email="known@example.com")
    body: dict[str, Any] = {"email": email}
    if path == "register":
        body["password"] = "violet harbour stone 42"

    await api.post(f"/auth/{path}", body)

    assert asked == [(0, most)]


async def test_nothing_else_waits(api: Api, asked: Asked) -> None:
    person = await api.person()
    await api.get("/users/me", person)
    await api.client.get("/forgot-password")

    assert asked == []


def test_every_address_that_waits_is_one(app: FastAPI) -> None:
    posts = {
        path
        for path, methods in app.openapi()["paths"].items()
        if "post" in methods and path.startswith("/api/")
    }
    pages = {
        getattr(route, "path", "")
        for route in unfolded(app.routes)
        if "POST" in (getattr(route, "methods", None) or ())
    }

    assert set(middleware._BLUR) <= posts | pages
