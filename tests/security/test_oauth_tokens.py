"""Tokens of the provider: forged, confused, replayed, shown where they are not due."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from asgi_lifespan import LifespanManager
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx2 import ASGITransport, AsyncClient

from app.main import create_app
from app.services.server.runtime import build_runtime
from tests.security.forgery import (
    forge,
    parts,
    unsigned,
    with_our_key,
    with_own_key,
    with_secret,
)
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol, SignedIn
from tests.support.quick_hashing import quick_hasher

API = "https://orders.example"


@pytest.fixture
def options() -> dict[str, object]:
    """An API with a scope of its own, and nobody is slowed down."""
    return {
        "oauth": {"scopes": {"orders:read": "See orders"}},
        "limits": {"store": "memory", "client_address": "1000/60"},
    }


async def _assert_refused(
    protocol: Protocol, who: SignedIn, tokens: Mapping[str, str]
) -> None:
    """Demand that no endpoint takes any of them; the name says which got through."""
    for name, token in tokens.items():
        told = await protocol.userinfo(token)
        assert told.status_code == 401, name
        assert told.json()["error"] == "invalid_token", name
        known = await protocol.introspect(who.app, token)
        assert known.json() == {"active": False}, name
    assert (await protocol.userinfo(who.access)).status_code == 200


async def test_t001_t005_t007_forged_access_tokens_are_refused(
    protocol: Protocol,
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    header, claims = parts(who.access)
    own, jwk = with_own_key()
    ours = with_our_key(protocol.runtime)
    kids = ("../../etc/passwd", "https://evil.example/jwks", "' OR 1=1 --", "")

    forged = {
        f"alg {name}": forge(header | {"alg": name}, claims, unsigned)
        for name in ("none", "None", "nOnE", "", None, ["none"])
    }
    forged |= {
        "own key": forge(header, claims, own),
        "own jwk": forge(header | {"jwk": jwk}, claims, own),
        "jku": forge(header | {"jku": "https://evil.example"}, claims, own),
        "x5u": forge(header | {"x5u": "https://evil.example"}, claims, own),
        "x5c": forge(header | {"x5c": ["MIIB"]}, claims, own),
    }
    forged |= {
        f"kid {kid}": forge(header | {"kid": kid, "jwk": jwk}, claims, own)
        for kid in kids
    }
    forged |= {
        f"crit {crit}": forge(header | {"crit": crit, "b64": True}, claims, ours)
        for crit in (["b64"], ["x"], [], None)
    }

    await _assert_refused(protocol, who, forged)


async def test_t002_a_public_key_is_no_secret_of_the_provider(
    protocol: Protocol,
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    header, claims = parts(who.access)
    jwks = (await protocol.http.get("/.well-known/jwks.json")).content
    loaded = protocol.runtime.ring.signing("ES256", protocol.runtime.clock.now())
    public = loaded.key.get_op_key("verify")
    assert isinstance(public, EllipticCurvePublicKey)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    [jwk] = [one for one in json.loads(jwks)["keys"] if one["kid"] == header["kid"]]
    secrets = (b"", pem, pem.strip(), jwks, json.dumps(jwk).encode())

    forged = {
        repr(secret[:30]): forge(header | {"alg": "HS256"}, claims, with_secret(secret))
        for secret in secrets
    }

    await _assert_refused(protocol, who, forged)


async def test_t040_t041_claims_are_compared_whole(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    header, claims = parts(who.access)
    sign, issuer = with_our_key(protocol.runtime), claims["iss"]
    wrong: dict[str, list[Any]] = {
        "iss": ["", issuer[:-1], f"{issuer}/", [issuer], None, f" {issuer}"],
        "client_id": ["auth-serve", None, 1, [who.app.client_id]],
        "grant_id": ["x", 1, "00000000-0000-7000-8000-000000000000"],
        "jti": ["x", None, 1],
        "scope": [None, 1, ["openid", 1]],
        "exp": [None, "x", 1e99, True, claims["iat"]],
    }
    forged = {
        f"{name} {value!r}": forge(header, claims | {name: value}, sign)
        for name, values in wrong.items()
        for value in values
    }
    forged |= {
        f"typ {typ}": forge(header | {"typ": typ}, claims, sign)
        for typ in ("JWT", "logout+jwt", "at+jwt ", None, 1)
    }

    await _assert_refused(protocol, who, forged)
    audiences: list[Any] = ["", f"{issuer}/", [f"{issuer}x"], None, {issuer: 1}, 1]
    for audience in audiences:
        token = forge(header, claims | {"aud": audience}, sign)
        assert (await protocol.userinfo(token)).status_code == 401, audience
    again = forge(header, claims | {"aud": ["x", issuer]}, sign)
    assert (await protocol.userinfo(again)).status_code == 200


async def test_t041_an_applications_token_never_opens_this_services_api(
    protocol: Protocol,
) -> None:
    issuer = protocol.runtime.settings.public_url
    for audience in (f"{issuer}/api/v1", API, None):
        app = await protocol.apps(columns={"audience": audience})
        for scope in ("email", "openid"):
            who = await protocol.signed_in(app, scope)
            headers = {"Authorization": f"Bearer {who.access}"}

            answer = await protocol.http.get("/api/v1/users/me", headers=headers)

            assert answer.status_code == 401
            assert answer.json()["code"] == "invalid_access_token"


async def test_t023_a_code_of_one_client_is_nothing_to_another(
    protocol: Protocol,
) -> None:
    user = await protocol.api.users()
    for register in (protocol.apps, protocol.apps.public, protocol.apps.with_key):
        mine, other = await register(), await protocol.apps()
        issued = await protocol.codes(mine, user)

        stolen = await protocol.token(other, issued.form)
        rightful = await protocol.token(mine, issued.form)
        late = await protocol.token(other, issued.form)

        for answer in (stolen, late):
            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_grant"
        assert rightful.status_code == 200  # neither try spoiled anything
        access = rightful.json()["access_token"]
        assert (await protocol.userinfo(access)).status_code == 200


async def test_t023_a_refresh_token_of_one_client_is_nothing_to_another(
    protocol: Protocol, clock: FakeClock
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    other = await protocol.apps.public()
    spent = who.refresh_token
    who.tokens = (await protocol.refresh(who.app, spent)).json()
    clock.advance(seconds=60)

    for token in (spent, who.refresh_token):
        for wanted in ({}, {"scope": "phone"}):
            answer = await protocol.refresh(other, token, **wanted)
            assert answer.json()["error"] == "invalid_grant"

    assert (await protocol.refresh(who.app, who.refresh_token)).status_code == 200


async def test_t028_each_code_tells_of_its_own_person(protocol: Protocol) -> None:
    app = await protocol.apps()
    people = [await protocol.api.users() for _ in range(4)]
    issued = [await protocol.codes(app, user) for user in people * 5]

    for code in reversed(issued):
        tokens = (await protocol.token(app, code.form)).json()
        for name in ("id_token", "access_token"):
            assert parts(tokens[name])[1]["sub"] == str(code.user_id)


async def test_t035_a_restart_forgets_nothing(
    protocol: Protocol, clock: FakeClock
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    spent = who.refresh_token
    for _ in range(2):
        who.tokens = (await protocol.refresh(who.app, who.refresh_token)).json()
    clock.advance(seconds=60)
    settings = protocol.runtime.settings
    fresh = build_runtime(settings, clock=clock)
    started = create_app(
        settings, replace(fresh, hasher=quick_hasher(settings.password))
    )

    async with LifespanManager(started):
        transport = ASGITransport(app=started, client=("192.0.2.1", 40_000))
        async with AsyncClient(transport=transport, base_url="http://test") as http:
            after = Protocol(Api(http, fresh))
            assert (await after.userinfo(who.access)).status_code == 200
            answer = await after.refresh(who.app, spent)
            code = await after.token(who.app, who.issued.form)
            assert answer.json()["error"] == code.json()["error"] == "invalid_grant"

    await who.assert_dead()


async def test_t043_t050_no_grant_gives_more_than_was_granted_or_assigned(
    protocol: Protocol,
) -> None:
    columns, kinds = {"audience": API}, ["authorization_code", "refresh_token"]
    app = await protocol.apps(columns=columns, scope="openid email", grant_types=kinds)
    who = await protocol.signed_in(app, "openid email")
    _, before = parts(who.access)
    machine = await protocol.apps.machine(columns=columns, scope="openid")

    widened = await protocol.refresh(app, who.refresh_token, scope="openid orders:read")
    other_api = await protocol.refresh(
        app, who.refresh_token, resource="https://b.example"
    )
    alone = [
        await protocol.token(machine, {"grant_type": "client_credentials"} | more)
        for more in ({}, {"scope": "orders:read"}, {"scope": "openid"})
    ]

    for answer in (widened, *alone):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    refused = other_api.status_code, other_api.json()["error"]
    assert refused == (400, "invalid_target")
    _, after = parts(
        (await protocol.refresh(app, who.refresh_token)).json()["access_token"]
    )
    assert after["aud"] == before["aud"]


async def test_t050_a_scope_that_was_taken_away_is_in_no_new_token(
    protocol: Protocol,
) -> None:
    app = await protocol.apps(scope="openid email")
    who = await protocol.signed_in(app, "openid email")
    async with protocol.runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(app.client_id)
        assert row is not None
        row.document = row.document | {"scope": "openid"}
    protocol.runtime.clients.forget(app.client_id)

    answer = await protocol.refresh(app, who.refresh_token)

    assert answer.json()["scope"] == "openid"


async def test_t047_an_access_token_is_no_password(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    form = {"token": who.access}

    for pair in ((who.app.client_id, who.access), ("x-oauth-basic", who.access)):
        answer = await protocol.http.post("/oauth2/introspect", data=form, auth=pair)
        assert answer.json()["error"] == "invalid_client"
        told = await protocol.http.get("/oauth2/userinfo", auth=pair)
        assert told.status_code == 401


async def test_t115_a_changed_bit_spoils_everything(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    fresh = await protocol.codes(who.app, who.user)

    for token, name in (
        (who.refresh_token, "refresh_token"),
        (fresh.code, "code"),
    ):
        kind = {"code": "authorization_code"}.get(name, name)
        middle = len(token) // 2
        flipped = "A" if token[middle] != "A" else "B"
        for wrong in (
            token[:middle] + flipped + token[middle + 1 :],
            token[:-1],
            token[:-4],
            token + "A",
            token + "=",
            token.swapcase(),
            token.partition("_")[2],
        ):
            form = fresh.form | {"grant_type": kind, name: wrong}
            answer = await protocol.token(who.app, form)
            assert answer.json()["error"] == "invalid_grant", wrong

    assert (await protocol.token(who.app, fresh.form)).status_code == 200
    assert (await protocol.refresh(who.app, who.refresh_token)).status_code == 200


async def test_t190_an_access_token_ends_to_the_second(
    protocol: Protocol, clock: FakeClock
) -> None:
    who = await protocol.signed_in(await protocol.apps())
    clock.advance(seconds=299)
    assert (await protocol.userinfo(who.access)).status_code == 200
    clock.advance(seconds=1)

    assert (await protocol.userinfo(who.access)).status_code == 401
    known = await protocol.introspect(who.app, who.access)
    assert known.json() == {"active": False}


async def test_t191_a_retired_key_verifies_nothing(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    assert (await protocol.userinfo(who.access)).status_code == 200
    ring, now = protocol.runtime.ring, protocol.runtime.clock.now()
    key = ring.signing("ES256", now)

    ring.replace([replace(key, expires_at=now)])

    assert (await protocol.userinfo(who.access)).status_code == 401
    known = await protocol.introspect(who.app, who.access)
    assert known.json() == {"active": False}


async def test_t191_a_key_of_the_same_name_is_another_key(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    assert (await protocol.userinfo(who.access)).status_code == 200
    ring, now = protocol.runtime.ring, protocol.runtime.clock.now()
    key = ring.signing("ES256", now)
    other = ring.signing("RS256", now)

    ring.replace([replace(other, kid=key.kid), replace(key, kid="other")])

    assert (await protocol.userinfo(who.access)).status_code == 401


async def test_t025_a_used_mark_cannot_be_taken_away(protocol: Protocol) -> None:
    who = await protocol.signed_in(await protocol.apps())
    others = [await protocol.codes(who.app, who.user) for _ in range(3)]
    for other in others:
        assert (await protocol.token(who.app, other.form)).status_code == 200

    answer = await protocol.token(who.app, who.issued.form)

    assert answer.json()["error"] == "invalid_grant"
