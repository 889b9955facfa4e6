"""Dex (a Go module), which stands between Kubernetes and directories."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.federation.servers import installed
from tests.federation.servers.openid import CLIENT_ID, PASSWORD, SECRET, Here
from tests.federation.servers.program import Restartable
from tests.interop.browser import Browser, Page
from tests.servers.ports import LOOPBACK, free_port

# bcrypt of PASSWORD, of cost 10, which is the least that Dex takes.
_HASH = "$2b$10$ObAimyEIY7G9d1YtWMxA..lecGNFACbNOgqu5EYX79ljxPV68bn4m"


class Dex:
    """A running one, with people of its own."""

    name, kind = "dex", "oidc"
    email, full_name = "dana@corp.example", "Dana"
    has_form_post = has_keys = leads_back = tells_of_sign_out = False

    def __init__(self, here: Here, folder: Path) -> None:
        """Start nothing yet."""
        port = free_port()
        self.issuer = f"http://localhost:{port}/dex"
        self.settings: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "scopes": ["openid", "profile", "email", "offline_access"],
        }
        configuration = {
            "issuer": self.issuer,
            "storage": {"type": "memory"},  # with its keys, which go with it
            "web": {"http": f"{LOOPBACK}:{port}"},
            "enablePasswordDB": True,
            "staticPasswords": [
                {
                    "email": self.email,
                    "hash": _HASH,
                    "username": self.full_name,
                    "userID": "08a8684b-db88-4b73-90a9-3cd1661f5466",
                }
            ],
            "staticClients": [
                {
                    "id": CLIENT_ID,
                    "name": "Auth Serve",
                    "secret": SECRET,
                    "redirectURIs": here.callbacks(self.name),
                }
            ],
        }
        file = folder.with_suffix(".json")
        file.write_text(json.dumps(configuration))  # JSON is YAML
        command = [str(installed.DEX), "serve", str(file)]
        self.program = Restartable(command, folder, port)

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Type address and password, and agree."""
        return browser.press(self._at_consent(browser, page), "Grant Access")

    def turn_back(self, browser: Browser, page: Page) -> Page:
        """Press the other button."""
        return browser.press(self._at_consent(browser, page), "Cancel")

    def sign_out(self, browser: Browser) -> None:
        """Do nothing: it keeps no sessions."""

    def rotate(self) -> None:
        """Start it again: its keys were in memory."""
        self.program.stop()
        self.program.start()

    def _at_consent(self, browser: Browser, page: Page) -> Page:
        return browser.press(page, "Login", login=self.email, password=PASSWORD)


@contextmanager
def running(here: Here, folder: Path) -> Iterator[Dex]:
    """Start one, and end it at the end."""
    one = Dex(here, folder)
    with one.program:
        yield one
