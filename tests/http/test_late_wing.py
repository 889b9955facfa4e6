"""Routes of operators are imported when one of them is asked for, and no sooner."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from app.core.late.wing import LateWing


@pytest.fixture
def routed(app: FastAPI) -> FastAPI:
    """Return an application that nobody asked for anything."""
    assert _wings(app) == ["/api/v1", "/admin"]
    return app


def _wings(app: FastAPI) -> list[str]:
    return [each.path for each in app.routes if isinstance(each, LateWing)]


async def _asked(app: FastAPI, *asked: tuple[str, str]) -> list[httpx2.Response]:
    """Ask for all of it at once."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url=str(app.state.runtime.settings.public_url)
    ) as client:
        requests = [client.request(method, path) for method, path in asked]
        return list(await asyncio.gather(*requests))


async def test_the_first_request_for_one_is_answered_by_it(routed: FastAPI) -> None:
    (answer,) = await _asked(routed, ("GET", "/api/v1/clients"))

    assert answer.status_code == 401 and "www-authenticate" in answer.headers
    assert _wings(routed) == ["/admin"]


async def test_first_requests_at_once_are_all_answered(routed: FastAPI) -> None:
    paths = "clients", "users", "audit-events", "webhooks"

    answers = await _asked(routed, *[("GET", f"/api/v1/{path}") for path in paths])

    assert [each.status_code for each in answers] == [401] * 4
    listed = [getattr(each, "path", "") for each in routed.routes]
    assert listed.count("/api/v1/settings") == 1


async def test_what_it_does_not_know_is_refused_as_ever(routed: FastAPI) -> None:
    unknown, method, beside, early = await _asked(
        routed,
        ("GET", "/api/v1/nothing"),
        ("PUT", "/api/v1/clients"),
        ("GET", "/administrators"),
        ("GET", "/api/v1/auth/login"),
    )

    assert (unknown.status_code, beside.status_code) == (404, 404)
    assert (
        method.status_code == 405
        and method.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    )
    assert early.status_code == 405
    assert _wings(routed) == ["/admin"]


async def test_no_route_of_a_wing_is_where_it_does_not_look(routed: FastAPI) -> None:
    """A worker may be asked for a script whose page another one answered."""
    wings = [each for each in routed.routes if isinstance(each, LateWing)]
    (script,) = await _asked(routed, ("OPTIONS", "/static/console/console.js"))

    for wing in wings:
        paths = [str(getattr(each, "path", "")) for each in wing.routes]
        assert [path for path in paths if not wing.covers(path)] == []
    assert script.status_code == 204 and _wings(routed) == ["/api/v1"]
