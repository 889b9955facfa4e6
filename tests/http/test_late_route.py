"""Routes are made ready when they are first asked, and no sooner."""

import json
import subprocess
import sys
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Query
from fastapi.exceptions import FastAPIError

from app.api.known_query import knowing_their_query
from app.core.exceptions import Unprocessable
from app.core.late.route import LateRoute
from app.core.late.wing import unfolded
from tests.servers.service import ROOT

# What only commands, mistakes and migrations need, and no process that serves.
_NEVER_AT_START = {"alembic", "difflib", "mako", "rich", "sqlite3", "typer"}
# What operators ask for.
_OF_OPERATORS = (
    "app.api.v1.administration",
    "app.pages.console.",
    "app.schemas.client",
)
_STARTED = """
import json, sys
import app.cli.serve  # as the command does, before the application
from app.config import load_settings
from app.main import create_app
from app.core.late.wing import LateWing
routes = create_app(load_settings()).routes
wings = [r.path for r in routes if isinstance(r, LateWing)]
from fastapi.openapi.models import OpenAPI, PathItem
from app.schemas.user import ProfileChange
built = [model.__name__ for model in (OpenAPI, PathItem, ProfileChange)
         if model.__pydantic_complete__]
print(json.dumps([[r.path for r in routes if "dependant" in vars(r)],
                  len(routes), built, sorted(sys.modules), wings]))
"""


def test_a_process_at_rest_holds_no_route_that_nobody_asked_for() -> None:
    environment = {
        "PYTHONPATH": str(ROOT),
        "AUTH_SERVE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }
    command = [sys.executable, "-c", _STARTED]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    ready, count, built, loaded, wings = json.loads(done.stdout)
    assert ready == [], "a router without route_class=LateRoute or StrictRoute"
    assert count > 100
    assert wings == ["/api/v1", "/admin"]
    assert not [name for name in loaded if name.startswith(_OF_OPERATORS)]
    assert built == ["ProfileChange"]  # models of documents are not, bodies are
    assert _NEVER_AT_START.isdisjoint(loaded)


async def answers(app: FastAPI, *targets: str) -> list[int]:
    """Return the statuses of one request each."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://host") as http:
        return [(await http.get(target)).status_code for target in targets]


@pytest.fixture
def router() -> APIRouter:
    """Return a router with two routes."""
    router = APIRouter(prefix="/things", route_class=LateRoute)

    @router.get("/{number}")
    async def read_thing(number: int, size: int = 1) -> int:
        return number * size

    @router.get("/", name="things", status_code=202)
    async def list_things() -> None:
        return None

    return router


async def test_only_the_route_that_is_asked_is_made_ready(router: APIRouter) -> None:
    app = FastAPI()
    app.router.routes += router.routes
    targets = "/things/3?size=2", "/things/3?size=2", "/things/x"
    assert await answers(app, *targets) == [200, 200, 422]
    assert ["dependant" in vars(route) for route in router.routes] == [True, False]
    assert await answers(app, "/things/") == [202]
    assert app.url_path_for("things") == "/things/"


async def test_what_a_route_was_put_behind_stands_before_its_first_answer(
    router: APIRouter,
) -> None:
    app = FastAPI()
    app.router.routes += knowing_their_query(router.routes)
    with pytest.raises(Unprocessable):
        await answers(app, "/things/3?sise=2")
    assert await answers(app, "/things/3?size=2") == [200]


def test_every_route_of_the_service_can_be_made_ready(app: FastAPI) -> None:
    late = [route for route in unfolded(app.routes) if isinstance(route, LateRoute)]
    assert len(late) > 150
    for route in late:
        assert route.dependant.call, route.path


async def test_a_mistake_is_told_at_each_request() -> None:
    router = APIRouter(route_class=LateRoute)

    @router.get("/wrong")
    async def wrong(values: Annotated[FastAPI, Query()]) -> None:
        raise AssertionError("nobody gets here")

    app = FastAPI()
    app.router.routes += router.routes
    for _ in range(2):
        with pytest.raises(FastAPIError):
            await answers(app, "/wrong")


def test_a_route_has_no_more_attributes_than_others_have(router: APIRouter) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        # A name that no route has, on purpose.
        _ = router.routes[0].nonsense  # type: ignore[attr-defined]
    assert "/things/{number}" in FastAPI(routes=router.routes).openapi()["paths"]
