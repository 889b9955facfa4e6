"""Forged, confused and misdirected access tokens."""

import asyncio
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.services.server.runtime import Runtime
from tests.security.forgery import (
    assert_refused,
    encode,
    forge,
    genuine,
    present,
    unsigned,
    with_our_key,
    with_own_key,
    with_secret,
)
from tests.support.api import Api
from tests.support.chance import FakeClock


async def test_t001_a_token_without_a_signature_is_refused(api: Api) -> None:
    header, claims = genuine(await api.admin())
    names = ("none", "None", "nOnE", "NONE", "", "HS256", None, 1, ["none"])

    forged = {
        f"{name}": forge(header | {"alg": name}, claims, unsigned) for name in names
    }

    await assert_refused(api, forged)


async def test_t002_the_public_key_is_no_hmac_secret(
    api: Api, runtime: Runtime
) -> None:
    header, claims = genuine(await api.admin())
    jwks = (await api.client.get("/.well-known/jwks.json")).content
    loaded = runtime.ring.signing("ES256", runtime.clock.now())
    public = loaded.key.get_op_key("verify")
    assert isinstance(public, EllipticCurvePublicKey)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secrets = {
        "pem": pem,
        "pem without end": pem.strip(),
        "pem with crlf": pem.replace(b"\n", b"\r\n"),
        "pem after a space": b" " + pem,
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "jwks": jwks,
        "jwk": json.dumps(json.loads(jwks)["keys"][0]).encode(),
        "compact jwk": json.dumps(
            json.loads(jwks)["keys"][0], separators=(",", ":")
        ).encode(),
    }

    forged = {
        name: forge(header | {"alg": "HS256"}, claims, with_secret(secret))
        for name, secret in secrets.items()
    }

    await assert_refused(api, forged)


async def test_t004_an_empty_hmac_key_opens_nothing(api: Api) -> None:
    header, claims = genuine(await api.admin())
    header["alg"] = "HS256"

    forged = {
        repr(secret): forge(header, claims, with_secret(secret))
        for secret in (b"", b"\0", b"secret", b"changeme")
    }

    await assert_refused(api, forged)


