"""The cookies of a browser: no session but by a cookie of ours, whole and alone."""

import pytest

from app.services.server.runtime import Runtime
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from tests.support.api import Api
from tests.support.browser import (
    cookies_of,
    emails,
    people,
    seen,
    session_field,
    signed_in,
)


async def test_t115_a_changed_cookie_is_no_session(api: Api, runtime: Runtime) -> None:
    [ada, eve] = await people(api, 2)
    browser = await signed_in(runtime, ada, eve)
    service = BrowserSessionService(runtime)
    [first, second] = [
        runtime.secret_key.browser_session(each.session_id, each.counter)
        for each in browser.accounts
    ]
    assert browser.current is not None
    sooner = runtime.secret_key.browser_session(browser.current.session_id, 1)
    refresh = runtime.secret_key.refresh_token(browser.current.session_id, 0)
    flipped = [
        first[:n] + ("A" if first[n] != "A" else "B") + first[n + 1 :]
        for n in range(len(first))
    ]
    unknown = [  # ours, and of sessions that are gone
        runtime.secret_key.browser_session(runtime.randomness.uuid7(), 0)
        for _ in range(4)
    ]
    wrong = [
        *flipped,
        first[:-1],
        first + "A",
        first[:28],  # the id without its MAC
        str(browser.current.session_id),
        refresh,  # another purpose's secret
        f"{first}.{second[:-1]}B",
        f"{first}.",
        f".{first}",
        f"{first}..{second}",
        f"{first}.{first}",
        f"{first}.{sooner}",
        f"{first} {second}",
        ".".join([first] + [second] * 5),
        ".".join([first, second, *unknown]),
        f'"{first}"',
        f"{first}é",
        "",
        ".",
        "null",
        "x" * 10_000,
    ]

    good = await service.read(session_field(f"{first}.{second}", runtime))
    five = ".".join([first, second, *unknown[:3]])
    assert await service.read(session_field(five, runtime)) == good
    found = [(await service.read(session_field(each, runtime))) for each in wrong]

    assert emails(good) == [eve, ada]
    assert [each for each in found if each != Browser()] == []


async def test_t115_a_cookie_of_another_key_is_no_session(
    api: Api, runtime: Runtime
) -> None:
    from app.core.secret_key import SecretKey

    browser = await signed_in(runtime, *await people(api, 1))
    assert browser.current is not None
    other = SecretKey("another-secret-0123456789-abcdefghijklmnop")
    forged = other.browser_session(browser.current.session_id, 0)

    known = await BrowserSessionService(runtime).read(session_field(forged, runtime))

    assert known == Browser()


async def test_t112_a_cookie_that_stands_twice_is_none(
    api: Api, runtime: Runtime
) -> None:
    [ada, eve] = await people(api, 2)
    [mine] = cookies_of(await signed_in(runtime, ada), runtime)
    [planted] = cookies_of(await signed_in(runtime, eve), runtime)
    service = BrowserSessionService(runtime)

    together = await service.read([f"{planted}; {mine}"])
    apart = await service.read([planted, mine])
    beside = await service.read([f"a=b;{mine}", "session=1; auth_serve_session_=2; c"])

    assert together == apart == Browser()
    assert emails(beside) == [ada]


@pytest.mark.parametrize("value", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "=", "é"])
async def test_t112_a_value_that_is_not_of_ours_is_none(
    runtime: Runtime, value: str
) -> None:
    service = BrowserSessionService(runtime)

    browser = await service.read([f"auth_serve_browser={value}"])

    assert browser.value == ""
    assert len(service.with_value(browser).value) == 43


async def test_a_form_token_belongs_to_a_browser_and_to_who_is_signed_in(
    api: Api, runtime: Runtime
) -> None:
    [ada, eve] = await people(api, 2)
    service = BrowserSessionService(runtime)
    nobody = service.with_value(Browser())
    one = await signed_in(runtime, ada, browser=nobody)
    two = await signed_in(runtime, eve, browser=one)
    elsewhere = service.with_value(Browser())

    tokens = [service.form_token(each) for each in (nobody, one, two, elsewhere)]

    assert len(set(tokens)) == 4
    assert service.form_token(await seen(one, runtime)) == tokens[1]


def test_cookies_are_bound_to_the_host_where_there_is_https() -> None:
    secure, plain = BrowserCookies("https://a.example"), BrowserCookies("http://a:8000")

    assert (secure.session, secure.browser) == ("__Host-session", "__Host-browser")
    assert secure.write(secure.session, "x", 60) == (
        "__Host-session=x; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"
    )
    assert (plain.session, plain.browser) == (
        "auth_serve_session",
        "auth_serve_browser",
    )
    assert plain.write(plain.browser, "x") == (
        "auth_serve_browser=x; Path=/; HttpOnly; SameSite=Lax"
    )
    # The plain name is somebody else's where ours has the prefix.
    assert secure.read(["auth_serve_session=planted"], secure.session) == ""
