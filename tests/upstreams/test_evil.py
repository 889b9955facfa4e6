"""A hostile provider: each lie ends the sign-in, with the true reason for the trail.

The rules are those of OIDC Core §3.1.3.7, RFC 9207 and RFC 9700, and what flaws of
other products taught of each (aud, azp, nonce, at_hash, issuers that change).
"""

from typing import Any

import pytest

from app.upstreams.protocol import Asking, Reason, Refused
from tests.oauth.token_support import KEYS
from tests.security.forgery import unsigned, with_own_key, with_secret
from tests.support.chance import FakeClock
from tests.upstreams.conftest import STATE, Connections
from tests.upstreams.lies import Lie, at, given, said, signed
from tests.upstreams.simulator import CLIENT_ID, SECRET, Simulator


def _forged(evil: Simulator, sign: Any, **header: Any) -> None:
    evil.forged = sign
    evil.header = header


def _own_key(evil: Simulator) -> None:
    sign, jwk = with_own_key()
    _forged(evil, sign, alg="ES256", jwk=jwk, kid=jwk.get("kid", "evil"))


def _own_key_by_our_kid(evil: Simulator) -> None:
    evil.rotate()
    sign, _ = with_own_key()
    _forged(evil, sign)


def _by_es256(evil: Simulator) -> None:
    evil.rotate()
    evil.said = {"id_token_signing_alg_values_supported": ...}


_PUBLIC = KEYS["RS256"].key.as_pem(private=False)
_NUL = "\x00"

_SIGNATURES: dict[str, Lie] = {
    "no signature": lambda evil: _forged(evil, unsigned, alg="none"),
    "no signature, disguised": lambda evil: _forged(evil, unsigned, alg="nOnE"),
    "no algorithm": lambda evil: _forged(evil, unsigned, alg=...),
    "signed by the public key": lambda evil: _forged(
        evil, with_secret(_PUBLIC), alg="HS256"
    ),
    "signed by the client's secret": lambda evil: _forged(
        evil, with_secret(SECRET.encode()), alg="HS256"
    ),
    "a key in the header": _own_key,
    "another key of the same name": _own_key_by_our_kid,
    "an unknown key": lambda evil: evil.header.update(kid="made up"),
    "an algorithm that was not announced": said(
        id_token_signing_alg_values_supported=["ES256"]
    ),
    "nothing announced": _by_es256,
    "an extension": lambda evil: evil.header.update(crit=["exp"]),
    "another type": lambda evil: evil.header.update(typ="at+jwt"),
    "no JWT": given(id_token="abc"),
    "encrypted": given(id_token="a.b.c.d.e"),
}


@pytest.mark.parametrize("lie", _SIGNATURES.values(), ids=_SIGNATURES)
async def test_a_signature_that_proves_nothing(
    upstreams: Connections, simulator: Simulator, lie: Lie
) -> None:
    lie(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)

    reason, _ = await upstreams.refused(connector, simulator)

    assert reason is Reason.WRONG_SIGNATURE


