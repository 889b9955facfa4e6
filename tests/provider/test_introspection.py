"""Introspection over HTTP (RFC 7662): what is told, and to whom."""

from typing import Any

import pytest

from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

PATH = "/oauth2/introspect"
API = "https://orders.example"


@pytest.fixture
def options() -> dict[str, object]:
    """An API with a scope of its own."""
    return {"oauth": {"scopes": {"orders:read": "See orders"}}}


async def test_the_client_learns_what_its_tokens_are(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 7662 §2.2: active is REQUIRED, and the rest is what the token says."""
    signed_in = await protocol.signed_in(await protocol.apps(), "openid email")
    issuer, now = protocol.runtime.settings.public_url, int(clock.now().timestamp())
    common = {
        "active": True,
        "iss": issuer,
        "sub": str(signed_in.user.id),
        "client_id": signed_in.app.client_id,
        "scope": "openid email",
        "iat": now,
    }

    access = await protocol.introspect(signed_in.app, signed_in.access)
    refresh = await protocol.introspect(signed_in.app, signed_in.refresh_token)

    told = access.json()
    assert access.headers["cache-control"] == "no-store"
    assert told.pop("jti")
    assert told == common | {
        "token_type": "Bearer",
        "aud": issuer,
        "exp": now + 300,
        "auth_time": now,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": str(signed_in.issued.session_id),
    }
    assert refresh.json() == common | {"exp": now + 14 * 86_400}


async def test_a_token_of_a_machine_is_known_too(protocol: Protocol) -> None:
    more: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": []}
    columns = {"audience": API}
    app = await protocol.apps(columns=columns, scope="openid orders:read", **more)
    tokens = (await protocol.token(app, {"grant_type": "client_credentials"})).json()

    told = (await protocol.introspect(app, tokens["access_token"])).json()

    assert (told["active"], told["sub"], told["aud"]) == (True, app.client_id, API)
    await protocol.revoke(app, tokens["access_token"])
    told = (await protocol.introspect(app, tokens["access_token"])).json()
    assert told == {"active": False}


async def test_t044_an_api_learns_of_tokens_for_it_and_nobody_else_does(
    protocol: Protocol,
) -> None:
    """RFC 7662 §2.1, §2.3, §4: who asks proves it, and is told of its own only."""
    app = await protocol.apps(columns={"audience": API})
    signed_in = await protocol.signed_in(app)
    server = {"is_resource_server": True, "audience": API}
    its_api = await protocol.apps(columns=server)
    other_api = await protocol.apps(columns=server | {"audience": f"{API}/"})
    no_api = await protocol.apps(columns={"audience": API})
    public = await protocol.apps.public()

    known = (await protocol.introspect(its_api, signed_in.access)).json()
    unknown = [
        await protocol.introspect(its_api, signed_in.refresh_token),
        await protocol.introspect(other_api, signed_in.access),
        await protocol.introspect(no_api, signed_in.access),
    ]
    refused = [
        await protocol.introspect(public, signed_in.access),
        await protocol.http.post(PATH, data={"token": signed_in.access}),
    ]

    assert known["active"] and known["client_id"] == app.client_id
    assert [answer.json() for answer in unknown] == [{"active": False}] * 3
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_what_is_over_is_inactive(protocol: Protocol, clock: FakeClock) -> None:
    """RFC 7662 §2.2, §4: expired and spent tokens are not active."""
    signed_in = await protocol.signed_in(await protocol.apps())
    spent = signed_in.refresh_token
    successor = (await protocol.refresh(signed_in.app, spent)).json()["refresh_token"]
    clock.advance(seconds=300)

    answers = {
        token: (await protocol.introspect(signed_in.app, token)).json()["active"]
        for token in (signed_in.access, spent, successor, "x", "a.b.c", "\u00e9")
    }

    assert [token for token, active in answers.items() if active] == [successor]


async def test_looking_at_a_spent_token_changes_nothing(
    protocol: Protocol, clock: FakeClock
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())
    spent = signed_in.refresh_token
    successor = (await protocol.refresh(signed_in.app, spent)).json()["refresh_token"]
    clock.advance(minutes=1)
    await protocol.introspect(signed_in.app, spent)

    assert (await protocol.refresh(signed_in.app, successor)).status_code == 200


async def test_a_token_has_to_be_named(protocol: Protocol) -> None:
    """RFC 7662 §2.1: token is REQUIRED."""
    answer = await protocol.introspect(await protocol.apps(), "")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
