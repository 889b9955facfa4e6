"""What tests of hosted pages share: links that were mailed, and a look at a page."""

import re
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from app.jobs.mail import MailJob
from app.services.accounts.email_change import EmailChangeService
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.server.runtime import Runtime
from app.services.server.setup import SetupService
from app.services.sign_in.password import SignInService
from tests.support.job import add_user

PASSWORD = "correct horse battery staple"
ORIGIN = "http://localhost:8000"  # the default public URL
BROWSER = {"Accept": "text/html", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
EMAIL = "ada@example.com"

Link = Callable[[Runtime], Awaitable[str]]


class Page(HTMLParser):
    """What assistive technology and password managers look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, but for the way to other languages that every page has."""
        if tag == "a" and str(dict(attrs)["href"]).startswith("/language?"):
            return
        self.tags.append((tag, dict(attrs)))
        if tag == "input":
            self.inputs[dict(attrs).get("name") or ""] = dict(attrs)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]

    def hidden(self) -> dict[str, str]:
        """Return what its form carries besides what people type."""
        return {
            name: tag["value"] or ""
            for name, tag in self.inputs.items()
            if tag["type"] == "hidden"
        }


async def verify_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await EmailVerificationService(uow, runtime).send(user)
    return await mailed_token(runtime)


async def reset_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await PasswordResetService(uow, runtime, PasswordService(runtime)).send(user)
    return await mailed_token(runtime)


async def change_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        tokens = await SignInService(runtime).start(user, "password")
        read = runtime.secret_key.read_refresh_token(tokens.refresh_token)
        assert read is not None
        changes = EmailChangeService(uow, runtime)
        await changes.request(user.id, read[0], "new@example.com")
    return await mailed_token(runtime)


async def invitation_link(runtime: Runtime) -> str:
    user = await add_user(runtime, EMAIL)
    async with runtime.unit_of_work() as uow:
        await InvitationService(uow, runtime, PasswordService(runtime)).send(user)
    return await mailed_token(runtime)


async def setup_link(runtime: Runtime) -> str:
    async with runtime.unit_of_work() as uow:
        link = await SetupService(uow, runtime, PasswordService(runtime)).link()
    assert link is not None
    return token_of(link)


async def mailed_token(runtime: Runtime) -> str:
    """Let the mail leave and return the token in its link."""
    await MailJob(runtime).run()
    found = re.search(r"https?://\S+", runtime.mailbox.list()[0].text)
    assert found is not None
    return token_of(found[0])


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


PAGES: dict[str, tuple[Link, dict[str, str], str]] = {
    "/setup": (setup_link, {"email": EMAIL, "password": PASSWORD}, "setup"),
    "/verify-email": (verify_link, {}, "email-verified"),
    "/reset-password": (reset_link, {"password": PASSWORD}, "password-reset"),
    "/confirm-email": (change_link, {}, "email-changed"),
    "/accept-invitation": (
        invitation_link,
        {"name": "Ada", "password": PASSWORD},
        "invitation-accepted",
    ),
}
every_page = pytest.mark.parametrize("path", sorted(PAGES))


async def post(
    client: AsyncClient, path: str, fields: Any = None, **headers: str
) -> Response:
    given = BROWSER | {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.post(path, data=fields or {}, headers=given)
