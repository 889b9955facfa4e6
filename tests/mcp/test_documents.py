"""Clients that are known by the address of their metadata (ADR-0087).

draft-ietf-oauth-client-id-metadata-document.
"""

from typing import Any
from urllib.parse import quote

import pytest

from app.core import jose
from app.models import OAuthClient
from tests.mcp.documents import Site, agree, redeem
from tests.provider.resources.feed import make_reader
from tests.support.api import Api
from tests.support.authorization import (
    Visit,
    at,
    evidence,
    is_refused_page,
    request_id,
    rows,
    told,
)
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol


async def person_at(api: Api, browser: Visit) -> Any:
    person = await api.person()
    await browser.arrive(person.email)
    return person


async def test_the_metadata_says_so_and_registration_is_open(api: Api) -> None:
    found = (await api.client.get("/.well-known/oauth-authorization-server")).json()

    assert found["client_id_metadata_document_supported"] is True
    assert found["registration_endpoint"].endswith("/oauth2/register")
    assert "none" in found["token_endpoint_auth_methods_supported"]
    body = {"redirect_uris": ["http://127.0.0.1/cb"], "client_name": "Editor"}
    made = await api.client.post("/oauth2/register", json=body)
    assert made.status_code == 201


async def test_a_stranger_is_asked_about_and_gets_tokens_that_are_refreshed(
    api: Api, browser: Visit, site: Site
) -> None:
    await person_at(api, browser)
    page = await browser.ask(site.app(), scope="openid offline_access")
    before = await rows(api.runtime, OAuthClient)

    answer = await browser.decide("allow")
    tokens = await redeem(api, site.app(), answer)
    again = await api.client.post(
        "/oauth2/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tokens.json()["refresh_token"],
            "client_id": site.app().client_id,
        },
    )

    assert at(page) == "/consent" and before == []
    assert tokens.status_code == again.status_code == 200, again.text
    [row] = await rows(api.runtime, OAuthClient)
    assert row.client_id == site.app().client_id
    assert (row.is_self_registered, row.voucher) == (True, "nobody")
    assert not (row.is_first_party or row.is_resource_server or row.audience)
    assert site.asked == 1  # never at the token endpoint


async def test_nothing_is_stored_of_a_client_that_nobody_agrees_to(
    api: Api, browser: Visit, site: Site
) -> None:
    await person_at(api, browser)
    await browser.ask(site.app())

    await browser.decide("deny")

    assert await rows(api.runtime, OAuthClient) == []


async def test_people_see_the_domain_and_that_a_program_may_be_another(
    api: Api, browser: Visit, site: Site
) -> None:
    await person_at(api, browser)
    site.changed = {"client_name": "Bank of All"}

    page = await browser.ask(site.app(), redirect_uri="http://127.0.0.1:41999/callback")

    domain = site.server.url.removeprefix("https://")
    assert f"Allow it only if you know <strong><bdi>{domain}</bdi>" in page.text
    assert "Afterwards you go to a program on your device." in page.text
    assert "Any program on your device can pretend to be it" in page.text


async def test_people_see_who_gets_the_answer_as_well(
    api: Api, browser: Visit, site: Site
) -> None:
    await person_at(api, browser)
    elsewhere = "https://elsewhere.example/cb"
    site.changed = {"redirect_uris": [elsewhere]}

    page = await browser.ask(site.app(), redirect_uri=elsewhere)

    domain = site.server.url.removeprefix("https://")
    assert f"<strong><bdi>{domain}, elsewhere.example</bdi></strong>" in page.text
    assert f"at {domain}, elsewhere.example" in page.text


