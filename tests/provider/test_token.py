"""The token endpoint over HTTP: every grant, and what a refused client sees."""

from base64 import b64encode
from typing import Any

import pytest

from app.models import UserClaims
from app.oauth.tokens import token_hash
from tests.factories.oauth import VERIFIER
from tests.security.forgery import parts
from tests.support.chance import FakeClock
from tests.support.oauth import GONE, Protocol

TOKENS = {
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "refresh_token",
    "id_token",
}


SCOPES = "openid email orders:read orders:write"


@pytest.fixture
def options() -> dict[str, object]:
    """An API with scopes of its own."""
    scopes = {"orders:read": "See orders", "orders:write": "Change orders"}
    return {"oauth": {"scopes": scopes}}


async def test_a_code_is_exchanged_by_every_kind_of_client(
    protocol: Protocol,
) -> None:
    """RFC 6749 §4.1.4, §5.1, OIDC Core §3.1.3.3: JSON, which nothing may store."""
    user = await protocol.api.users()
    for register in (protocol.apps, protocol.apps.public, protocol.apps.with_key):
        app = await register()
        issued = await protocol.codes(app, user, "openid email")

        answer = await protocol.token(app, issued.form)

        assert answer.status_code == 200, app
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        assert answer.headers["content-type"] == "application/json"
        tokens = answer.json()
        assert tokens.keys() == TOKENS
        assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "openid email")
        assert tokens["refresh_token"].startswith("as_gt_")


