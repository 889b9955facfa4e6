"""A protected host, and a browser that comes to it through a proxy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import select

from app.models import AuditEvent, User
from app.models.oauth.protected_host import ProtectedHost
from app.schemas.protected_host import ProtectedHostPolicy
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor, set_cookies

ISSUER = "https://id.example.com"
PROXY, STRANGER = "10.0.0.5", "203.0.113.9"
WIKI, SHOP = "wiki.example.org", "shop.example.net"
BROWSER = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}
SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def options() -> dict[str, object]:
    """The issuer at https, and a proxy that it trusts."""
    return {"public_url": ISSUER, "trusted_proxies": [PROXY]}


@dataclass
class Proxied:
    """A proxy in front of a host: it asks, and hands on what it is told.

    Attributes:
        cookies: What the browser keeps for the host.
        told: What the program was told of the latest request that passed.
    """

    http: AsyncClient
    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    async def get(
        self,
        target: str = "/",
        method: str = "GET",
        *,
        at: str = "/forward-auth",
        forwarded: Any = None,
        **fields: Any,
    ) -> Response:
        """Ask about a request of the browser; ``fields`` are its own."""
        sent = {name.replace("_", "-"): text for name, text in fields.items()}
        pairs = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        about = {
            "X-Forwarded-Host": self.host,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Uri": target,
            "X-Forwarded-Method": method,
        } | (forwarded or {})
        jar = {"Cookie": pairs} if pairs else {}
        answer = await self.http.get(at, headers=BROWSER | jar | about | sent)
        self._keep(answer)
        return answer

    def _keep(self, answer: Response) -> None:
        self.http.cookies.clear()  # of all browsers that come through the proxy
        for name, cookie in set_cookies(answer.headers.get_list("set-cookie")).items():
            self.cookies[name] = cookie["value"]
            if cookie.get("max-age") == "0":
                del self.cookies[name]
        if answer.status_code == 200:
            prefix = "x-auth-request-"
            self.told = {
                name.removeprefix(prefix): text
                for name, text in answer.headers.items()
                if name.startswith(prefix)
            }

    async def enter(self, visitor: Visitor, target: str = "/") -> Response:
        """Come to a path, and follow where that leads, as the browser does."""
        answer = await self.get(target)
        assert answer.status_code == 302, answer.text
        back = await self.through(visitor, answer.headers["location"])
        return await self.get(path_of(back))

    async def through(self, visitor: Visitor, location: str) -> str:
        """Follow a redirect to the issuer; return where the issuer leads back to."""
        asked = await visitor.http.get(location)
        assert asked.status_code == 303, asked.text
        return str(asked.headers["location"])


def path_of(url: str) -> str:
    """Return path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
async def proxied(app: FastAPI, runtime: Runtime) -> AsyncIterator[Proxied]:
    """The proxy of a protected host that everybody enters who is signed in."""
    await protect(runtime, WIKI)
    transport = ASGITransport(app=app, client=(PROXY, 40_000))
    async with AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Proxied(http, WIKI)


async def protect(runtime: Runtime, host: str, **choices: Any) -> ProtectedHost:
    """Protect a host, as an administrator would."""
    usual = ProtectedHostPolicy(**choices).model_dump()
    async with runtime.unit_of_work() as uow:
        hosts = ProtectedHostService(uow, runtime, runtime.gate.hosts)
        return await hosts.create(host, {"name": host, **usual})


@pytest.fixture
async def visitor(app: FastAPI, api: Api) -> Visitor:
    """Ada, who is signed in at the issuer."""
    ada = await api.users.with_password(PASSWORD, name="Ada")
    visitor = Visitor(app)
    await visitor.sign_in(ada.email)
    return visitor


async def people_of(runtime: Runtime) -> list[User]:
    """Return all accounts, the oldest first."""
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(User).order_by(User.id)))


async def host_events(runtime: Runtime) -> list[str]:
    """Return what the trail says of hosts."""
    async with runtime.database.session(read_only=True) as db:
        rows = await db.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [row.name for row in rows if row.name.startswith("protected_host.")]
