"""``/oauth2/register``: RFC 7591, RFC 7592, OpenID Connect Dynamic Registration."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy import select

from app.models.audit_event import AuditEvent
from app.oauth.clients.secrets import find_secret
from app.oauth.grants.jwt_bearer import JwtBearer
from app.services.clients.client import OAuthClientService
from app.services.server.runtime import Runtime
from tests.servers.http import HttpServer
from tests.support.registration import (
    WEB,
    manage,
    options_of,
    refused,
    register,
    seen,
    unauthorized,
)
from tests.support.tables import contents


@pytest.fixture
def options() -> dict[str, object]:
    return options_of("open")


async def test_rfc7591_3_2_1_a_client_is_told_all_that_it_became(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7591 §3.2.1, RFC 7592 §3, OIDC Registration §3.2: 201, and all of it."""
    answer = await client.post("/oauth2/register", json=WEB | {"client_name": "App"})

    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    client_id = told["client_id"]
    assert told["client_id_issued_at"] == int(runtime.clock.now().timestamp())
    assert told["client_secret"].startswith("as_cs_")
    assert told["client_secret_expires_at"] == 0
    uri = f"http://localhost:8000/oauth2/register/{client_id}"
    assert told["registration_client_uri"] == uri
    assert told["registration_access_token"].startswith("as_rat_")
    assert told["client_name"] == "App"
    assert told["redirect_uris"] == WEB["redirect_uris"]
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["scope"].startswith("openid profile email address phone ")
    assert told["scope"].endswith(" offline_access orders:read")
    found = await seen(runtime, client_id)
    assert find_secret(told["client_secret"], found.secrets)
    assert not found.is_first_party and not found.is_resource_server


async def test_oidc_registration_3_1_what_the_conformance_suite_sends_is_taken(
    client: AsyncClient, runtime: Runtime
) -> None:
    """OIDC Registration §3.1, §5: what clients may say; their sector is asked."""
    uris = ["https://suite.example/a/callback", "https://suite.example/b/callback"]
    with HttpServer(lambda *_: (200, {}, json.dumps(uris).encode())) as server:
        told = await register(
            client,
            redirect_uris=uris,
            response_types=["code"],
            grant_types=["authorization_code", "refresh_token"],
            application_type="web",
            client_name="Conformance",
            contacts=["certification@oidf.org"],
            jwks_uri=f"{server.url}/jwks",
            subject_type="pairwise",
            sector_identifier_uri=f"{server.url}/redirect_uris.json",
            id_token_signed_response_alg="RS256",
            userinfo_signed_response_alg="RS256",
            post_logout_redirect_uris=["https://suite.example/a/post_logout"],
            backchannel_logout_uri=f"{server.url}/backchannel_logout",
            frontchannel_logout_uri="https://suite.example/a/frontchannel_logout",
            logo_uri="https://suite.example/logo.png",
            policy_uri="https://suite.example/policy",
            tos_uri="https://suite.example/tos",
            an_unknown_member={"is": ["ignored"]},
        )
        asked = [request.path for request in server.requests]

    assert asked == ["/redirect_uris.json"]
    assert told["subject_type"] == "pairwise"
    assert "an_unknown_member" not in told
    found = await seen(runtime, told["client_id"])
    assert found.sector == "127.0.0.1"
    assert found.links["logo_uri"] == "https://suite.example/logo.png"


