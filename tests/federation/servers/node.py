"""node-oidc-provider (npm), the certified provider of many Node applications."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.core.jose import generate_key
from tests.federation.servers import installed
from tests.federation.servers.openid import (
    CLIENT_BY_KEY,
    CLIENT_ID,
    SECRET,
    Here,
)
from tests.federation.servers.program import Restartable
from tests.interop.browser import Browser, Page
from tests.servers.ports import free_port

_SERVER = Path(__file__).parent / "node_oidc_provider" / "server.mjs"


class NodeOidcProvider:
    """A running one; whoever types a name is that."""

    name, kind = "node", "oidc"
    email, full_name = "nora@corp.example", "nora of Corp"
    has_form_post = has_keys = leads_back = tells_of_sign_out = True

    def __init__(self, here: Here, folder: Path) -> None:
        """Start nothing yet."""
        self._port, self._here = free_port(), here
        self.issuer = f"http://localhost:{self._port}"
        self.settings: dict[str, Any] = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "scopes": ["openid", "profile", "email", "offline_access"],
        }
        self.program = Restartable(self._command("first"), folder, self._port)

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Type a name and any password, and agree."""
        return browser.press(self._at_consent(browser, page), "Continue")

    def turn_back(self, browser: Browser, page: Page) -> Page:
        """Follow the link under the question."""
        page = self._at_consent(browser, page)
        [link] = re.findall(r'href="([^"]+/abort)"', page.text)
        return browser.open(link if "//" in link else f"{self.issuer}{link}")

    def sign_out(self, browser: Browser) -> None:
        """Say yes where it asks."""
        page = browser.open(f"{self.issuer}/session/end")
        browser.press(page, "Yes, sign me out")

    def rotate(self) -> None:
        """Start it again with another key."""
        self.program.stop()
        self.program.command = self._command("second")
        self.program.start()

    def _at_consent(self, browser: Browser, page: Page) -> Page:
        return browser.press(page, "Sign-in", login="nora", password="any")

    def _command(self, kid: str) -> list[str]:
        key = generate_key("RS256").as_dict(private=True)
        usual = {
            "grant_types": ["authorization_code", "refresh_token"],
            "post_logout_redirect_uris": [f"{self._here.url}/"],
        }
        by_secret = {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "redirect_uris": self._here.callbacks(self.name),
            "backchannel_logout_uri": self._here.logout(self.name),
            "backchannel_logout_session_required": True,
        }
        by_key = {
            "client_id": CLIENT_BY_KEY,
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": {"keys": [self._here.jwk]},
            "redirect_uris": [self._here.callback_by_key(self.name)],
        }
        order = {
            "folder": str(installed.NODE_OIDC_PROVIDER),
            "issuer": self.issuer,
            "port": self._port,
            "clients": [usual | by_secret, usual | by_key],
            "jwks": {"keys": [key | {"kid": kid, "use": "sig", "alg": "RS256"}]},
        }
        return ["node", str(_SERVER), json.dumps(order)]


@contextmanager
def running(here: Here, folder: Path) -> Iterator[NodeOidcProvider]:
    """Start one, and end it at the end."""
    one = NodeOidcProvider(here, folder)
    with one.program:
        yield one
