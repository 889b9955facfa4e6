"""Tokens of issuers that are trusted: every check of RFC 7523 §3."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.jose import InvalidToken
from app.oauth.trust.assertion import Spoken, believe
from tests.oauth.token_support import (
    CLIENT_ID,
    ISSUER,
    KEYS,
    NOW,
    SECONDS,
    TOKEN_ENDPOINT,
    AssertionIdsInMemory,
    IssuersInMemory,
)
from tests.oauth.trust.support import (
    GITHUB,
    RULE,
    SIGNED,
    SUBJECT,
    claims,
    issuers,
    rule,
    trusted,
)
from tests.security.forgery import forge, unsigned, with_own_key, with_secret


async def _believe(
    token: str, known: IssuersInMemory | None = None, **named: Any
) -> Spoken:
    return await believe(
        token,
        known or issuers(),
        audiences={ISSUER, TOKEN_ENDPOINT},
        now=NOW,
        **named,
    )


async def _refused(token: str, known: IssuersInMemory | None = None) -> str:
    with pytest.raises(InvalidToken) as refusal:
        await _believe(token, known)
    return str(refusal.value)


async def test_a_token_of_a_workload_speaks_for_its_client() -> None:
    """RFC 7523 §2.1, §3: signed by its issuer, for here and now."""
    spoken = await _believe(SIGNED.sign(claims()))

    assert (spoken.issuer, spoken.subject, spoken.rule) == (GITHUB, SUBJECT, RULE)
    assert (spoken.jti, spoken.expires_at) == (
        "example-id",
        NOW + timedelta(seconds=300),
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": ...}, "iss is None"),
        ({"iss": ""}, "not trusted"),
        ({"iss": GITHUB + "/"}, "not trusted"),
        ({"iss": GITHUB[:-1]}, "not trusted"),
        ({"iss": GITHUB.upper()}, "not trusted"),
        ({"iss": [GITHUB]}, "not trusted"),
        ({"sub": ...}, "sub must be"),
        ({"sub": ""}, "sub must be"),
        ({"sub": 7}, "sub must be"),
        ({"sub": "a\0"}, "not printable"),
        ({"sub": "a" * 1_025}, "sub must be"),
        ({"aud": ...}, "aud is None"),
        ({"aud": ""}, "aud is"),
        ({"aud": []}, "aud is"),
        ({"aud": "https://github.com/octo-org"}, "aud is"),
        ({"aud": ISSUER + "/"}, "aud is"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud is"),
        ({"aud": [ISSUER, ISSUER]}, "aud is"),
        ({"aud": {ISSUER: 1}}, "aud is"),
        ({"exp": ...}, "exp is missing"),
        ({"exp": SECONDS}, "expired"),
        ({"exp": str(SECONDS + 60)}, "exp is no instant"),
        ({"exp": SECONDS + 3_661, "iat": ...}, "it lives"),
        ({"exp": SECONDS + 3_600, "iat": SECONDS - 61}, "it lives"),
        ({"exp": 2**60}, "exp is no instant"),
        ({"nbf": SECONDS + 61}, "nbf is 61 s ahead"),
        ({"nbf": "now"}, "nbf is no instant"),
        ({"iat": SECONDS + 61}, "iat is 61 s ahead"),
        ({"iat": True}, "iat is no instant"),
        ({"jti": ...}, "jti must be"),
        ({"jti": ""}, "jti must be"),
        ({"jti": "a" * 257}, "jti must be"),
        ({"ref": "refs/tags/v1"}, "fulfils no rule"),
        ({"repository": "octo-org/other"}, "fulfils no rule"),
        ({"repository": ["octo-org/octo-repo"]}, "fulfils no rule"),
        ({"ref": ...}, "fulfils no rule"),
    ],
)
async def test_any_claim_that_is_wrong_refuses_it(
    changed: dict[str, Any], reason: str
) -> None:
    """RFC 7523 §3, RFC 8725 §3.8-3.10: every claim, and the conditions."""
    assert reason in await _refused(SIGNED.sign(claims(**changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": TOKEN_ENDPOINT},
        {"aud": [ISSUER]},
        {"iat": SECONDS + 60, "nbf": SECONDS + 60},
        {"iat": ..., "nbf": ...},
        {"exp": SECONDS + 3_660},
        {"exp": SECONDS + 0.5},
    ],
)
async def test_what_rfc_7523_leaves_open_is_borne_with(changed: dict[str, Any]) -> None:
    """RFC 7523 §3: iat and nbf MAY be there; clocks may run ahead by a minute."""
    await _believe(SIGNED.sign(claims(**changed)))


async def test_an_audience_of_its_own_may_be_agreed_on() -> None:
    """RFC 7523 §3: a value that identifies this server, as both sides know it."""
    token = SIGNED.sign(claims(aud="auth-serve"))
    assert "aud is" in await _refused(token)

    await _believe(token, issuers(audiences=("auth-serve",)))


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt"])
async def test_a_token_of_another_kind_is_none(typ: str) -> None:
    """RFC 8725 §3.11: a type says what it was signed for."""
    assert "another type" in await _refused(SIGNED.sign(claims(), typ=typ))


async def test_t001_t002_t005_t008_forged_tokens_are_refused() -> None:
    """RFC 7523 §3, RFC 8725 §3.1, §3.2: MUST be signed, with a key of the issuer."""
    own, jwk = with_own_key()
    secret = with_secret(SIGNED.key.as_pem(private=False))
    none, hs, es = (
        {"alg": alg, "kid": SIGNED.kid} for alg in ("none", "HS256", "ES256")
    )
    for token in (
        forge(none, claims(), unsigned),
        forge(none | {"alg": "nOnE"}, claims(), unsigned),
        forge(hs, claims(), secret),
        forge(es, claims(), own),
        forge(es | {"jwk": jwk}, claims(), own),
        forge(es | {"jku": "https://evil.example/jwks"}, claims(), own),
        SIGNED.sign(claims())[:-8] + "AAAAAAAA",
        "a.b.c",
        "",
    ):
        await _refused(token)


async def test_only_allowed_algorithms_count() -> None:
    """RFC 8725 §3.1: the issuer's own list, whatever keys there are."""
    keys = {"keys": [pair.jwk for pair in KEYS.values()]}
    known = issuers(jwks=keys, algorithms=("ES256",))

    await _believe(KEYS["ES256"].sign(claims()), known)
    assert "algorithm" in await _refused(KEYS["RS256"].sign(claims()), known)


