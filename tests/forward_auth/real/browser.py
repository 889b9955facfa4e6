"""What runs in tests of real proxies, and the browser in front of it."""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.factories.oauth import Application
from tests.forward_auth.real.program import Program
from tests.forward_auth.real.proxies import NAME
from tests.servers.ports import LOOPBACK
from tests.servers.service import Service
from tests.support.api import PASSWORD
from tests.support.browser import set_cookies
from tests.support.page import Page

ISSUER, EMAIL = "https://id.example.com", "ada@example.com"
HTML = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Stage:
    """Everything that runs, and whom it knows.

    Attributes:
        host: As the browser has it.
        machine: A client that may come with its secret.
    """

    host: str
    port: int
    service: Service
    program: Program
    machine: Application
    ada: str


@dataclass
class Browser:
    """It keeps cookies for each host, and goes where it is led."""

    stage: Stage
    jars: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Trust whatever certificate there is: nobody else is on loopback."""
        self.http = httpx2.Client(verify=unchecked(), trust_env=False, timeout=60)

    def get(self, url: str, method: str = "GET", **fields: Any) -> httpx2.Response:
        """Ask for an address; ``fields`` are ``headers`` or what a form posts."""
        parts = urlsplit(url)
        jar = self.jars.setdefault(parts.netloc, {})
        headers = {"Host": parts.netloc} | fields.pop("headers", HTML)
        if jar:
            own = headers.get("Cookie")
            pairs = [f"{name}={text}" for name, text in jar.items()]
            headers["Cookie"] = "; ".join([*([own] if own else []), *pairs])
        where = self.stage.service.url
        if parts.netloc == self.stage.host:
            where = f"https://{LOOPBACK}:{self.stage.port}"
        target = url.partition(parts.netloc)[2] or "/"
        answer = self.http.request(
            method,
            where + target,
            headers=headers,
            extensions={"sni_hostname": NAME},
            **fields,
        )
        self.http.cookies.clear()
        for name, cookie in set_cookies(answer.headers.get_list("set-cookie")).items():
            assert name.startswith("__Host-") and cookie["secure"]
            jar[name] = cookie["value"]
            if cookie.get("max-age") == "0":
                del jar[name]
        return answer

    def at(self, path: str = "/", method: str = "GET", **fields: Any) -> Any:
        """Ask the host."""
        return self.get(f"https://{self.stage.host}{path}", method, **fields)

    def follow(self, answer: httpx2.Response) -> httpx2.Response:
        """Go on as long as there is somewhere to go."""
        for _ in range(10):
            if answer.status_code not in (302, 303):
                return answer
            location = answer.headers["location"]
            answer = self.get(location if "://" in location else ISSUER + location)
        raise AssertionError("a loop")

    def sign_in(self, path: str = "/") -> httpx2.Response:
        """Come to the host, sign in where that leads, and come back."""
        page = self.follow(self.at(path))
        assert page.status_code == 200 and "/signin" in page.text, page.text
        hidden = {
            name: tag["value"] or ""
            for name, tag in Page(page.text).inputs.items()
            if tag.get("type") == "hidden"
        }
        return self.follow(
            self.get(
                f"{ISSUER}/signin",
                "POST",
                data=hidden | {"email": EMAIL, "password": PASSWORD},
                headers=HTML | {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"},
            )
        )


def unchecked() -> ssl.SSLContext:
    """Return what trusts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
