"""How protocol requests are read and refused; what is published; who may read it."""

import json
from typing import Any

import pytest
from httpx2 import Response

from app.api.middleware import MAX_BODY
from app.api.oauth.cors import SHARED
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
METADATA = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
)
NOT_SHARED = (
    ("GET", "/oauth2/authorize"),
    ("POST", "/oauth2/introspect"),
    ("GET", "/oauth2/logout"),
    ("GET", "/signin"),
    ("GET", "/api/v1/users/me"),
    ("GET", "/openapi.json"),
)


def _assert_refused(answer: Response, status: int, error: str) -> None:
    assert answer.headers["content-type"] == "application/json", answer.text
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["correlation_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


async def test_requests_that_readers_read_differently_are_refused(
    protocol: Protocol,
) -> None:
    """RFC 6749 §2.3.1, §3.2: once, in the body, as a form; no secret in the URL."""
    app = await protocol.apps()
    issued = await protocol.codes(app, await protocol.api.users())
    basic, path = app.basic, "/oauth2/token"
    post, body = protocol.http.post, "&".join(
        f"{k}={v}" for k, v in issued.form.items()
    )
    twice = [*basic.items(), *basic.items()]
    secret = {"client_secret": app.secret, "client_id": app.client_id}

    answers = [
        await post(path, content=f"{body}&code=x", headers=basic | FORM),
        await post(path, content=f"{body}&c%6fde=x", headers=basic | FORM),
        await post(f"{path}?grant_type=x", data=issued.form, headers=basic),
        await post(f"{path}?a=1&a=2", data=issued.form, headers=basic),
        await post(path, params={"code": issued.code}, headers=basic),
        await post(path, params=secret, data=issued.form),
        await post(path, json=issued.form, headers=basic),
        await post(path, files=issued.form, headers=basic),
        await post(path, content=body, headers=basic),
        await post(path, content=b"\xff", headers=basic | FORM),
        await post(path, content=b"grant_type=%ff", headers=basic | FORM),
        await post(path, content=b"grant_type=%00", headers=basic | FORM),
        await post(path, content=b"a=1&" * 101, headers=basic | FORM),
        await post(path, content=b"x" * 33_000, headers=basic | FORM),
        await post(path, data=issued.form, headers=twice),
        await post(path, data=issued.form | secret, headers=basic),
        await post(f"{path}?a=%00", data=issued.form, headers=basic),
    ]

    for answer in answers:
        _assert_refused(answer, 400, "invalid_request")
    kind = {"Content-Type": "Application/X-WWW-Form-URLEncoded ; charset=UTF-8"}
    fine = await post(f"{path}?debug=1", content=f"{body}&new=", headers=basic | kind)
    assert fine.status_code == 200


async def test_whatever_goes_wrong_is_told_in_the_protocols_form(
    protocol: Protocol,
) -> None:
    """RFC 6749 §3.2, §5.2: POST is the only method, and every refusal has an error."""
    http = protocol.http
    html = {"Accept": "text/html"}

    _assert_refused(await http.get("/oauth2/token"), 405, "invalid_request")
    _assert_refused(await http.get("/oauth2/no", headers=html), 404, "invalid_request")
    big = await http.post("/oauth2/token", content=b"x" * (MAX_BODY + 1), headers=FORM)
    _assert_refused(big, 413, "invalid_request")
    page = await http.put("/oauth2/logout", headers=html)
    assert page.headers["content-type"].startswith("text/html")
    _assert_refused(await http.put("/oauth2/logout"), 405, "invalid_request")


async def test_a_defect_is_told_in_the_protocols_form(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = await protocol.signed_in(await protocol.apps())

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(protocol.runtime.signed), "sign", fail)
    answer = await protocol.refresh(signed_in.app, signed_in.refresh_token)

    _assert_refused(answer, 500, "server_error")
    assert "broken" not in answer.text


async def test_t145_credentials_that_cannot_be_read_are_refused(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 6749 §5.2: 401 and the scheme, for whatever stood in Authorization."""
    for field in (
        "Basic",
        "Basic !",
        "Basic eA==",  # no colon
        "Basic Og==",  # only a colon
        "Basic eAA6eA==",  # U+0000
        "Basic /w==",  # no UTF-8
        "Basic JWZmOng=",  # %ff:x
        "Basic " + "A" * 7_000,
        "Bearer x",
        "\u00e9",
    ):
        for path in ("token", "introspect", "revoke"):
            clock.advance(seconds=2)  # failures are limited
            answer = await protocol.http.post(
                f"/oauth2/{path}",
                data={"token": "x"},
                headers=[(b"Authorization", field.encode("latin-1"))],
            )

            _assert_refused(answer, 401, "invalid_client")
            assert answer.headers["www-authenticate"] == 'Basic realm="clients"'


async def test_the_metadata_says_what_there_is(protocol: Protocol) -> None:
    """OIDC Discovery §4, §4.2, RFC 8414 §3, §3.2: the two addresses, 200 and JSON."""
    answers = [await protocol.http.get(path) for path in METADATA]

    assert answers[0].content == answers[1].content
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "public, max-age=300"
    document = json.loads(answers[0].content)
    issuer = protocol.runtime.settings.public_url
    assert document["issuer"] == issuer
    assert document["token_endpoint"] == f"{issuer}/oauth2/token"
    assert "registration_endpoint" not in document
    algorithms = document["id_token_signing_alg_values_supported"]
    assert set(algorithms) == {"RS256", "ES256", "PS256", "EdDSA"}
    tag = {"If-None-Match": answers[0].headers["etag"]}
    unchanged = await protocol.http.get(METADATA[0], headers=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_every_algorithm_of_the_metadata_really_signs(protocol: Protocol) -> None:
    """OIDC Discovery §3: what is announced is what is done."""
    user = await protocol.api.users()
    for algorithm in protocol.runtime.supported.id_token_algs:
        app = await protocol.apps(
            id_token_signed_response_alg=algorithm,
            userinfo_signed_response_alg=algorithm,
        )
        signed_in = await protocol.signed_in(app, user=user)

        told = await protocol.userinfo(signed_in.access)

        for token in (signed_in.tokens["id_token"], told.text):
            assert parts(token)[0]["alg"] == algorithm


async def test_t182_scripts_of_any_origin_read_what_they_need(
    protocol: Protocol,
) -> None:
    origin = {"Origin": "https://spa.example"}
    for path, methods in SHARED.items():
        for method in methods.split(", "):
            asked = await protocol.http.options(
                path, headers=origin | {"Access-Control-Request-Method": method}
            )
            answer = await protocol.http.request(method, path, headers=origin)

            assert asked.status_code == 204
            assert method in asked.headers["access-control-allow-methods"]
            allowed = asked.headers["access-control-allow-headers"]
            assert {"Authorization", "Content-Type"} <= set(allowed.split(", "))
            for one in (asked, answer):  # also where it is refused
                assert one.headers["access-control-allow-origin"] == "*"
                assert "access-control-allow-credentials" not in one.headers
            exposed = answer.headers["access-control-expose-headers"]
            assert "WWW-Authenticate" in exposed


async def test_t182_nothing_else_is_shared(protocol: Protocol) -> None:
    origin = {"Origin": "https://spa.example"}
    for method, path in NOT_SHARED:
        preflight = origin | {"Access-Control-Request-Method": method}
        answers = [
            await protocol.http.options(path, headers=preflight),
            await protocol.http.request(method, path, headers=origin),
        ]

        for answer in answers:
            shared = [n for n in answer.headers if n.startswith("access-control")]
            assert shared == [], path
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_spa_reads_why_it_was_refused(protocol: Protocol) -> None:
    app = await protocol.apps.public()
    origin = {"Origin": "https://spa.example"}
    form = {"grant_type": "refresh_token", "refresh_token": "x"}

    answer = await protocol.http.post(
        "/oauth2/token", data=form | {"client_id": app.client_id}, headers=origin
    )

    _assert_refused(answer, 400, "invalid_grant")
    assert answer.headers["access-control-allow-origin"] == "*"


class TestWithRegistration:
    """Registration is open."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Clients may register."""
        return {"oauth": {"registration": "open"}}

    async def test_the_metadata_names_it(self, protocol: Protocol) -> None:
        document = (await protocol.http.get(METADATA[0])).json()

        assert document["registration_endpoint"].endswith("/oauth2/register")
