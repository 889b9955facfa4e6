"""What strangers try with documents: draft section 6, RFC 9700 section 4.11."""

import asyncio
import json
from typing import Any

import pytest

from app.core.outbound.guard import Guard
from app.models import OAuthClient
from app.services.clients import document_memory
from app.services.clients.document_memory import ASKED_EVERY, LAST_GOOD_FOR
from tests.factories.oauth import Application
from tests.mcp.documents import PATH, Site, agree
from tests.support.api import Api
from tests.support.authorization import (
    Visit,
    at,
    is_refused_page,
    rows,
)
from tests.support.chance import FakeClock


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: documents are kept outside of it."""
    return sqlite_url


async def arrive(api: Api, browser: Visit) -> None:
    await browser.arrive((await api.person()).email)


@pytest.mark.parametrize(
    "client_id",
    [
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1:8443/client.json",
        "https://192.168.1.1/client.json",
        "https://metadata/client.json",
    ],
)
async def test_private_addresses_are_not_called_and_nobody_learns_why(
    api: Api, browser: Visit, client_id: str
) -> None:
    answer = await browser.ask(Application(client_id))

    assert is_refused_page(answer)
    assert "could not be fetched" in answer.text
    assert "public" not in answer.text and "address may not" not in answer.text


async def test_a_name_that_leads_to_a_private_address_is_not_called(
    api: Api, browser: Visit, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any) -> list[str]:
        return ["127.0.0.1"]

    guard: Guard = api.runtime.outbound._guard
    monkeypatch.setattr(guard, "_resolve", resolve)
    port = site.server.port

    answer = await browser.ask(Application(f"https://rebind.example:{port}{PATH}"))

    assert is_refused_page(answer) and site.server.connections == 0


@pytest.mark.parametrize(
    ("status", "headers", "raw"),
    [
        (302, {"Location": "/other.json"}, b""),
        (301, {"Location": "http://127.0.0.1/x"}, b""),
        (404, {"Content-Type": "application/json"}, b""),
        (200, {"Content-Type": "text/plain"}, b""),
        (200, {"Content-Type": "text/html"}, b""),
        (200, {"Content-Type": "application/json"}, b"{" * 30_000),
        (200, {"Content-Type": "application/json"}, b"\xff"),
        (200, {"Content-Type": "application/json"}, b" " * 10_000_000),
        (500, {"Content-Type": "application/json"}, b""),
    ],
)
async def test_what_is_no_document_is_refused_and_asked_for_once(
    api: Api,
    browser: Visit,
    site: Site,
    status: int,
    headers: dict[str, str],
    raw: bytes,
) -> None:
    site.status, site.headers, site.raw = status, headers, raw

    answers = [await browser.ask(site.app()) for _ in range(3)]

    assert all(map(is_refused_page, answers))
    assert site.asked == 1
    assert await rows(api.runtime, OAuthClient) == []


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "-Infinity",
        "1e999",
        "9" * 4_000,
        '"\\ud800"',
        '"\\u0000"',
        '1, "x": 2',
        "[" * 900 + "]" * 900,
    ],
)
async def test_json_that_parsers_read_differently_is_no_document(
    api: Api, browser: Visit, site: Site, value: str
) -> None:
    """ADR-0006. Kept once, it could not be read again, nor a list that it is in."""
    await arrive(api, browser)
    site.changed = {"token_endpoint_auth_method": "private_key_jwt"}
    known = json.dumps(site.document())[:-1]
    keys = '"jwks": {"keys": [{"kty": "RSA", "x": %s}]}' % value
    site.raw = f"{known}, {keys}}}".encode()

    answer = await browser.ask(site.app())

    assert is_refused_page(answer)
    assert "the document at client_id is not JSON" in answer.text


async def test_a_document_of_another_address_is_refused(
    api: Api, browser: Visit, site: Site
) -> None:
    site.changed = {"client_id": "https://editor.example/client.json"}

    answer = await browser.ask(site.app())

    assert is_refused_page(answer)
    assert "client_id must be the address of the document" in answer.text


async def test_an_error_is_not_believed_longer_than_some_seconds(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    """Section 5.2: error responses and malformed documents MUST NOT be cached."""
    await arrive(api, browser)
    site.status = 404
    refused = await browser.ask(site.app())
    site.status = 200
    clock.advance(seconds=ASKED_EVERY)

    asked = await browser.ask(site.app())

    assert is_refused_page(refused) and at(asked) == "/consent"


async def test_a_good_document_outlives_silence_and_no_denial(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    await arrive(api, browser)
    await browser.ask(site.app())
    site.status = 500
    clock.advance(seconds=301)
    silent = await browser.ask(site.app())
    site.status = 410
    clock.advance(seconds=ASKED_EVERY)

    denied = await browser.ask(site.app())

    assert at(silent) == "/consent"
    assert is_refused_page(denied) and site.asked == 3


async def test_a_good_document_is_over_when_its_host_is_silent_too_long(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    await browser.ask(site.app())
    site.status = 500
    clock.advance(seconds=301 + LAST_GOOD_FOR)

    assert is_refused_page(await browser.ask(site.app()))


async def test_an_answer_of_another_redirect_uri_is_not_given(
    api: Api, browser: Visit, site: Site
) -> None:
    await arrive(api, browser)

    answer = await browser.ask(site.app(), redirect_uri="https://evil.example/cb")

    assert is_refused_page(answer)


async def test_many_at_once_have_it_fetched_once(
    api: Api, browser: Visit, site: Site
) -> None:
    await asyncio.gather(*(browser.client.get(*_request(site)) for _ in range(8)))

    assert site.asked == 1


def _request(site: Site) -> tuple[str]:
    return (f"/oauth2/authorize?client_id={site.app().client_id}",)


class TestBounds:
    """Strangers do not have us fetch or keep as much as they like."""

    @pytest.fixture
    def options(self, options: dict[str, object]) -> dict[str, object]:
        return options | {"limits": {"document_address": "2/3600"}}

    async def test_fetches_are_counted_by_address_and_known_clients_are_not(
        self, api: Api, browser: Visit, site: Site, clock: FakeClock
    ) -> None:
        await arrive(api, browser)
        await agree(browser, site.app())
        await browser.ask(site.app("/2.json"))

        refused = await browser.ask(site.app("/3.json"))
        clock.advance(seconds=301)
        known = await browser.ask(site.app())

        assert refused.status_code == 429
        assert at(known) == "/consent"
        assert site.asked == 3

    async def test_refusals_push_no_document_out(
        self,
        api: Api,
        browser: Visit,
        site: Site,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(document_memory, "_MOST", 1)
        await arrive(api, browser)
        await browser.ask(site.app())
        site.status = 404
        await browser.ask(site.app("/2.json"))

        asked = await browser.ask(site.app())

        assert at(asked) == "/consent" and site.asked == 2


async def test_no_client_takes_the_name_of_a_protected_host(
    api: Api, browser: Visit, site: Site
) -> None:
    """What its program is told has that in ``aud``, as an ID token would."""
    admin, app = await api.person("admin"), site.app("/")
    host = app.client_id.removeprefix("https://").rstrip("/")
    made = await api.post("/protected-hosts", {"host": host}, admin)

    answer = await browser.ask(app)

    assert made.status_code == 201, made.text
    assert is_refused_page(answer) and site.asked == 0


async def test_no_client_takes_the_name_of_an_api_or_of_this_server(
    api: Api, browser: Visit, site: Site
) -> None:
    admin = await api.person("admin")
    body = {"identifier": site.app().client_id, "name": "API", "scopes": {}}
    made = await api.post("/resources", body, admin)

    of_api = await browser.ask(site.app())

    assert made.status_code == 201, made.text
    assert is_refused_page(of_api) and site.asked == 0


async def test_nor_one_that_was_given_to_an_api_meanwhile(
    api: Api, browser: Visit, site: Site
) -> None:
    await arrive(api, browser)
    asked = await browser.ask(site.app())
    admin = await api.person("admin")
    body = {"identifier": site.app().client_id, "name": "API", "scopes": {}}
    made = await api.post("/resources", body, admin)

    await browser.decide("allow")

    assert at(asked) == "/consent" and made.status_code == 201, made.text
    assert await rows(api.runtime, OAuthClient) == []


class TestOff:
    """Without the setting there is nothing of it."""

    @pytest.fixture
    def options(self, options: dict[str, object]) -> dict[str, object]:
        return options | {"mcp": {"enabled": False}}

    async def test_nothing_is_fetched_or_offered(
        self, api: Api, browser: Visit, site: Site
    ) -> None:
        answer = await browser.ask(site.app())
        found = await api.client.get("/.well-known/openid-configuration")

        assert is_refused_page(answer) and site.asked == 0
        assert found.json()["client_id_metadata_document_supported"] is False
        assert "registration_endpoint" not in found.json()
