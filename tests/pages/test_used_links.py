"""Links that are opened once more say what came of them, and lead on."""

import pytest
from httpx2 import Response

from app.pages.parts import texts
from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import EMAIL, PAGES, Page, every_page, reset_link, verify_link


def hrefs(page: Response) -> list[str]:
    return [str(tag["href"]) for tag in Page(page.text).all("a")]


@every_page
async def test_a_used_link_says_what_came_of_it_and_leads_on(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    make_link, fields, done = PAGES[path]
    token = await make_link(runtime)
    await visitor.post(path, fields | {"token": token})

    opened = await visitor.get(f"{path}?token={token}")
    pressed = await visitor.post(path, fields | {"token": token})

    for page in (opened, pressed):
        assert texts.HAPPENED[done].title in page.text
        assert "/signin" in hrefs(page)
        assert Page(page.text).all("form") == []
    assert opened.status_code == 200
    assert pressed.status_code == 400  # a link works once, whatever the page says


async def test_any_link_to_an_address_that_is_confirmed_says_so(
    api: Api, visitor: Visitor
) -> None:
    """Of two mails people open the older one too."""
    await api.users.with_password(PASSWORD, email=EMAIL, email_verified=False)
    links = []
    for _ in range(2):
        await visitor.submit("/resend-verification", {"email": EMAIL})
        links.append((await api.mailed("verify_email")).token)
    await visitor.post("/verify-email", {"token": links[1]})

    for token in links:
        page = await visitor.get(f"/verify-email?token={token}")
        assert (page.status_code, "is already confirmed" in page.text) == (200, True)


@pytest.mark.parametrize("change", ["disabled", "moved"])
async def test_of_an_account_that_moved_on_nothing_is_told(
    visitor: Visitor, runtime: Runtime, change: str
) -> None:
    token = await verify_link(runtime)
    await visitor.post("/verify-email", {"token": token})
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_email(EMAIL)
        assert user is not None
        if change == "disabled":
            user.status = "disabled"
        else:
            user.email = user.email_canonical = "new@example.com"

    page = await visitor.get(f"/verify-email?token={token}")

    assert page.status_code == 400
    assert "confirmed" not in page.text.partition("<h1>")[2].partition("<form")[0]
    assert "/resend-verification" in hrefs(page)


async def test_an_unused_link_that_expired_is_not_said_to_be_used(
    visitor: Visitor, runtime: Runtime, clock: FakeClock
) -> None:
    token = await reset_link(runtime)
    clock.advance(days=2)

    page = await visitor.get(f"/reset-password?token={token}")

    assert page.status_code == 400
    assert "already used" not in page.text
    assert hrefs(page) == ["/forgot-password", "/signin"]


@every_page
async def test_a_scanner_that_opens_the_link_first_leaves_it_to_its_reader(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    make_link, fields, done = PAGES[path]
    token = await make_link(runtime)
    address = f"{path}?token={token}"

    scanned = [
        await visitor.http.request(method, address, headers={"Accept": "*/*"})
        for method in ("GET", "HEAD", "OPTIONS", "GET")
    ]
    used = await visitor.post(path, fields | {"token": token})

    assert [each.status_code for each in scanned] == [200, 200, 204, 200]
    assert used.headers["location"] == f"/done/{done}"


async def test_who_is_signed_in_is_led_on_without_another_sign_in(
    api: Api, visitor: Visitor
) -> None:
    """Mode "open": the mail that confirms the address comes after the sign-in."""
    person = await api.person(email_verified=False)
    await visitor.sign_in(person.email)
    await visitor.submit("/resend-verification", {"email": person.email})
    mail = await api.mailed("verify_email")

    sent = await visitor.post("/verify-email", {"token": mail.token})

    assert hrefs(await visitor.get(sent.headers["location"])) == ["/"]