async def test_t005_a_key_that_the_token_brings_is_not_used(api: Api) -> None:
    header, claims = genuine(await api.admin())
    sign, jwk = with_own_key()
    fetched: list[Any] = []

    def fetch(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fetched.append(writer)
        writer.close()

    collector = await asyncio.start_server(fetch, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{collector.sockets[0].getsockname()[1]}/jwks.json"
    bare = {name: header[name] for name in ("alg", "typ")}
    kids = ("../../etc/passwd", url, "' OR 1=1 --", "", "x" * 4_000)
    headers: list[dict[str, Any]] = [
        header,
        bare,
        header | {"jwk": jwk},
        bare | {"jwk": jwk},
        header | {"jku": url},
        header | {"x5u": url},
        header | {"x5c": ["MIIB"]},
        *({**header, "kid": kid, "jwk": jwk} for kid in kids),
        header | {"kid": None},
        header | {"kid": 1},
        header | {"kid": [header["kid"]]},
    ]

    forged = {str(each): forge(each, claims, sign) for each in headers}

    await assert_refused(api, forged)
    collector.close()
    await collector.wait_closed()
    assert fetched == []


@pytest.mark.parametrize("critical", [["b64"], ["x"], [], "b64", None, ["exp"]])
async def test_t007_an_extension_that_is_not_understood_is_refused(
    api: Api, runtime: Runtime, critical: Any
) -> None:
    header, claims = genuine(await api.admin())
    header |= {"crit": critical, "b64": True, "x": 1}

    forged = forge(header, claims, with_our_key(runtime))

    await assert_refused(api, {"crit": forged})


async def test_t040_the_issuer_is_compared_whole(api: Api, runtime: Runtime) -> None:
    header, claims = genuine(await api.admin())
    issuer = claims["iss"]
    wrong: list[Any] = ["", issuer[:-1], f"{issuer}/", issuer.upper(), [issuer], None]
    wrong += [{issuer: 1}, f" {issuer}", "https://evil.example"]

    forged = {
        repr(each): forge(header, claims | {"iss": each}, with_our_key(runtime))
        for each in wrong
    }

    await assert_refused(api, forged)
    control = forge(header, claims, with_our_key(runtime))
    assert (await present(api, control)).status_code == 200


async def test_t041_a_token_for_another_audience_is_refused(
    api: Api, runtime: Runtime
) -> None:
    header, claims = genuine(await api.admin())
    own = claims["aud"]
    wrong: list[Any] = ["", own[:-1], f"{own}/", [own], [own, "https://api2.example"]]
    wrong += ["https://api2.example", None, [], {own: 1}, claims["iss"]]

    forged = {
        repr(each): forge(header, claims | {"aud": each}, with_our_key(runtime))
        for each in wrong
    }

    await assert_refused(api, forged)


async def test_t049_no_kind_of_token_works_as_another(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    header, claims = genuine(person)
    await api.post("/auth/forgot-password", {"email": person.email})
    reset = (await api.mailed("reset_password")).token
    access, refresh = person.tokens["access_token"], person.tokens["refresh_token"]
    cursor = runtime.secret_key.cursor("users:created_at", ["x"])
    retyped = {
        str(typ): forge(header | {"typ": typ}, claims, with_our_key(runtime))
        for typ in ("JWT", "logout+jwt", "dpop+jwt", "", None, "application/at+jwt")
    }
    password = "a brand new password"

    await assert_refused(api, {"refresh": refresh, "reset": reset, "c": cursor})
    await assert_refused(api, retyped)
    for token in (access, reset, cursor):
        answer = await api.post("/auth/refresh", {"refresh_token": token})
        assert answer.status_code in (401, 422)  # 422: longer than any of these
    for token in (access, refresh, cursor):
        body = {"token": token, "new_password": password}
        answer = await api.post("/auth/reset-password", body)
        assert answer.status_code in (400, 422)
    for token in (access, refresh, reset, cursor):
        answer = await api.post("/auth/verify-email", {"token": token})
        assert answer.status_code in (400, 422)
        answer = await api.post("/users/me/email/confirm", {"token": token}, person)
        assert answer.status_code in (400, 422)
    assert (await api.get(f"/users?cursor={access}", person)).status_code in (400, 403)


async def test_t115_a_changed_refresh_token_is_refused(api: Api) -> None:
    token = (await api.person()).tokens["refresh_token"]
    body = token.removeprefix("as_rt_")
    changed = [
        "as_rt_"
        + body[:place]
        + ("A" if body[place] != "A" else "B")
        + body[place + 1 :]
        for place in range(0, len(body), 3)
    ]
    changed += [token[:-1], token[:-10], token + "A", token + "=", token.upper(), body]
    changed += [token.replace("as_rt_", "as_ot_"), "as_rt_", f" {token}", f"{token}\n"]

    answers = [await api.post("/auth/refresh", {"refresh_token": t}) for t in changed]

    assert {answer.status_code for answer in answers} == {401}
    good = await api.post("/auth/refresh", {"refresh_token": token})
    assert good.status_code == 200


async def test_t137_monstrous_tokens_are_refused_unparsed(
    api: Api, runtime: Runtime
) -> None:
    header, claims = genuine(await api.admin())
    deep = encode(b'{"alg":"ES256","kid":' + b"[" * 4_000)
    deeper = encode(b'{"kid":"a","x":' + b"[" * 2_000 + b"]" * 2_000 + b"}")
    surrogate = encode(rb'{"kid":"\ud800"}')
    infinite = encode(b'{"kid":Infinity}')
    huge = forge(header, claims | {"x": "y" * 8_192}, with_our_key(runtime))

    await assert_refused(
        api,
        {
            "dots": "." * 1_000_000,
            "three dots": "...",
            "two dots": "..",
            "megabytes": "a" * 10_000_000,
            "huge but signed": huge,
            "deep": f"{deep}.e30.AA",
            "deeper": f"{deeper}.e30.AA",
            "number": f"{encode(b'1')}.e30.AA",
            "not utf-8": f"{encode(bytes([255]))}.e30.AA",
            "lone surrogate": f"{surrogate}.e30.AA",
            "infinite": f"{infinite}.e30.AA",
        },
    )


COSTLY = ("PBES2-HS256+A128KW", "PBES2-HS512+A256KW", "ES256", "none")


async def test_t136_no_count_in_a_header_is_worked_off(api: Api) -> None:
    header, claims = genuine(await api.person())
    heads = [
        header
        | {"alg": alg, "enc": "A128GCM", "p2c": count, "p2s": "AAAA", "zip": "DEF"}
        for alg in COSTLY
        for count in (2**31, 2**63, 10**400, -1, 1.5, "2147483648")
    ]
    three = {f"{h['alg']} {h['p2c']}": forge(h, claims, unsigned) for h in heads}
    five = {f"{name}, encrypted": f"{token}.AAAA.AAAA" for name, token in three.items()}

    # PBKDF2 of the smallest of these counts takes many minutes, on any machine.
    async with asyncio.timeout(60):
        await assert_refused(api, three | five)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [""],
        ["Basic"],
        ["Basic !!!"],
        ["Basic bm9jb2xvbg=="],
        ["Bearer"],
        ["Bearer "],
        ["Bearer  "],
        ["Bearer \xff\xfe"],
        ["Bearer caf\xe9.\xe9.\xe9"],
        ["Bearer a b c"],
        ["Digest username=x"],
        ["Bearer a.b.c", "Bearer a.b.c"],
        ["Bearer \x00"],
    ],
)
async def test_t145_a_malformed_authorization_field_is_a_401(
    api: Api, fields: list[str]
) -> None:
    headers = [("authorization", field.encode("latin-1")) for field in fields]

    answer = await api.client.get(
        "/api/v1/users/me", headers=[(k.encode(), v) for k, v in headers]
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_t145_two_good_authorization_fields_are_one_too_many(api: Api) -> None:
    value = (await api.person()).headers["Authorization"]

    answer = await api.client.get(
        "/api/v1/users/me",
        headers=[("Authorization", value), ("Authorization", value)],
    )

    assert answer.status_code == 401


async def test_t190_an_access_token_ends_at_its_second(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    header, claims = genuine(person)
    now = int(clock.now().timestamp())
    sign = with_our_key(runtime)

    wrong = {
        "no exp": {**claims, "exp": None},
        "text": {**claims, "exp": str(claims["exp"])},
        "float": {**claims, "exp": claims["exp"] + 0.5},
        "true": {**claims, "exp": True},
        "past": {**claims, "exp": now - 1},
        "now": {**claims, "exp": now},
        "not yet": {**claims, "nbf": now + 1},
        "nbf text": {**claims, "nbf": "0"},
        "no iat": {**claims, "iat": None},
    }
    await assert_refused(
        api, {name: forge(header, each, sign) for name, each in wrong.items()}
    )
    clock.advance(seconds=runtime.settings.token.access_ttl - 1)
    last_second = await api.get("/users/me", person)
    clock.advance(seconds=1)
    after = await api.get("/users/me", person)

    assert (last_second.status_code, after.status_code) == (200, 401)


async def test_t190_a_one_time_link_ends_at_its_second(
    api: Api, clock: FakeClock
) -> None:
    people = [await api.users(), await api.users()]
    tokens = []
    for user in people:
        await api.post("/auth/forgot-password", {"email": user.email})
        tokens.append((await api.mailed("reset_password")).token)
    bodies = [{"token": t, "new_password": "a brand new password"} for t in tokens]

    clock.advance(seconds=3_599)
    last_second = await api.post("/auth/reset-password", bodies[0])
    clock.advance(seconds=1)
    after = await api.post("/auth/reset-password", bodies[1])

    assert (last_second.status_code, after.status_code) == (204, 400)


async def test_t191_a_retired_key_verifies_nothing(api: Api, runtime: Runtime) -> None:
    person = await api.admin()
    loaded = runtime.ring.signing("ES256", runtime.clock.now())
    sign, _ = with_own_key()
    header, claims = genuine(person)

    same_kid = forge(header, claims, sign)
    runtime.ring.replace([])
    retired = await present(api, person.tokens["access_token"])
    runtime.ring.replace([loaded])

    assert retired.status_code == 401
    await assert_refused(api, {"same kid, other key": same_kid})
    assert (await api.get("/users/me", person)).status_code == 200
