"""axe at every page that opens by its address, in the languages that there are.

Every language and both schemes for `make accessibility`; each time only what differs
most: English in both, and one that is written from the right.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from app.core.language import chosen_value, languages
from app.services.server.runtime import Runtime
from app.services.upstreams.expiring import Expiring, expiring_cookie
from tests.e2e import report
from tests.e2e.places import (
    CONSOLE,
    CONSOLE_BESIDE,
    CONSOLE_NEW,
    LED,
    OF_WAYS_IN,
    PORTAL,
    VISITORS,
    add_attribute,
    add_ways_in,
    made,
    seen,
)
from tests.e2e.visitor import Visitor
from tests.factories.factor import FactorFactory
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD
from tests.support.authorization import query_of


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
    """With places that people come from, and with something to ask of people."""
    await add_ways_in(database_file, leads=True)
    await add_attribute(database_file)
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
    await _be_led(person)
    await _sign_in(person)
    ones = await made(runtime, f"{tag}-{scheme}")
    ones = *ones, *await seen(runtime, person.email)
    for path in (*PORTAL, *CONSOLE, *CONSOLE_NEW, *CONSOLE_BESIDE, *ones):
        await person.go(path)
        assert person.path == path
    await _be_told_of_an_end(person, runtime)
    await _on_the_way(person, runtime)


async def _be_led(person: Visitor) -> None:
    """See the form of a directory, in the answer to an address of its domain."""
    await person.page.goto("/signin")
    await person.fill("input[name=email]", f"ann@{LED}")
    async with person.page.expect_navigation():
        await person.page.locator("input[name=email]").press("Enter")
    await person.look()
    assert await person.page.locator("input[name=login]").input_value() == f"ann@{LED}"


async def _sign_in(person: Visitor) -> None:
    await person.page.goto("/signin")
    await person.fill("input[name=email]", person.email)
    if not await person.page.locator("input[name=password]").count():
        async with person.page.expect_navigation():
            await person.page.locator("input[name=email]").press("Enter")
        await person.look()
    await person.fill("input[name=password]", PASSWORD)
    async with person.page.expect_navigation():
        await person.page.locator("input[name=password]").press("Enter")


async def _be_told_of_an_end(person: Visitor, runtime: Runtime) -> None:
    """See what a directory's password leads to that expires soon, or that has."""
    user_id, soon = person.user_id, runtime.clock.now() + timedelta(days=3)
    assert user_id
    for told in (Expiring(user_id, "ldap", soon), Expiring(user_id, "ldap", None, 3)):
        name, _, rest = expiring_cookie(runtime, told).partition("=")
        kept = {"name": name, "value": rest.partition(";")[0], "url": person.home}
        await person.window.add_cookies([kept])
        await person.go("/signin/expiring")
        assert person.path == "/signin/expiring"


async def _on_the_way(person: Visitor, runtime: Runtime) -> None:
    """See what an application leads to, a device, and the second step."""
    shop = await ApplicationFactory(runtime)(client_name="Corner Shop")
    asked = query_of(shop), query_of(shop, prompt="select_account")
    for query in asked:
        await person.go(f"/oauth2/authorize?{urlencode(query)}")
    assert person.path.startswith("/select-account?")
    await person.go("/device")
    assert person.user_id
    await FactorFactory(runtime).totp(person.user_id)
    await person.go("/signout")
    await person.submit("main form button[type=submit]")
    await _sign_in(person)
    assert person.path.startswith("/signin/verify")
    await person.look()