async def test_rfc7591_3_2_2_what_is_not_acceptable_is_refused_by_its_error(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7591 §3.2.2, OIDC Registration §3.3: 400, and the error by its name."""
    before = await contents(runtime)
    tries: list[tuple[Any, str]] = [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://a.example/"]}, "invalid_redirect_uri"),
        (WEB | {"response_types": ["id_token token"]}, "invalid_client_metadata"),
        (WEB | {"jwks_uri": "ftp://a.example"}, "invalid_client_metadata"),
        (WEB | {"require_auth_time": "true"}, "invalid_client_metadata"),
        ([], "invalid_client_metadata"),
        ("x", "invalid_client_metadata"),
        (None, "invalid_client_metadata"),
    ]

    for body, error in tries:
        answer = await client.post("/oauth2/register", json=body)
        assert refused(answer) == error, body
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b'{"redirect_uris": 1, "redirect_uris": 2}', b""):
        answer = await client.post("/oauth2/register", content=content, headers=headers)
        assert refused(answer) == "invalid_client_metadata"

    assert await contents(runtime) == before


async def test_rfc7591_2_clients_choose_neither_name_nor_secret_nor_power(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7591 §2, §3.2.1: client_id and client_secret are the server's to make."""
    told = await register(
        client,
        client_id="admin-console",
        client_secret="mine",
        is_first_party=True,
        is_resource_server=True,
        audience="https://api.example",
        pkce="public_only",
        status="disabled",
    )

    assert told["client_id"] != "admin-console"
    assert told["client_secret"] != "mine"
    found = await seen(runtime, told["client_id"])
    assert not found.is_first_party and not found.is_resource_server
    assert (found.audience, found.pkce) == (None, None)
    assert await runtime.clients.by_client_id("admin-console") is None


async def test_who_needs_no_secret_gets_none(client: AsyncClient) -> None:
    keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "rPwuk"}]}

    for method in ("none", "private_key_jwt"):
        told = await register(client, token_endpoint_auth_method=method, jwks=keys)

        assert "client_secret" not in told
        assert "client_secret_expires_at" not in told


async def test_rfc7592_2_1_a_client_reads_itself_without_its_secret(
    client: AsyncClient,
) -> None:
    """RFC 7592 §2.1, OIDC Registration §4.3: what is registered now."""
    told = await register(client)

    answer = await manage(client, "GET", told)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.json() == {n: v for n, v in told.items() if n not in secret}