async def test_access_and_id_token_say_what_the_standards_say(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 9068 §2.1, §2.2, OIDC Core §2, §3.1.3.6: at+jwt, and every claim."""
    app = await protocol.apps()
    signed_in = await protocol.signed_in(app, "openid email", nonce="n-1")
    issuer, now = protocol.runtime.settings.public_url, int(clock.now().timestamp())
    subject, session = str(signed_in.user.id), str(signed_in.issued.session_id)

    head, access = parts(signed_in.access)
    id_head, id_token = parts(signed_in.tokens["id_token"])

    assert (head["typ"], head["alg"]) == ("at+jwt", "ES256")
    assert access.pop("jti")
    assert access == {
        "iss": issuer,
        "sub": subject,
        "aud": issuer,
        "client_id": app.client_id,
        "exp": now + 300,
        "iat": now,
        "scope": "openid email",
        "grant_id": str(signed_in.issued.grant_id),
        "auth_time": now,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": session,
    }
    assert (id_head["typ"], id_head["alg"]) == ("JWT", "ES256")
    assert id_token == {
        "iss": issuer,
        "sub": subject,
        "aud": app.client_id,
        "exp": now + 3_600,
        "iat": now,
        "auth_time": now,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": session,
        "nonce": "n-1",
        "at_hash": token_hash(signed_in.access, "ES256"),
    }


async def test_the_id_token_has_the_claims_that_were_asked_for(
    protocol: Protocol,
) -> None:
    """OIDC Core §5.5: single claims, in the ID token as well."""
    app = await protocol.apps()
    user = await protocol.api.users(name="Ann", email="ann@example.com")
    extra = {"nickname": "annie", "email": "evil@example.com"}
    async with protocol.runtime.unit_of_work() as uow:
        now = uow.clock.now()
        uow.user_claims.add(UserClaims(user_id=user.id, claims=extra, updated_at=now))
    asked: dict[str, Any] = {
        "id_token": {"email": {}, "nickname": {}, "phone_number": {}}
    }

    signed_in = await protocol.signed_in(app, user=user, claims=asked)

    _, claims = parts(signed_in.tokens["id_token"])
    assert (claims["email"], claims["nickname"]) == ("ann@example.com", "annie")
    assert "phone_number" not in claims and "name" not in claims


async def test_pairwise_subjects_differ_by_sector_and_stay(protocol: Protocol) -> None:
    """OIDC Core §8.1: every endpoint knows a person by the same name."""
    user = await protocol.api.users()
    subjects = []
    for host in ("a.example", "a.example", "b.example"):
        uri = f"https://{host}/cb"
        app = await protocol.apps(subject_type="pairwise", redirect_uris=[uri])
        signed_in = await protocol.signed_in(app, user=user, redirect_uri_sent=uri)
        told = (await protocol.userinfo(signed_in.access)).json()
        known = (await protocol.introspect(app, signed_in.access)).json()
        claims = [parts(signed_in.tokens[name])[1] for name in ("id_token",)]
        assert {told["sub"], known["sub"]} == {claims[0]["sub"]}
        subjects.append(told["sub"])

    assert subjects[0] == subjects[1] != subjects[2]
    assert str(user.id) not in subjects


async def test_applications_of_two_sectors_do_not_share_the_name_of_a_session(
    protocol: Protocol,
) -> None:
    """OIDC Core §8.1: what they both know of a person joins their two subjects."""
    user, names = await protocol.api.users(), []
    known: dict[str, Any] = {}
    for host in ("a.example", "a.example", "b.example"):
        uri = f"https://{host}/cb"
        app = await protocol.apps(subject_type="pairwise", redirect_uris=[uri])
        signed_in = await protocol.signed_in(
            app, user=user, redirect_uri_sent=uri, **known
        )
        session_id = signed_in.issued.session_id
        known = {"session_id": session_id}
        told = (await protocol.introspect(app, signed_in.access)).json()
        said = [parts(signed_in.tokens[n])[1] for n in ("id_token", "access_token")]
        assert {each["sid"] for each in (*said, told)} == {told["sid"]}
        assert str(session_id) not in str((*said, told))
        names.append(told["sid"])

    assert names[0] == names[1] != names[2]


async def test_without_openid_it_is_plain_oauth(protocol: Protocol) -> None:
    """OIDC Core §3.1.2.1: no ID token where nobody asked for one."""
    app = await protocol.apps(grant_types=["authorization_code"])

    signed_in = await protocol.signed_in(app, "email")

    assert "id_token" not in signed_in.tokens
    assert "refresh_token" not in signed_in.tokens


async def test_a_machine_speaks_for_itself(protocol: Protocol) -> None:
    """RFC 6749 §4.4.2, §4.4.3, RFC 9068 §2.2: no person, no refresh token."""
    more: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": []}
    columns = {"audience": "https://orders.example"}
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    for register in (protocol.apps, protocol.apps.with_key):
        app = await register(columns=columns, scope=SCOPES, **more)

        answer = await protocol.token(app, form)

        tokens = answer.json()
        assert answer.status_code == 200, answer.text
        assert "refresh_token" not in tokens and "id_token" not in tokens
        _, claims = parts(tokens["access_token"])
        assert (claims["sub"], claims["client_id"]) == (app.client_id, app.client_id)
        assert (claims["aud"], claims["scope"]) == (columns["audience"], "orders:read")
        assert "sid" not in claims and "grant_id" not in claims


async def test_scopes_come_from_librdkafka_as_they_are(protocol: Protocol) -> None:
    """A raw space, and Basic without encoding: findings/librdkafka-writes-no-forms."""
    scope = "orders:read orders:write"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    more: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": []}
    columns = {"audience": "https://orders.example"}
    app = await protocol.apps(columns=columns, scope=SCOPES, **more)
    basic = b64encode(f"{app.client_id}:{app.secret}".encode()).decode()

    answer = await protocol.http.post(
        "/oauth2/token",
        content=f"grant_type=client_credentials&scope={scope}",
        headers=form | {"Authorization": f"Basic {basic}"},
    )

    assert answer.status_code == 200, answer.text
    _, claims = parts(answer.json()["access_token"])
    assert claims["scope"] == scope


async def test_a_code_works_once_and_its_second_use_ends_all(
    protocol: Protocol, clock: FakeClock
) -> None:
    """RFC 6749 §4.1.2, RFC 9700 §4.2.4: a second use ends every token of the first."""
    signed_in = await protocol.signed_in(await protocol.apps())
    assert (await protocol.userinfo(signed_in.access)).status_code == 200
    clock.advance(minutes=5)  # also long after the code would have expired
    signed_in.tokens = (
        await protocol.refresh(signed_in.app, signed_in.refresh_token)
    ).json()

    answer = await protocol.token(signed_in.app, signed_in.issued.form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    await signed_in.assert_dead()
    assert len(await protocol.events("oauth.code_reused")) == 1
    again = await protocol.token(signed_in.app, signed_in.issued.form)
    assert again.json()["error"] == "invalid_grant"
    assert len(await protocol.events("oauth.code_reused")) == 1


_WRONG: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"code_verifier": "x" * 43}, "invalid_grant", "digest differs"),
    ({"code_verifier": ""}, "invalid_grant", "one side is missing"),
    ({"code_verifier": "x" * 42}, "invalid_request", "code_verifier is malformed"),
    (
        {"redirect_uri": "https://app.example.com/cb/"},
        "invalid_grant",
        "authorized with https://app.example.com/cb, "
        "redeemed with 'https://app.example.com/cb/'",
    ),
    (
        {"redirect_uri": ""},
        "invalid_grant",
        "authorized with https://app.example.com/cb, redeemed with None",
    ),
)


async def test_t020_t022_a_code_that_is_redeemed_wrongly_is_used_up(
    protocol: Protocol,
) -> None:
    """RFC 6749 §4.1.3, RFC 7636 §4.6: a code that is redeemed wrongly gives nothing."""
    app, user = await protocol.apps(), await protocol.api.users()
    for change, error, hint in _WRONG:
        issued = await protocol.codes(app, user)

        answer = await protocol.token(app, issued.form | change)
        right = await protocol.token(app, issued.form)

        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert right.json()["error"] == "invalid_grant"
        grant = await protocol.grant(issued.grant_id)
        assert grant.revoked_reason == "code_refused"
        refused = (await protocol.events("oauth.token_refused"))[-2]
        assert refused.correlation_id == answer.json()["correlation_id"]
        assert refused.data == {
            "client_id": app.client_id,
            "endpoint": "/oauth2/token",
            "error": error,
            "hint": hint,
        }


async def test_a_code_expires(protocol: Protocol, clock: FakeClock) -> None:
    """RFC 6749 §4.1.2: a code MUST expire shortly; here after a minute."""
    app, user = await protocol.apps(), await protocol.api.users()
    late, early = [await protocol.codes(app, user) for _ in range(2)]
    clock.advance(seconds=59)
    in_time = await protocol.token(app, early.form)
    clock.advance(seconds=1)

    answer = await protocol.token(app, late.form)

    assert in_time.status_code == 200
    assert answer.json()["error"] == "invalid_grant"
    [refused] = await protocol.events("oauth.token_refused")
    assert refused.data["hint"].startswith("expired at")


async def test_t119_a_code_of_somebody_who_is_gone_is_refused(
    protocol: Protocol,
) -> None:
    app = await protocol.apps()
    for what in GONE:
        for scope in ("openid", "openid offline_access"):
            issued = await protocol.codes(app, await protocol.api.users(), scope)
            await protocol.change(GONE[what](issued))

            answer = await protocol.token(app, issued.form)

            assert answer.status_code == 400, what
            assert answer.json()["error"] == "invalid_grant"
            assert (await protocol.grant(issued.grant_id)).redeemed_at is None


_ERRORS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "invalid_request"),
    ({"grant_type": ""}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ({"grant_type": "authorization_code"}, "invalid_request"),
    ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
)


async def test_errors_are_those_of_the_standard(protocol: Protocol) -> None:
    """RFC 6749 §5.2: the errors, with 400 and no-store."""
    app = await protocol.apps()
    for form, error in _ERRORS:
        answer = await protocol.token(app, form)

        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.json().keys() == {"error", "error_description", "correlation_id"}
        assert answer.headers["cache-control"] == "no-store"
        event = (await protocol.events("oauth.token_refused"))[-1]
        assert event.correlation_id == answer.headers["x-request-id"]
        assert event.data["client_id"] == app.client_id
        assert event.data["error"] == error


async def test_two_codes_of_two_people_stay_apart(protocol: Protocol) -> None:
    app = await protocol.apps()
    people = [await protocol.api.users() for _ in range(2)]
    issued = [await protocol.codes(app, user) for user in people]

    answers = [await protocol.token(app, code.form) for code in reversed(issued)]

    subjects = [parts(answer.json()["id_token"])[1]["sub"] for answer in answers]
    assert subjects == [str(user.id) for user in reversed(people)]


def test_the_verifier_of_the_factory_is_the_standards() -> None:
    # RFC 7636 appendix B
    assert VERIFIER == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
