"""A service as developers start it, and Chromium in front of it.

What no journey may leave behind is looked for at the end of each: an error in the
console, a script or style that the policy stopped, a request to somebody else.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.e2e.visitor import Visitor
from tests.factories.user import UserFactory
from tests.servers.service import COMMAND_LINE, Service, running
from tests.support.api import PASSWORD

playwright = pytest.importorskip(
    "playwright.async_api", reason="make e2e installs what journeys need"
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = {
    "AUTH_SERVE_PUBLIC_URL": "http://localhost:{port}",
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_LIMITS__REGISTER_ADDRESS": "1000/60",
    "AUTH_SERVE_REGISTRATION": "verified",
}


def _chromium() -> str:
    named = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, _NAMES)), ""
    )
    if not named:
        pytest.skip("no Chromium: install it, or name its file in CHROMIUM")
    return named


@pytest.fixture(scope="module")
def database_file(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The database that the process and the tests share."""
    folder = tmp_path_factory.mktemp("e2e")
    shutil.copy(sqlite_template, folder / "auth.db")
    return f"sqlite:///{folder / 'auth.db'}"


@pytest.fixture(scope="module")
def service(
    database_file: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The process; each module has its own, for limits are counted there."""
    folder = tmp_path_factory.mktemp("service") / "run"
    with running(database_file, folder, _OPTIONS, program=COMMAND_LINE) as started:
        yield started


@pytest.fixture
async def runtime(database_file: str) -> AsyncIterator[Runtime]:
    """Parts that look into the database from the tests' process."""
    values = {"database_url": database_file, "secret_key": SECRET, "jobs": False}
    parts = build_runtime(Settings.model_validate(values))
    yield parts
    await parts.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    """A started browser."""
    async with playwright.async_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await driver.chromium.launch(executable_path=_chromium(), args=flags)
        yield browser
        await browser.close()


@pytest.fixture
async def newcomer(
    chromium: Any, service: Service, runtime: Runtime
) -> AsyncIterator[Callable[..., Any]]:
    """Return a function that makes people: each with an account and a browser."""
    made: list[Visitor] = []
    home = f"http://localhost:{urlsplit(service.url).port}"

    async def make(email: str, **context: Any) -> Visitor:
        users = UserFactory(runtime)
        user = await users.with_password(PASSWORD, email=email, email_verified=True)
        options = {"base_url": home, "locale": "en-GB", **context}
        window = await chromium.new_context(**options)
        made.append(await Visitor.of(window, home, user.email, user.id))
        made[-1].has_script = context.get("java_script_enabled", True)
        return made[-1]

    yield make
    complaints = [each for one in made for each in one.complaints]
    await asyncio.gather(*(one.window.close() for one in made))
    assert complaints == []