async def test_consent_is_asked_for_again_where_a_changed_document_leads(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    await person_at(api, browser)
    jwks = {"keys": [jose.public_jwk(jose.generate_key("ES256"), "key", "ES256")]}
    signs = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    site.changed = dict(signs)
    await agree(browser, site.app())
    silent = await browser.ask(site.app(), prompt="none")
    elsewhere = "https://elsewhere.example/cb"
    site.changed = signs | {"redirect_uris": [elsewhere]}
    clock.advance(seconds=301)

    moved = await browser.ask(site.app(), redirect_uri=elsewhere)
    gone = await browser.ask(site.app())

    assert "error" not in told(silent)
    assert at(moved) == "/consent"
    assert is_refused_page(gone)


async def test_a_changed_document_changes_the_client_with_evidence(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    await person_at(api, browser)
    await agree(browser, site.app())
    site.changed = {"client_name": "Renamed"}
    clock.advance(seconds=301)

    answer = await browser.ask(site.app(), prompt="consent")
    answer = await browser.decide("allow")

    [row] = await rows(api.runtime, OAuthClient)
    assert (row.client_name, row.version) == ("Renamed", 2)
    names = [each.name for each in await evidence(api.runtime, request_id(answer))]
    assert "oauth_client.updated" in names


async def test_a_disabled_client_stays_so_and_its_document_is_not_fetched(
    api: Api, browser: Visit, site: Site, clock: FakeClock
) -> None:
    await person_at(api, browser)
    await agree(browser, site.app())
    admin = await api.person("admin")
    path = f"/clients/{site.app().client_id.replace('/', '%2F')}"
    changed = await api.patch(path, {"status": "disabled"}, admin)
    clock.advance(seconds=4_000)

    refused = await browser.ask(site.app())

    assert changed.status_code == 200, changed.text
    assert is_refused_page(refused) and site.asked == 1


@pytest.mark.parametrize(
    "change",
    [
        {"client_name": "Mine"},
        {"redirect_uris": ["https://evil.example/cb"]},
        {"vouched_by": "administrator"},
        {"is_first_party": True},
        {"audience": "https://api.example"},
    ],
)
async def test_nobody_gives_it_power_or_other_metadata(
    api: Api, browser: Visit, site: Site, change: dict[str, Any]
) -> None:
    await person_at(api, browser)
    await agree(browser, site.app())
    admin = await api.person("admin")
    path = f"/clients/{site.app().client_id.replace('/', '%2F')}"

    refused = await api.patch(path, change, admin)

    assert refused.status_code == 422, refused.text
    [row] = await rows(api.runtime, OAuthClient)
    assert (row.version, row.voucher, row.is_first_party) == (1, "nobody", False)


async def test_a_client_that_an_administrator_made_wins_and_nothing_is_fetched(
    api: Api, browser: Visit, site: Site
) -> None:
    await person_at(api, browser)
    admin = await api.person("admin")
    body = {
        "client_id": site.app().client_id,
        "redirect_uris": ["https://own.example/cb"],
        "is_first_party": True,
    }
    made = await api.post("/clients", body, admin)

    theirs = await browser.ask(site.app(), redirect_uri="https://own.example/cb")
    other = await browser.ask(site.app())

    assert made.status_code == 201, made.text
    assert "code" in told(theirs, "https://own.example/cb")
    assert is_refused_page(other)
    assert site.asked == 0


async def test_a_client_that_is_deleted_and_agreed_to_again_is_not_told_as_ended(
    api: Api, browser: Visit, site: Site, protocol: Protocol, clock: FakeClock
) -> None:
    """APIs that check tokens by themselves take its new ones, and not the old."""
    reader = await make_reader(protocol, clock)
    await person_at(api, browser)
    app = site.app()
    first = (await redeem(api, app, await agree(browser, app))).json()["access_token"]
    admin = await api.admin()
    path = f"/clients/{quote(app.client_id, safe='')}"
    assert (await api.delete(path, admin)).status_code == 204
    assert await reader.refuses(first)
    clock.advance(seconds=10)

    again = (await redeem(api, app, await agree(browser, app))).json()["access_token"]

    assert await reader.refuses(first)
    assert not await reader.refuses(again)
