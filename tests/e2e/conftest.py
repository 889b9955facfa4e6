"""A service as developers start it, and Chromium in front of it.

What no journey may leave behind is looked for at the end of each: an error in the
console, a script or style that the policy stopped, a request to somebody else.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from app.config import Settings
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.e2e.manners import MANNERS, Somebody
from tests.e2e.visitor import Visitor
from tests.factories.user import UserFactory
from tests.servers.service import COMMAND_LINE, Service, running
from tests.support.api import PASSWORD

playwright = pytest.importorskip(
    "playwright.async_api", reason="make e2e installs what journeys need"
)
_HERE = Path(__file__).parent
# By what they take; a module is walked by one worker, and the others start meanwhile.
_DEAR = (
    *("visitors", "operating", "languages", "own_account", "console_programs"),
    *("mails", "directory", "getting_back", "console", "look", "weight"),
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = {
    "AUTH_SERVE_PUBLIC_URL": "http://localhost:{port}",
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_PERSONAL_TOKENS__ENABLED": "true",
    "AUTH_SERVE_LIMITS__REGISTER_ADDRESS": "1000/60",
    "AUTH_SERVE_REGISTRATION": "verified",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Walk all journeys on one event loop, that of the browser; the longest first."""
    one_loop = pytest.mark.asyncio(loop_scope="session")
    ours = [at for at, item in enumerate(items) if item.path.is_relative_to(_HERE)]
    for at in ours:
        items[at].add_marker(one_loop, append=False)
    dearest_first = sorted((items[at] for at in ours), key=_place)
    for at, item in zip(ours, dearest_first, strict=True):
        items[at] = item


def _place(item: pytest.Item) -> int:
    """Tell when the module of a test comes, so that no long one is the last."""
    name = item.path.stem.removeprefix("test_")
    return _DEAR.index(name) if name in _DEAR else len(_DEAR)


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
    with running(database_file, folder, OPTIONS, program=COMMAND_LINE) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def runtime(database_file: str) -> AsyncIterator[Runtime]:
    """Parts that look into the database from the tests' process."""
    values = {"database_url": database_file, "secret_key": SECRET, "jobs": False}
    parts = build_runtime(Settings.model_validate(values))
    yield parts
    await parts.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Any]:
    """A started browser; people have windows of their own, which share nothing."""
    async with playwright.async_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await driver.chromium.launch(executable_path=_chromium(), args=flags)
        yield browser
        await browser.close()


class Newcomers:
    """Makes people, each with an account and a browser."""

    def __init__(self, chromium: Any, home: str, users: UserFactory) -> None:
        self._chromium = chromium
        self._home = home
        self._users = users
        self.made: list[Visitor] = []

    async def __call__(
        self, email: str, roles: Sequence[str] = (), **context: Any
    ) -> Visitor:
        """Return somebody with a password."""
        user = await self._users.with_password(PASSWORD, email=email, roles=roles)
        return await self._at_browser(email, user.id, **context)

    async def stranger(self, email: str, **context: Any) -> Visitor:
        """Return somebody without an account."""
        return await self._at_browser(email, None, **context)

    async def administrator(self, email: str, **context: Any) -> Visitor:
        """Return somebody who may do everything."""
        columns = {"email": email, "roles": (ADMIN_ROLE,)}
        user = await self._users.with_password(PASSWORD, **columns)
        return await self._at_browser(email, user.id, **context)

    async def beside(self, person: Visitor) -> Visitor:
        """Return another browser for the same account: at home, or a thief's."""
        return await self._at_browser(person.email, person.user_id)

    async def _at_browser(self, email: str, user_id: Any, **context: Any) -> Visitor:
        options = {"base_url": self._home, "locale": "en-GB", **context}
        window = await self._chromium.new_context(**options)
        visitor = await Visitor.of(window, self._home, email, user_id)
        visitor.has_script = context.get("java_script_enabled", True)
        visitor.has_phone = context.get("has_touch", False)
        visitor.scheme = context.get("color_scheme", "light")
        self.made.append(visitor)
        return visitor


@pytest.fixture(params=MANNERS)
def somebody(request: pytest.FixtureRequest, newcomer: Newcomers) -> Somebody:
    """Make people who use pages in this manner."""
    manner = request.param

    async def make(name: str, *, account: bool = True, **columns: Any) -> Visitor:
        email = f"{name}-{manner}@example.com"
        person = newcomer if account else newcomer.stranger
        made = await person(email, **columns, **MANNERS[manner])
        made.by_keyboard = manner == "keyboard"
        return made

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def newcomer(
    chromium: Any, service: Service, runtime: Runtime
) -> AsyncIterator[Newcomers]:
    """People at browsers; nothing may be wrong with any page that they saw."""
    home = f"http://localhost:{urlsplit(service.url).port}"
    people = Newcomers(chromium, home, UserFactory(runtime))
    yield people
    complaints = [each for one in people.made for each in one.complaints]
    await asyncio.gather(*(one.window.close() for one in people.made))
    assert complaints == []