_CLAIMS: dict[str, tuple[Lie, Reason]] = {
    "iss of another": (signed(iss="https://evil.example"), Reason.WRONG_ISSUER),
    "no iss": (signed(iss=...), Reason.WRONG_ISSUER),
    "iss in a list": (
        lambda evil: evil.signed.update(iss=[evil.url]),
        Reason.WRONG_ISSUER,
    ),
    "iss with a slash": (
        lambda evil: evil.signed.update(iss=evil.url + "/"),
        Reason.WRONG_ISSUER,
    ),
    "aud of another": (signed(aud="another"), Reason.WRONG_AUDIENCE),
    "no aud": (signed(aud=...), Reason.WRONG_AUDIENCE),
    "aud of another besides": (
        signed(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        Reason.WRONG_AUDIENCE,
    ),
    "azp of another": (signed(azp="another"), Reason.WRONG_AUDIENCE),
    "azp null": (signed(azp=None), Reason.WRONG_AUDIENCE),
    "expired": (at(-61, "exp"), Reason.WRONG_TIME),
    "no exp": (signed(exp=...), Reason.WRONG_TIME),
    "exp in a text": (signed(exp="4102444800"), Reason.WRONG_TIME),
    "exp for ever": (signed(exp=1e300), Reason.WRONG_TIME),
    "exp true": (signed(exp=True), Reason.WRONG_TIME),
    "issued in the future": (at(61, "iat"), Reason.WRONG_TIME),
    "issued long ago": (at(-601, "iat"), Reason.WRONG_TIME),
    "no iat": (signed(iat=...), Reason.WRONG_TIME),
    "not valid yet": (at(61, "nbf"), Reason.WRONG_TIME),
    "no nonce": (signed(nonce=...), Reason.WRONG_NONCE),
    "nonce null": (signed(nonce=None), Reason.WRONG_NONCE),
    "nonce in a list": (signed(nonce=["n"]), Reason.WRONG_NONCE),
    "nonce of another": (signed(nonce="n-0S6_WzA2Mj"), Reason.WRONG_NONCE),
    "half a pair as nonce": (signed(nonce="\ud800"), Reason.WRONG_NONCE),
    "at_hash of another": (
        signed(at_hash="77QmUPtjPfzWtF2AnpK9RQ"),
        Reason.WRONG_TOKEN,
    ),
    "at_hash null in a list": (signed(at_hash=[None]), Reason.WRONG_TOKEN),
    "at_hash empty": (signed(at_hash=""), Reason.WRONG_TOKEN),
    "another access token": (given(access_token="injected"), Reason.WRONG_TOKEN),
    "no sub": (
        lambda evil: (evil.signed.update(sub=...), evil.told.update(sub=...)),
        Reason.MALFORMED,
    ),
    "sub a number": (
        lambda evil: (evil.signed.update(sub=7), evil.told.update(sub=7)),
        Reason.MALFORMED,
    ),
    "sub too long": (
        lambda evil: evil.person.update(sub="a" * 256),
        Reason.MALFORMED,
    ),
    "sub unprintable": (
        lambda evil: evil.person.update(sub=f"a{_NUL}"),
        Reason.MALFORMED,
    ),
    "claims that no JSON holds": (signed(name="\ud800"), Reason.MALFORMED),
}


@pytest.mark.parametrize(("lie", "reason"), _CLAIMS.values(), ids=_CLAIMS)
async def test_claims_that_are_not_for_here_and_now(
    upstreams: Connections, simulator: Simulator, lie: Lie, reason: Reason
) -> None:
    lie(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)

    assert (await upstreams.refused(connector, simulator))[0] is reason


@pytest.mark.parametrize(
    "said",
    [at(-599, "iat"), at(59, "iat", "nbf"), at(-59, "exp"), signed(azp=CLIENT_ID)],
)
async def test_clocks_may_differ_a_little(
    upstreams: Connections, simulator: Simulator, said: Lie
) -> None:
    said(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)

    assert (await upstreams.sign_in(connector, simulator)).subject == "248289761001"


@pytest.mark.parametrize(
    ("before", "is_fresh"), [(0, True), (119, True), (121, False), (None, False)]
)
async def test_a_sign_in_there_is_as_fresh_as_was_asked(
    upstreams: Connections,
    simulator: Simulator,
    clock: FakeClock,
    before: int | None,
    is_fresh: bool,
) -> None:
    if before is not None:
        at(-before, "auth_time")(simulator)
    connector = upstreams.connect("oidc", issuer=simulator.url)
    begun = await connector.begin(Asking(state=STATE, max_age=60))
    clock.advance(seconds=100)  # they take their time, which is no fault of theirs

    try:
        found = await connector.complete(simulator.arrive(begun.url), begun.kept)
    except Refused as refused:
        assert (refused.reason, is_fresh) == (Reason.WRONG_TIME, False)
    else:
        assert is_fresh and before is not None
        assert (clock.now() - found.auth_time).total_seconds() == 100 + before


_ANSWERS: dict[str, tuple[dict[str, Any], Reason]] = {
    "state of another": ({"state": "another"}, Reason.WRONG_STATE),
    "no state": ({"state": ...}, Reason.WRONG_STATE),
    "half a pair as state": ({"state": "\ud800"}, Reason.WRONG_STATE),
    "iss of another": ({"iss": "https://evil.example"}, Reason.WRONG_ISSUER),
    "iss empty": ({"iss": ""}, Reason.WRONG_ISSUER),
    "an error with iss of another": (
        {"error": "access_denied", "iss": "https://evil.example"},
        Reason.WRONG_ISSUER,
    ),
    "they said no": ({"error": "access_denied"}, Reason.CANCELLED),
    "an error": ({"error": "server_error"}, Reason.PROVIDER_ERROR),
    "an error that cannot be shown": (
        {"error": "a\n\u202eb", "error_description": _NUL * 9_999},
        Reason.PROVIDER_ERROR,
    ),
    "no code": ({"code": ...}, Reason.MALFORMED),
    "a code too long": ({"code": "a" * 4_097}, Reason.OVERSIZED),
    "a code made up": ({"code": "another"}, Reason.PROVIDER_ERROR),
}


@pytest.mark.parametrize(("answered", "reason"), _ANSWERS.values(), ids=_ANSWERS)
async def test_an_answer_that_is_none(
    upstreams: Connections, simulator: Simulator, answered: Any, reason: Reason
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)

    assert (await upstreams.refused(connector, simulator, **answered))[0] is reason


async def test_an_answer_counts_once(
    upstreams: Connections, simulator: Simulator
) -> None:
    connector = upstreams.connect("oidc", issuer=simulator.url)
    begun = await connector.begin(Asking(state=STATE))
    parameters = simulator.arrive(begun.url)
    await connector.complete(parameters, begun.kept)

    with pytest.raises(Refused) as caught:
        await connector.complete(parameters, begun.kept)

    assert caught.value.reason is Reason.PROVIDER_ERROR


async def test_a_code_of_another_browser_is_worth_nothing(
    upstreams: Connections, simulator: Simulator
) -> None:
    """Code injection (RFC 9700 §4.5): verifier and nonce are of the victim."""
    connector = upstreams.connect("oidc", issuer=simulator.url)
    victims = await connector.begin(Asking(state=STATE))
    attackers = await connector.begin(Asking(state="attackers"))
    stolen = simulator.arrive(attackers.url) | {"state": STATE}

    with pytest.raises(Refused) as caught:
        await connector.complete(stolen, victims.kept)

    assert caught.value.reason is Reason.PROVIDER_ERROR


async def test_an_answer_of_one_provider_is_not_taken_to_another(
    upstreams: Connections, simulator: Simulator, clock: FakeClock
) -> None:
    """Mix-up (RFC 9700 §4.4): the honest code must not reach the attacker."""
    with Simulator(clock) as evil:
        honest = upstreams.connect("oidc", issuer=simulator.url)
        hostile = upstreams.connect("oidc", issuer=evil.url)
        begun = await hostile.begin(Asking(state=STATE))
        code = simulator.arrive((await honest.begin(Asking(state=STATE))).url)

        with pytest.raises(Refused) as caught:
            await hostile.complete(code | {"iss": simulator.url}, begun.kept)
        with pytest.raises(Refused) as swapped:
            await honest.complete(code, begun.kept)

        assert evil.asked("token") == simulator.asked("token") == 0
    assert caught.value.reason is Reason.WRONG_ISSUER
    assert swapped.value.reason is Reason.WRONG_ISSUER


async def test_an_issuer_that_is_promised_has_to_be_there(
    upstreams: Connections, simulator: Simulator
) -> None:
    simulator.said = {"authorization_response_iss_parameter_supported": True}
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.refused(connector, simulator, iss=...)

    assert found == (Reason.WRONG_ISSUER, "the answer has no iss")
    assert simulator.asked("token") == 0


_ME, _BOSS = "janedoe@example.com", "boss@example.com"
# Signed, told by userinfo, and whether the address that comes of it is verified.
_ADDRESSES: dict[str, tuple[dict[str, Any], dict[str, Any], str, bool]] = {
    "both tell it": ({}, {}, _ME, True),
    "signed is another one": (
        {"email": _BOSS, "email_verified": ...},
        {"email": _ME, "email_verified": True},
        *(_BOSS, False),
    ),
    "signed alone, and verified": ({"email": _BOSS}, {"email": _ME}, _BOSS, True),
    "signed alone, and not verified": (
        {"email": _BOSS, "email_verified": False},
        {},
        *(_BOSS, False),
    ),
    "the same, verified by userinfo": ({"email_verified": ...}, {}, _ME, True),
    "told, and something else is verified": (
        {"email": ..., "email_verified": True},
        {"email": _BOSS, "email_verified": False},
        *(_BOSS, False),
    ),
    "told and verified": ({"email": ..., "email_verified": ...}, {}, _ME, True),
}


@pytest.mark.parametrize("what", _ADDRESSES)
async def test_t074_an_address_is_verified_by_who_tells_it(
    upstreams: Connections, simulator: Simulator, what: str
) -> None:
    signs, tells, email, is_verified = _ADDRESSES[what]
    simulator.signed, simulator.told = signs, tells
    connector = upstreams.connect("oidc", issuer=simulator.url)

    found = await upstreams.sign_in(connector, simulator)

    assert (found.email, found.email_verified) == (email, is_verified)
