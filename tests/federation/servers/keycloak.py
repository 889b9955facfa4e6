"""Keycloak (Maven Central, needs Java), with a realm that is imported at its start."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.federation.servers import installed
from tests.federation.servers.openid import (
    CLIENT_BY_KEY,
    CLIENT_ID,
    PASSWORD,
    SECRET,
    Here,
)
from tests.federation.servers.program import Restartable
from tests.interop.browser import Browser, Page
from tests.servers.ports import LOOPBACK, free_port

REALM = "corp"
_PATIENCE = 30  # seconds of one call


class Keycloak:
    """A running one, with the database that it brings for trying it out."""

    name, kind = "keycloak", "keycloak"
    email, full_name = "kim@corp.example", "Kim Corp"
    has_form_post = has_keys = leads_back = tells_of_sign_out = True

    def __init__(self, here: Here, folder: Path) -> None:
        """Start nothing yet."""
        port = free_port()
        self._url, self._here = f"http://localhost:{port}", here
        self.issuer = f"{self._url}/realms/{REALM}"
        self.settings: dict[str, Any] = {
            "url": self._url,
            "realm": REALM,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }
        home = folder.with_name("keycloak-home")
        shutil.copytree(installed.KEYCLOAK, home, symlinks=True)
        imported = home / "data" / "import"
        imported.mkdir(parents=True)
        (imported / "corp-realm.json").write_text(json.dumps(self._realm()))
        command = [
            "/usr/bin/env",
            "KC_BOOTSTRAP_ADMIN_USERNAME=admin",
            f"KC_BOOTSTRAP_ADMIN_PASSWORD={PASSWORD}",
            "JAVA_OPTS_APPEND=-Xmx512m -XX:TieredStopAtLevel=1",
            str(home / "bin" / "kc.sh"),
            "start",
            "--optimized",
            "--import-realm",
            "--cache=local",  # or it would listen for others of its kind
            "--http-enabled=true",
            f"--http-host={LOOPBACK}",
            f"--http-port={port}",
            f"--hostname={self._url}",
        ]
        self.program = Restartable(command, folder, port)

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Type name and password, and agree where that was not done before."""
        page = self._typed(browser, page, "kim")
        is_asked = any("Yes" in form.buttons for form in page.forms)
        return browser.press(page, "Yes") if is_asked else page

    def turn_back(self, browser: Browser, page: Page) -> Page:
        """Press the other button, as somebody who has not agreed to anything yet."""
        return browser.press(self._typed(browser, page, "nik"), "No")

    def rotate(self) -> None:
        """Give the realm a key that comes before the others."""
        realm = self._call("GET", f"/admin/realms/{REALM}").json()
        provider = {
            "name": "newer",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm["id"],
            "config": {"priority": ["1000"], "algorithm": ["RS256"]},
        }
        self._call("POST", f"/admin/realms/{REALM}/components", provider)

    def sign_out(self, browser: Browser) -> None:
        """Say yes where it asks."""
        page = browser.open(f"{self.issuer}/protocol/openid-connect/logout")
        browser.press(page, "Logout")

    def _typed(self, browser: Browser, page: Page, name: str) -> Page:
        return browser.press(page, "Sign In", username=name, password=PASSWORD)

    def _call(self, method: str, path: str, body: Any = None) -> requests.Response:
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": "admin",
            "password": PASSWORD,
        }
        master = f"{self._url}/realms/master/protocol/openid-connect/token"
        token = requests.post(master, form, timeout=_PATIENCE).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._url}{path}"
        answer = requests.request(
            method, url, json=body, headers=headers, timeout=_PATIENCE
        )
        assert answer.ok, answer.text
        return answer

    def _realm(self) -> dict[str, Any]:
        usual = {
            "protocol": "openid-connect",
            "standardFlowEnabled": True,
            "consentRequired": True,
        }
        attributes = {
            "post.logout.redirect.uris": f"{self._here.url}/*",
            "pkce.code.challenge.method": "S256",
        }
        jwks = json.dumps({"keys": [self._here.jwk]})
        by_key = {"use.jwks.string": "true", "jwks.string": jwks}
        by_key["token.endpoint.auth.signing.alg"] = "ES256"
        clients = [
            usual
            | {
                "clientId": CLIENT_ID,
                "secret": SECRET,
                "redirectUris": self._here.callbacks(self.name),
                "attributes": attributes
                | {
                    "backchannel.logout.url": self._here.logout(self.name),
                    "backchannel.logout.session.required": "true",
                },
            },
            usual
            | {
                "clientId": CLIENT_BY_KEY,
                "clientAuthenticatorType": "client-jwt",
                "redirectUris": [self._here.callback_by_key(self.name)],
                "attributes": attributes | by_key,
            },
        ]
        return {
            "realm": REALM,
            "enabled": True,
            "sslRequired": "none",
            "clients": clients,
            "users": [_person("kim"), _person("nik")],
        }


def _person(name: str) -> dict[str, Any]:
    return {
        "username": name,
        "email": f"{name}@corp.example",
        "emailVerified": True,
        "firstName": name.title(),
        "lastName": "Corp",
        "enabled": True,
        "credentials": [{"type": "password", "value": PASSWORD}],
    }


@contextmanager
def running(here: Here, folder: Path) -> Iterator[Keycloak]:
    """Start one, and end it at the end."""
    one = Keycloak(here, folder)
    with one.program:
        yield one
