"""This service, as its operators and its people use it."""

import re
import time
from collections.abc import Callable
from typing import Any

import requests

from tests.federation.servers.openid import CLIENT_BY_KEY, OpenIdPeer
from tests.interop.browser import Browser, Page
from tests.servers.service import NO_LIMITS, Service
from tests.support.api import PASSWORD

ADMIN = "admin@example.com"
_PATIENCE = 60  # seconds of one call
OPTIONS = NO_LIMITS | {
    "AUTH_SERVE_PUBLIC_URL": "{url}",
    "AUTH_SERVE_REGISTRATION": "verified",
    "AUTH_SERVE_ADMIN__EMAIL": ADMIN,
    "AUTH_SERVE_ADMIN__PASSWORD": PASSWORD,
    "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "localhost",
}


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Tell whether something comes to hold within a time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


class AuthServe:
    """A running process of it."""

    def __init__(self, service: Service) -> None:
        """Know no connection yet."""
        self.url = service.url
        self._ids: dict[str, str] = {}

    def connect(self, peer: OpenIdPeer, private_key: str) -> None:
        """Connect with a provider: as usual, and in every way that it has besides."""
        self._connect(peer.name, peer.kind, peer.settings)
        by_oidc = {
            "issuer": peer.issuer,
            "client_id": peer.settings["client_id"],
            "client_secret": peer.settings["client_secret"],
        }
        wrong = by_oidc | {"client_secret": "another"}
        self._connect(f"{peer.name}-wrong", "oidc", wrong)
        if peer.has_form_post:
            by_form = by_oidc | {"response_mode": "form_post"}
            self._connect(f"{peer.name}-form", "oidc", by_form)
        if peer.has_keys:
            by_key = {
                "issuer": peer.issuer,
                "client_id": CLIENT_BY_KEY,
                "private_key": private_key,
                "key_id": "here",
            }
            self._connect(f"{peer.name}-key", "oidc", by_key)

    def steps(self, connection: str) -> list[tuple[str, bool, str]]:
        """Press the test button; return what it saw."""
        path = f"/connections/{self._ids[connection]}/test"
        steps = self.call("POST", path).json()["steps"]
        return [(step["name"], step["ok"], step["saw"]) for step in steps]

    def is_well(self, connection: str) -> bool:
        """Tell whether the test button finds no fault."""
        return all(ok for _, ok, _ in self.steps(connection))

    def metadata(self, peer: OpenIdPeer) -> dict[str, Any]:
        """Return what a provider says of itself."""
        url = f"{peer.issuer}/.well-known/openid-configuration"
        said: dict[str, Any] = requests.get(url, timeout=_PATIENCE).json()
        return said

    def leave(self, browser: Browser, connection: str) -> Page:
        """Press the button of a connection; return where that leads."""
        return browser.press(browser.open("/signin"), f"Continue with {connection}")

    def sign_in_as_administrator(self, browser: Browser) -> Page:
        """Type address and password."""
        page = browser.open("/signin")
        return browser.press(page, "Sign in", email=ADMIN, password=PASSWORD)

    def user(self, email: str) -> dict[str, Any]:
        """Return the account of an address."""
        [found] = self.call("GET", f"/users?q={email}").json()["items"]
        account: dict[str, Any] = found
        return account

    def who(self, browser: Browser) -> str:
        """Return whose account a browser is signed in to, or nothing."""
        page = browser.open("/account")
        found = re.search(r"[\w.-]+@corp\.example", page.text)
        return found.group() if found else ""

    def refusal(self, page: Page) -> dict[str, Any]:
        """Return the evidence behind a page that somebody was refused by."""
        assert page.status == 403, page.text
        path = "/audit-events?event=upstream.refused"
        for event in self.call("GET", path).json()["items"]:
            if event["correlation_id"] in page.text:
                data: dict[str, Any] = event["data"]
                return data
        raise AssertionError(f"no evidence of {page.text}")

    def readiness(self) -> str:
        """Return what it says of itself."""
        answer = requests.get(f"{self.url}/health/ready", timeout=30)
        return str(answer.json()["status"])

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call the API as the administrator, who just signed in; it has to agree."""
        credentials = {"email": ADMIN, "password": PASSWORD}
        token = self._ask("POST", "/auth/login", credentials).json()["access_token"]
        return self._ask(method, path, body, Authorization=f"Bearer {token}")

    def _ask(
        self, method: str, path: str, body: Any, **headers: str
    ) -> requests.Response:
        url = f"{self.url}/api/v1{path}"
        answer = requests.request(
            method, url, json=body, headers=headers, timeout=_PATIENCE
        )
        assert answer.ok, answer.text
        return answer

    def _connect(self, name: str, kind: str, settings: dict[str, Any]) -> None:
        body = {
            "name": name,
            "kind": kind,
            "display_name": name,
            "settings": settings,
            "account_rule": "anybody",
            "trusted_domains": ["corp.example"],
            "follow": {"profile": {"name": "name"}},
        }
        made = self.call("POST", "/connections", body).json()
        self._ids[name] = made["id"]