async def test_an_unknown_key_is_asked_for_once() -> None:
    """OIDC Core §10.1.1: keys roll over; one question, and then it counts or not."""
    token = SIGNED.sign(claims())
    fresh = {"keys": [SIGNED.jwk]}
    known = IssuersInMemory((trusted(jwks=None),), next_keys=fresh)
    await _believe(token, known)
    assert known.asked == 1

    stale = IssuersInMemory((trusted(jwks=None),), held={"keys": [KEYS["ES256"].jwk]})
    assert "registered keys" in await _refused(token, stale)
    assert stale.asked == 1

    silent = IssuersInMemory((trusted(jwks=None),))
    assert "no keys" in await _refused(token, silent)


async def test_a_token_counts_once_if_it_has_to() -> None:
    """RFC 7523 §3: the jti MAY be held against replay."""
    ids = AssertionIdsInMemory()
    spoken = await _believe(SIGNED.sign(claims()))
    await spoken.use(ids)

    with pytest.raises(InvalidToken, match="used before"):
        await spoken.use(ids)
    assert list(ids.seen) == [(f"trusted {GITHUB}", "example-id")]


async def test_a_token_that_is_kept_in_a_file_may_come_again() -> None:
    """Kubernetes projects one token for an hour; there the policy lets it."""
    ids = AssertionIdsInMemory()
    spoken = await _believe(SIGNED.sign(claims(jti=...)), issuers(single_use=False))
    await spoken.use(ids)
    await spoken.use(ids)

    assert ids.seen == {}


async def test_only_a_rule_that_says_so_proves_a_client() -> None:
    """RFC 7523 §2.2: more than a token is what proving a client gives."""
    token = SIGNED.sign(claims())
    with pytest.raises(InvalidToken, match="fulfils no rule"):
        await _believe(token, client_id=CLIENT_ID, authenticates=True)

    proves = issuers(rules=(rule(authenticates_client=True),))
    spoken = await _believe(token, proves, client_id=CLIENT_ID, authenticates=True)

    assert spoken.rule.client_id == CLIENT_ID
