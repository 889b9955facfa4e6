"""axe at every page that opens by its address, in the languages that there are.

Every language and both schemes for `make accessibility`; each time only what differs
most: English in both, and one that is written from the right.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from app.core.language import chosen_value, languages
from app.services.server.runtime import Runtime
from tests.e2e import report
from tests.e2e.places import (
    CONSOLE,
    CONSOLE_NEW,
    OF_WAYS_IN,
    PORTAL,
    VISITORS,
    add_ways_in,
    made,
)
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD


def _cases() -> Iterator[tuple[str, str]]:
    is_whole = report.FILE in os.environ
    known = languages()
    leftward = [tag for tag, each in known.items() if each.direction == "rtl"]
    for tag in known:
        for scheme in ("light", "dark"):
            if is_whole or tag == "en" or (tag, scheme) == (*leftward[:1], "dark"):
                yield tag, scheme


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_file(database_file: str) -> str:
    """With places that people come from: what asks who they are has buttons of them."""
    await add_ways_in(database_file)
    return database_file


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("tag", "scheme"), list(_cases()))
async def test_no_page_hinders_anybody(
    newcomer: Any, runtime: Runtime, tag: str, scheme: str
) -> None:
    person: Visitor = await newcomer.administrator(
        f"{tag}-{scheme}@example.com", color_scheme=scheme
    )
    value = chosen_value(tag, runtime.clock.now())
    await person.window.add_cookies(
        [{"name": "auth_serve_language", "value": value, "url": person.home}]
    )

    for path in (*VISITORS, *OF_WAYS_IN):
        await person.go(path)
        assert await person.page.locator("html").get_attribute("lang") == tag
    await person.page.goto("/signin")
    await person.page.locator("input[name=email]").fill(person.email)
    await person.page.locator("input[name=password]").fill(PASSWORD)
    async with person.page.expect_navigation():
        await person.page.locator("input[name=password]").press("Enter")
    ones = await made(runtime, f"{tag}-{scheme}")
    for path in (*PORTAL, *CONSOLE, *CONSOLE_NEW, *ones):
        await person.go(path)
        assert person.path == path
