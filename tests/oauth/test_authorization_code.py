"""Codes for tokens."""

from dataclasses import replace

import pytest

from app.oauth.errors import InvalidGrant, InvalidRequest, OAuthError
from app.oauth.grants.authorization_code import AuthorizationCode
from app.oauth.grants.base import Granted, Stores
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    REDIRECT_URI,
    client,
    issued_code,
    parameters,
    stores,
)

GRANT_TYPE = AuthorizationCode()
CODE = "SplxlOBeZQQYbYS6WxSbIA"  # RFC 6749 §4.1.3
# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def _redeem(held: Stores, **values: str) -> Granted:
    body = {"code": CODE, "redirect_uri": REDIRECT_URI} | values
    return await GRANT_TYPE.redeem(parameters(**body), client(), held)


async def _refused(held: Stores, **values: str) -> OAuthError:
    with pytest.raises(OAuthError) as refusal:
        await _redeem(held, **values)
    return refusal.value


async def test_a_code_gives_what_was_agreed_to() -> None:
    """RFC 6749 §4.1.4, OIDC Core §3.1.3.3: access token and ID token."""
    granted = await _redeem(stores({CODE: issued_code()}))

    assert granted == Granted(
        client=client(),
        scope=("openid", "email"),
        authentication=AUTHENTICATION,
        nonce="n-0S6_WzA2Mj",
        claims={"id_token": {"email": {}}},
        grant_id=GRANT,
        refresh_counter=0,
    )
    assert granted.has_id_token
    assert granted.has_refresh_token


async def test_a_code_counts_once() -> None:
    """RFC 6749 §4.1.2: the client MUST NOT use the code more than once."""
    held = stores({CODE: issued_code()})
    await _redeem(held)

    assert isinstance(await _refused(held), InvalidGrant)


async def test_a_wrong_attempt_uses_the_code_up() -> None:
    """RFC 6749 §10.5: whoever found a code has one try with it."""
    held = stores({CODE: issued_code()})
    await _refused(held, redirect_uri="https://evil.example")

    assert isinstance(await _refused(held), InvalidGrant)


async def test_a_code_is_demanded() -> None:
    """RFC 6749 §4.1.3: code is REQUIRED."""
    assert isinstance(await _refused(stores(), code=""), InvalidRequest)


@pytest.mark.parametrize("careless", [False, True])
async def test_t023_a_code_is_the_clients_that_asked_for_it(careless: bool) -> None:
    """RFC 6749 §4.1.3: the code was issued to the authenticated client."""
    other = issued_code(client_id="other", code_challenge=CHALLENGE)
    held = stores({CODE: other}, careless=careless)

    refusal = await _refused(held, code_verifier=VERIFIER)

    assert isinstance(refusal, InvalidGrant)
    assert refusal.hint == (
        f"issued to other, sent by {CLIENT_ID}"
        if careless
        else "unknown, spent, expired, or of another client"
    )


@pytest.mark.parametrize(
    ("authorized", "sent"),
    [
        (REDIRECT_URI, ""),
        (REDIRECT_URI, REDIRECT_URI + "/"),
        (REDIRECT_URI, REDIRECT_URI + "?"),
        (REDIRECT_URI, REDIRECT_URI.upper()),
        (REDIRECT_URI, "https://client.example.com:443/cb"),
        (REDIRECT_URI, "https://client.example.com/%63b"),
        (None, REDIRECT_URI),
    ],
)
async def test_the_redirect_uri_is_the_same(authorized: str | None, sent: str) -> None:
    """RFC 6749 §4.1.3: if it was included before, the values MUST be identical."""
    held = stores({CODE: issued_code(redirect_uri=authorized)})

    refusal = await _refused(held, redirect_uri=sent)

    assert isinstance(refusal, InvalidGrant)
    assert refusal.description == "redirect_uri differs"
    assert refusal.hint.startswith(f"authorized with {authorized}, redeemed with ")


async def test_a_redirect_uri_that_was_left_out_stays_out() -> None:
    """RFC 6749 §4.1.3: REQUIRED only if it was in the authorization request."""
    held = stores({CODE: issued_code(redirect_uri=None)})

    assert (await _redeem(held, redirect_uri="")).grant_id == GRANT


async def test_a_verifier_proves_who_asked() -> None:
    """RFC 7636 §4.6 and appendix B: S256."""
    held = stores({CODE: issued_code(code_challenge=CHALLENGE)})

    assert (await _redeem(held, code_verifier=VERIFIER)).grant_id == GRANT


@pytest.mark.parametrize(
    ("challenge", "verifier"),
    [(CHALLENGE, ""), (CHALLENGE, "x" * 43), (None, VERIFIER), (CHALLENGE, CHALLENGE)],
)
async def test_t020_pkce_cannot_be_left_out(
    challenge: str | None, verifier: str
) -> None:
    """RFC 9700 §2.1.1 and §4.8.2: verifier and challenge only together."""
    held = stores({CODE: issued_code(code_challenge=challenge)})

    assert isinstance(await _refused(held, code_verifier=verifier), InvalidGrant)


@pytest.mark.parametrize(
    "verifier", [VERIFIER[:-1], "a" * 129, VERIFIER[:-1] + "+", VERIFIER + "é"]
)
async def test_t022_a_malformed_verifier_is_refused(verifier: str) -> None:
    """RFC 7636 §4.1: 43 to 128 unreserved characters."""
    held = stores({CODE: issued_code(code_challenge=CHALLENGE)})

    assert isinstance(await _refused(held, code_verifier=verifier), InvalidRequest)


async def test_without_the_grant_there_is_no_refresh_token() -> None:
    """RFC 7591 §2: a client uses the grants that it is registered for."""
    one = client(grant_types=frozenset({"authorization_code"}))
    held = stores({CODE: issued_code(scope=("openid", "offline_access"))})
    body = parameters(code=CODE, redirect_uri=REDIRECT_URI)

    granted = await GRANT_TYPE.redeem(body, one, held)

    assert granted.refresh_counter is None
    assert not granted.has_refresh_token


async def test_without_openid_there_is_no_id_token() -> None:
    """OIDC Core §3.1.2.1: without openid it is no OpenID Connect request."""
    granted = await _redeem(stores({CODE: issued_code(scope=("orders",))}))

    assert not granted.has_id_token


async def test_what_was_taken_from_the_client_is_not_given() -> None:
    """RFC 6749 §3.3: the server may grant less, as its policy says."""
    scope = ("openid", "payments")

    granted = await _redeem(stores({CODE: issued_code(scope=scope)}))
    refusal = await _refused(stores({CODE: issued_code(scope=scope[1:])}))

    assert granted.scope == ("openid",)
    assert isinstance(refusal, InvalidGrant)
    assert refusal.hint == "no scope is left"


async def test_t028_each_code_has_its_own_person() -> None:
    """RFC 6749 §4.1.2: a code is bound to what was agreed to with it."""
    people = [replace(AUTHENTICATION, user_id=GRANT), AUTHENTICATION]
    held = stores({str(n): issued_code(authentication=p) for n, p in enumerate(people)})

    second, first = [await _redeem(held, code=code) for code in ("1", "0")]

    assert [first.authentication, second.authentication] == people
