"""Protected resource metadata over HTTP: found from a 401, and true."""

import re

import pytest
from httpx2 import AsyncClient

from tests.factories.oauth import Application
from tests.provider.resources.test_tokens import form_of
from tests.support.authorization import Visit, told
from tests.support.oauth import Protocol


async def test_a_client_finds_out_from_a_401_whom_to_ask_for_what(
    protocol: Protocol, browser: Visit
) -> None:
    """RFC 9728 §3.3, §5.1: the metadata is for the very API that was asked."""
    refused = await protocol.http.get("/api/v1/users/me")
    found = re.search(
        r'resource_metadata="([^"]+)"', refused.headers["www-authenticate"]
    )
    assert found is not None
    metadata = (await protocol.http.get(found[1])).json()
    [issuer] = metadata["authorization_servers"]
    discovered = await protocol.http.get(
        f"{issuer}/.well-known/oauth-authorization-server"
    )
    app = await protocol.apps(scope="openid account")

    token = await _token(protocol, browser, app, metadata)
    owner = await protocol.http.get(
        "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}
    )

    assert discovered.json()["issuer"] == issuer
    assert metadata["resource"] == f"{issuer}/api/v1"
    assert owner.status_code == 200, owner.text


async def _token(
    protocol: Protocol, browser: Visit, app: Application, metadata: dict[str, object]
) -> str:
    person = await protocol.api.person()
    await browser.arrive(person.email)
    await browser.ask(app, scope="account", resource=metadata["resource"])
    code = told(await browser.decide("allow"))["code"]
    answer = await protocol.token(
        app, form_of(code) | {"resource": metadata["resource"]}
    )
    token: str = answer.json()["access_token"]
    return token


async def test_it_says_what_the_issuer_itself_is_asked_for(protocol: Protocol) -> None:
    """RFC 9728 §3.1, §3.3: the document at the root is of the issuer."""
    path = "/.well-known/oauth-protected-resource"
    answer = await protocol.http.get(path)
    again = await protocol.http.get(
        path, headers={"If-None-Match": answer.headers["etag"]}
    )

    issuer = protocol.runtime.settings.public_url
    assert answer.json()["resource"] == issuer
    assert answer.json()["scopes_supported"][0] == "openid"
    assert again.status_code == 304


class TestUnderAPath:
    """A service whose public URL has a path."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Live below a path."""
        return {"public_url": "http://localhost:8000/auth"}

    async def test_it_is_found_by_the_address_of_the_standard(
        self, client: AsyncClient
    ) -> None:
        """RFC 9728 §3.1: inserted between the host and the path."""
        root = "/.well-known/oauth-protected-resource"

        api = await client.get(f"{root}/auth/api/v1")
        issuer = await client.get(f"{root}/auth")

        assert api.json()["resource"] == "http://localhost:8000/auth/api/v1"
        assert issuer.json()["resource"] == "http://localhost:8000/auth"
        assert (await client.get(f"{root}/other")).status_code == 404