async def test_rfc7592_2_2_a_client_replaces_all_of_itself_and_keeps_its_secret(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7592 §2.2: what is left out is taken away."""
    told = await register(client, client_name="Old", tos_uri="https://a.example/tos")
    await seen(runtime, told["client_id"])
    body = {"redirect_uris": ["https://client.example.org/new"]}
    body |= {"client_id": told["client_id"], "client_secret": told["client_secret"]}

    answer = await manage(client, "PUT", told, body)

    now = answer.json()
    assert answer.status_code == 200, answer.text
    assert now["redirect_uris"] == body["redirect_uris"]
    assert "client_name" not in now and "tos_uri" not in now
    assert "client_secret" not in now
    assert now["registration_access_token"] == told["registration_access_token"]
    found = await seen(runtime, told["client_id"])
    assert found.redirect_uris == ("https://client.example.org/new",)
    assert find_secret(told["client_secret"], found.secrets)


async def test_rfc7592_2_2_what_a_client_may_not_say_of_itself_is_refused(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7592 §2.2: client_id MUST be its own, and four members MUST NOT be sent."""
    told, other = await register(client), await register(client)
    own = WEB | {"client_id": told["client_id"]}
    before = await contents(runtime)
    bodies: list[Any] = [
        WEB,
        WEB | {"client_id": other["client_id"]},
        own | {"client_secret": other["client_secret"]},
        own | {"client_secret": 7},
        own | {"registration_access_token": told["registration_access_token"]},
        own | {"registration_client_uri": told["registration_client_uri"]},
        own | {"client_secret_expires_at": 0},
        own | {"client_id_issued_at": 1},
        own | {"scope": ["openid"]},
        own | {"grant_types": ["client_credentials"]},
        own | {"jwks": {"keys": []}},
        [],
        None,
    ]

    answers = [refused(await manage(client, "PUT", told, body)) for body in bodies]
    uri = await manage(client, "PUT", told, own | {"redirect_uris": ["javascript:x"]})

    assert answers == ["invalid_client_metadata"] * len(bodies)
    assert refused(uri) == "invalid_redirect_uri"
    assert await contents(runtime) == before


async def test_a_client_gets_a_secret_when_it_begins_to_need_one(
    client: AsyncClient, runtime: Runtime
) -> None:
    told = await register(client, token_endpoint_auth_method="none")
    own = WEB | {"client_id": told["client_id"]}

    given = (await manage(client, "PUT", told, own)).json()
    with_secret = await seen(runtime, told["client_id"])
    public = own | {"token_endpoint_auth_method": "none"}
    taken = (await manage(client, "PUT", told, public)).json()

    assert find_secret(given["client_secret"], with_secret.secrets)
    assert given["client_secret_expires_at"] == 0
    assert "client_secret" not in taken
    assert (await seen(runtime, told["client_id"])).secrets == ()


async def test_rfc7592_2_3_a_client_deletes_itself_and_its_token_ends(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7592 §2.3: 204, and its credentials hold no more."""
    told = await register(client)

    gone = await manage(client, "DELETE", told)

    assert (gone.status_code, gone.content) == (204, b"")
    assert await runtime.clients.by_client_id(told["client_id"]) is None
    for method in ("GET", "PUT", "DELETE"):
        body = WEB | {"client_id": told["client_id"]} if method == "PUT" else None
        again = await manage(client, method, told, body)
        assert 'error="invalid_token"' in unauthorized(again)


async def test_rfc7592_2_who_is_disabled_or_an_administrators_manages_nothing(
    client: AsyncClient, runtime: Runtime
) -> None:
    """RFC 7592 §2, OIDC Registration §4.4: 401, whatever is missing."""
    told = await register(client)
    async with runtime.unit_of_work() as uow:
        clients = OAuthClientService(uow, runtime)
        await clients.update(told["client_id"], {}, {"status": "disabled"}, None)
        made, _ = await clients.create(WEB, {})
    key = runtime.secret_key.registration_access_token(made.client_id)
    uri = f"http://localhost:8000/oauth2/register/{made.client_id}"
    theirs = {"registration_client_uri": uri, "registration_access_token": key}
    before = await contents(runtime)

    for each in (told, theirs):
        own = WEB | {"client_id": each["registration_client_uri"].rpartition("/")[2]}
        for method in ("GET", "PUT", "DELETE"):
            body = own if method == "PUT" else None
            unauthorized(await manage(client, method, each, body))

    assert await contents(runtime) == before


async def test_what_happened_is_recorded_without_the_secret(
    client: AsyncClient, runtime: Runtime
) -> None:
    told = await register(client)
    own = WEB | {"client_id": told["client_id"], "client_name": "New"}
    await manage(client, "PUT", told, own)
    await manage(client, "PUT", told, own)  # the same again is no change
    await manage(client, "DELETE", told)

    async with runtime.database.session(read_only=True) as db:
        query = select(AuditEvent).where(AuditEvent.name.startswith("oauth_client."))
        rows = list(await db.scalars(query.order_by(AuditEvent.id)))

    client_id = told["client_id"]
    assert [(row.name, row.data) for row in rows] == [
        (
            "oauth_client.registered",
            {"client_id": client_id, "is_self_registered": True},
        ),
        (
            "oauth_client.updated",
            {"client_id": client_id, "fields": ["client_name"]},
        ),
        ("oauth_client.deleted", {"client_id": client_id, "reason": "client"}),
    ]


async def test_whatever_goes_wrong_is_told_in_the_form_of_the_protocol(
    client: AsyncClient,
) -> None:
    answers = [
        await client.post("/oauth2/register", content=b"x=y", headers=kind)
        for kind in ({"Content-Type": "application/x-www-form-urlencoded"},)
    ]
    answers.append(await client.request("PATCH", "/oauth2/register"))
    answers.append(await client.post("/oauth2/register", json=["x" * 70_000]))

    assert [answer.status_code for answer in answers] == [415, 405, 413]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]


async def test_what_registers_itself_is_spoken_for_by_nobody(
    client: AsyncClient,
) -> None:
    """RFC 7591 §2.1: no grant for workloads, and no client whose keys are another's."""
    grants = ["authorization_code", JwtBearer.name]
    told = await register(client, grant_types=grants)
    keyless = {"token_endpoint_auth_method": "private_key_jwt"}
    answer = await client.post("/oauth2/register", json=WEB | keyless)

    assert told["grant_types"] == ["authorization_code"]
    assert refused(answer) == "invalid_client_metadata"
