"""Userinfo over HTTP (OIDC Core section 5.3, RFC 6750)."""

import pytest

from app.core import jose
from app.models import UserClaims
from tests.support.oauth import Protocol

PATH = "/oauth2/userinfo"


@pytest.fixture
def options() -> dict[str, object]:
    """An API with a scope of its own."""
    return {"oauth": {"scopes": {"orders:read": "See orders"}}}


async def test_t047_each_scope_gives_its_claims_and_no_others(
    protocol: Protocol,
) -> None:
    """OIDC Core §5.3.2, §5.4: the claims of each scope, as JSON."""
    user = await protocol.api.users(
        name="Ann Lee", given_name="Ann", email="ann@example.com", zoneinfo="Asia/Tokyo"
    )
    more = {"nickname": "annie", "phone_number": "+1555", "sub": "evil", "exp": 1}
    async with protocol.runtime.unit_of_work() as uow:
        now = uow.clock.now()
        uow.user_claims.add(UserClaims(user_id=user.id, claims=more, updated_at=now))
    profile: dict[str, object] = {
        "name": "Ann Lee",
        "given_name": "Ann",
        "zoneinfo": "Asia/Tokyo",
        "nickname": "annie",
        "updated_at": int(now.timestamp()),
    }
    expected: dict[str, dict[str, object]] = {
        "openid": {},
        "openid email": {"email": "ann@example.com", "email_verified": True},
        "openid profile": profile,
        "openid phone": {"phone_number": "+1555"},
    }
    app = await protocol.apps()
    for scope, claims in expected.items():
        signed_in = await protocol.signed_in(app, scope, user=user)

        answer = await protocol.userinfo(signed_in.access)

        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == claims | {"sub": str(user.id)}


async def test_single_claims_are_given_when_they_were_asked_for(
    protocol: Protocol,
) -> None:
    """OIDC Core §5.5: single claims, without their scope."""
    asked = {"userinfo": {"email": {"essential": True}}}
    signed_in = await protocol.signed_in(await protocol.apps(), claims=asked)

    told = (await protocol.userinfo(signed_in.access)).json()

    assert told == {"sub": str(signed_in.user.id), "email": signed_in.user.email}


async def test_the_token_comes_in_the_field_or_the_form(protocol: Protocol) -> None:
    """RFC 6750 §2.1, §2.2, OIDC Core §5.3, §5.3.1: GET and POST, never the address."""
    signed_in = await protocol.signed_in(await protocol.apps())
    bearer = {"Authorization": f"bearer {signed_in.access}"}
    form = {"access_token": signed_in.access}

    answers = [
        await protocol.http.get(PATH, headers=bearer),
        await protocol.http.post(PATH, headers=bearer),
        await protocol.http.post(PATH, data=form),
    ]
    wrong = [
        await protocol.http.post(PATH, data=form, headers=bearer),
        await protocol.http.get(PATH, params=form),
        await protocol.http.post(PATH, params=form, headers=bearer),
        await protocol.http.get(PATH, headers=[*bearer.items()] * 2),
        await protocol.http.post(
            PATH,
            content=b"access_token=a&access_token=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
    ]

    assert {answer.json()["sub"] for answer in answers} == {str(signed_in.user.id)}
    for answer in wrong:
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert 'error="invalid_request"' in answer.headers["www-authenticate"]


async def test_refusals_say_what_would_help(protocol: Protocol) -> None:
    """RFC 6750 §3, §3.1, OIDC Core §5.3.3: WWW-Authenticate in each refusal."""
    signed_in = await protocol.signed_in(await protocol.apps(), "email")

    nothing = await protocol.http.get(PATH)
    json_body = await protocol.http.post(PATH, json={"access_token": "x"})
    wrong = await protocol.userinfo("x")
    little = await protocol.userinfo(signed_in.access)

    for answer in (nothing, json_body):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="userinfo"'
        assert answer.json().keys() == {"correlation_id"}
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_token")
    assert wrong.headers["www-authenticate"] == (
        'Bearer realm="userinfo", error="invalid_token", '
        'error_description="the access token is not valid"'
    )
    assert (little.status_code, little.json()["error"]) == (403, "insufficient_scope")
    assert little.headers["www-authenticate"].endswith('scope="openid"')


async def test_a_client_may_have_it_signed(protocol: Protocol) -> None:
    """OIDC Core §5.3.2: application/jwt, if the client is registered for it."""
    app = await protocol.apps(userinfo_signed_response_alg="ES256")
    signed_in = await protocol.signed_in(app, "openid email")

    answer = await protocol.userinfo(signed_in.access)

    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    runtime = protocol.runtime
    key = runtime.ring.signing("ES256", runtime.clock.now())
    claims = jose.verify(answer.text, key.key, algorithm="ES256", typ="JWT")
    assert claims == {
        "iss": runtime.settings.public_url,
        "aud": app.client_id,
        "sub": str(signed_in.user.id),
        "email": signed_in.user.email,
        "email_verified": True,
    }


async def test_t041_a_token_for_an_api_only_is_not_for_userinfo(
    protocol: Protocol,
) -> None:
    columns = {"audience": "https://orders.example"}
    app = await protocol.apps(columns=columns)
    for_both = await protocol.signed_in(app, "openid")
    for_api = await protocol.signed_in(app, "email")

    assert (await protocol.userinfo(for_both.access)).status_code == 200
    assert (await protocol.userinfo(for_api.access)).status_code == 403


async def test_a_changed_account_is_told_as_it_is_now(protocol: Protocol) -> None:
    signed_in = await protocol.signed_in(await protocol.apps(), "openid email")
    async with protocol.runtime.unit_of_work() as uow:
        user = await uow.users.by_id(signed_in.user.id)
        assert user is not None
        user.email = "new@example.com"

    told = (await protocol.userinfo(signed_in.access)).json()

    assert told["email"] == "new@example.com"
