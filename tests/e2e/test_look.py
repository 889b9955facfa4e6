"""The main pages, light and dark: they fit, password managers know their fields.

``make pictures`` keeps what they look like in ``docs/pictures``.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.core.language import chosen_value
from app.models.statistics import HourlyStatistics
from app.services.server.runtime import Runtime
from tests.e2e.places import CONSOLE, made, seen
from tests.e2e.visitor import Visitor
from tests.factories.oauth import ApplicationFactory
from tests.factories.user import UserFactory
from tests.support.api import PASSWORD
from tests.support.authorization import query_of

_PICTURES = os.environ.get("PICTURES")
_KEPT = ("signin", "signup", "consent", "home", "nowhere")
_KEPT_WIDE = ("account", "admin")
_INSIDE = ("account", "account/security", "admin", "admin/users", "admin/audit")
_WIDTHS = (1280, 768, 390)
_TALL = 960  # of a picture: what an application asks for is seen to its end
_TABLE_WIDTHS = (1440, 1280, 1024, 910, 800, 768, 390)
_OPEN = ("signin", "signup", "signin/code", "forgot-password", "nowhere", "dev/mailbox")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_visitors_pages_fit_every_screen(newcomer: Any, scheme: str) -> None:
    person = await newcomer(f"ada-{scheme}@example.com", color_scheme=scheme)

    for path in _OPEN:
        await person.go(f"/{path}")
        await _look(person, path.replace("/", "-"), scheme)
    await person.sign_in()
    await _look(person, "home", scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_account_and_the_console_fit_every_screen(
    newcomer: Any, runtime: Runtime, scheme: str
) -> None:
    person = await newcomer.administrator(
        f"operator-{scheme}@example.com", color_scheme=scheme
    )
    make = UserFactory(runtime)
    for name in ("Ann Lee", "Bo Chen", "Cleo Diaz", "Dan Okoye", "Eva Novak"):
        email = f"{name.lower().replace(' ', '.')}.{scheme}@example.com"
        await make(email=email, name=name)
    await _count_a_day(runtime)
    await person.sign_in()

    for path in _INSIDE:
        await person.go(f"/{path}")
        await _look(person, path.replace("/", "-"), scheme)


@pytest.mark.parametrize("tag", ["de", "ar"])
async def test_no_table_of_the_console_scrolls_sideways(
    newcomer: Any, runtime: Runtime, tag: str
) -> None:
    """In long words and from the right, beside the sections and below them."""
    person = await newcomer.administrator(f"tables-{tag}@example.com")
    await person.sign_in()
    ones = *await made(runtime, f"tables-{tag}"), *await seen(runtime, person.email)
    value = chosen_value(tag, runtime.clock.now())
    await person.window.add_cookies(
        [{"name": "auth_serve_language", "value": value, "url": person.home}]
    )

    scrolling = []
    for path in (*CONSOLE, *ones):
        await person.page.goto(path)
        for width in _TABLE_WIDTHS:
            await person.page.set_viewport_size({"width": width, "height": 800})
            wide = await person.page.evaluate("""[...document.querySelectorAll(
                '.table, html')].filter((it) => it.scrollWidth > it.clientWidth).length
                """)
            scrolling += [(path, width)] if wide else []

    assert scrolling == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_consent_fits_every_screen(
    newcomer: Any, runtime: Runtime, scheme: str
) -> None:
    person = await newcomer(f"consent-{scheme}@example.com", color_scheme=scheme)
    wishes = "openid profile email address phone offline_access"
    shop = await ApplicationFactory(runtime)(client_name="Corner Shop", scope=wishes)
    await person.sign_in()

    query = urlencode(query_of(shop, scope=wishes))
    await person.go(f"/oauth2/authorize?{query}")

    assert await person.heading() == "Allow Corner Shop?"
    await _look(person, "consent", scheme)


@pytest.mark.parametrize(
    ("scheme", "ground"),
    [("light", "rgb(122, 31, 92)"), ("dark", "rgb(240, 176, 218)")],
)
async def test_pages_on_the_way_to_an_application_have_its_accent(
    newcomer: Any, runtime: Runtime, scheme: str, ground: str
) -> None:
    person = await newcomer(f"accent-{scheme}@example.com", color_scheme=scheme)
    theme = {"accent": "#7a1f5c", "accent_dark": "#f0b0da"}
    shop = await ApplicationFactory(runtime)(columns={"theme": theme})
    query = urlencode(query_of(shop))
    await person.go(f"/oauth2/authorize?{query}")

    drawn = await person.page.evaluate("""getComputedStyle(
        document.querySelector('form button[type=submit]')).backgroundColor""")

    assert drawn == ground
    await _look(person, "accent", scheme)


async def test_pages_stay_whole_in_forced_colours(newcomer: Any) -> None:
    person = await newcomer("forced@example.com", forced_colors="active")
    await person.go("/signin")

    borders = await person.page.evaluate("""[...document.querySelectorAll(
        'main input:not([type=hidden]), main button, main .button')].map((each) => {
          const style = getComputedStyle(each);
          return parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle;
        })""")

    assert len(borders) > 4 and set(borders) == {"solid"}


@pytest.mark.parametrize("path", ["/signin", "/signup", "/account/password"])
async def test_chromium_knows_the_fields_of_passwords(newcomer: Any, path: str) -> None:
    """Its parser says in the console what it misses: names, order, autocomplete."""
    person = await newcomer(f"{path.strip('/').replace('/', '-')}@example.com")
    said: list[str] = []
    if path.startswith("/account"):
        await person.sign_in()
    person.page.on("console", lambda message: said.append(message.text))

    await person.go(path)
    await person.page.locator("input[type=password]").first.fill(PASSWORD)

    assert _missed(said) == []


async def test_chromium_knows_the_fields_of_a_reset(newcomer: Any) -> None:
    person = await newcomer("reset-fields@example.com")
    await person.go("/forgot-password")
    await person.type("Email", person.email)
    await person.press("Send reset link")
    said: list[str] = []
    person.page.on("console", lambda message: said.append(message.text))

    await person.open_mail("Reset your password", "/reset-password")
    await person.page.locator("input[type=password]").first.fill(PASSWORD)

    assert _missed(said) == []


def _missed(said: Sequence[str]) -> list[str]:
    return [text for text in said if "[DOM]" in text]


async def _count_a_day(runtime: Runtime) -> None:
    """Let a day have been counted, with more to do around noon."""
    now = runtime.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    async with runtime.unit_of_work() as uow:
        for back in range(24):
            busy = 12 - abs(12 - back)
            row = HourlyStatistics(
                hour=hour - timedelta(hours=back),
                counted_until=now,
                sign_ins=40 + 23 * busy,
                sign_in_failures=2 + busy,
                new_accounts=busy // 2,
                active_sessions=300 + 40 * busy,
            )
            await uow.db.merge(row)


async def _look(person: Visitor, name: str, scheme: str) -> None:
    """Complain where a page is wider than a screen; keep a picture if asked to."""
    for width in _WIDTHS:
        await person.page.set_viewport_size({"width": width, "height": 800})
        wide = await person.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            person.complaints.append(f"/{name} is {wide} wide at {width}")
        wanted = _KEPT + _KEPT_WIDE if width == 1280 else _KEPT
        if _PICTURES and name in wanted and width != 768:
            kind = "" if width == 1280 else "-phone"
            await person.page.set_viewport_size({"width": width, "height": _TALL})
            path = Path(_PICTURES) / f"{name}{kind}-{scheme}.jpg"
            await person.page.screenshot(path=path, type="jpeg", quality=72)
