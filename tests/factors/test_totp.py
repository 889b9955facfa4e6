"""Codes of authenticator apps: RFC 6238, with pyotp as the other opinion."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.factors.base import Ceremony, Enrolled, FactorRefused, Proof
from app.factors.otpauth import (
    base32_of,
    checked_key,
    read_base32,
    read_uri,
    uri_of,
)
from app.factors.totp import ALGORITHMS, DIGITS, Totp, TotpKey
from tests.factors.samples import DIGEST

_USER = UUID(int=1)
_HASHES: dict[str, Callable[..., Any]] = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}
# pyotp takes no shorter secret and no longer period (SP 800-63B-4 section 3.1.4.1).
_KEYS = st.builds(
    TotpKey,
    secret=st.binary(min_size=14, max_size=128),
    algorithm=st.sampled_from(ALGORITHMS),
    digits=st.sampled_from(DIGITS),
    period=st.integers(1, 120),
)
_FEW = settings(max_examples=40, deadline=None, database=None)
_INSTANTS = st.integers(0, 4_000_000_000)

# RFC 6238, appendix B: with the secrets that its erratum 2866 gives.
_VECTORS = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}
_SIZES = {"SHA1": 20, "SHA256": 32, "SHA512": 64}


def _at(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _oracle(key: TotpKey) -> pyotp.TOTP:
    return pyotp.TOTP(
        base32_of(key.secret),
        digits=key.digits,
        digest=_HASHES[key.algorithm],
        interval=key.period,
    )


def _verify(
    key: TotpKey, answer: str, seconds: int, last_step: int | None = None
) -> Proof:
    data = {"algorithm": key.algorithm, "digits": key.digits, "period": key.period}
    row = Enrolled(id=UUID(int=2), secret=key.secret, state=last_step, data=data)
    ceremony = Ceremony(now=_at(seconds), user_id=_USER, digest=DIGEST)
    return Totp().verify([row], answer, ceremony)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("seconds", _VECTORS)
def test_the_vectors_of_the_standard(algorithm: str, seconds: int) -> None:
    secret = (b"1234567890" * 7)[: _SIZES[algorithm]]
    key = TotpKey(secret=secret, algorithm=algorithm, digits=8)
    expected = _VECTORS[seconds][ALGORITHMS.index(algorithm)]

    assert key.code_at(key.step_at(_at(seconds))) == expected
    assert _verify(key, expected, seconds).state == seconds // 30


@_FEW
@given(key=_KEYS, seconds=_INSTANTS)
def test_every_code_is_what_another_program_makes(key: TotpKey, seconds: int) -> None:
    assert key.code_at(key.step_at(_at(seconds))) == _oracle(key).at(seconds)


@_FEW
@given(key=_KEYS, seconds=_INSTANTS, drift=st.integers(-3, 3))
def test_a_clock_may_be_one_step_off(key: TotpKey, seconds: int, drift: int) -> None:
    seconds += 3 * key.period
    code = _oracle(key).at(seconds + drift * key.period)
    near = {_oracle(key).at(seconds + step * key.period) for step in (-1, 0, 1)}

    if code not in near:  # two steps may by chance have the same code
        with pytest.raises(FactorRefused):
            _verify(key, code, seconds)
    elif abs(drift) <= 1:
        step = _verify(key, code, seconds).state
        assert step is not None and step >= seconds // key.period + drift


def test_no_code_of_a_step_that_was_accepted_or_before_it_is_accepted() -> None:
    key = TotpKey(secret=b"s" * 20)
    step = 1_000_000
    accepted = _verify(key, key.code_at(step + 1), step * 30).state

    for earlier in (step - 1, step, step + 1):
        with pytest.raises(FactorRefused):
            _verify(key, key.code_at(earlier), step * 30 + 29, accepted)
    assert _verify(key, key.code_at(step + 2), step * 30 + 30, accepted)


def test_a_code_that_two_steps_share_is_accepted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = TotpKey(secret=b"s" * 20)
    monkeypatch.setattr(TotpKey, "code_at", lambda self, step: "123456")

    assert _verify(key, "123456", 30_000).state == 1_001


@pytest.mark.parametrize(
    "typed",
    [
        "{0} {1}",
        " {0}{1}\n",
        "{0}-{1}",
        "{0}\u00a0{1}",
        "\u200b{0}\u2009{1}\ufeff",
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    key = TotpKey(secret=b"s" * 20)
    code = key.code_at(1_000)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

    for digits in (code, wide):
        answer = typed.format(digits[:3], digits[3:])
        assert _verify(key, answer, 30_000).state == 1_000


def test_before_the_first_step_nothing_breaks() -> None:
    key = TotpKey(secret=b"s" * 20)

    assert _verify(key, key.code_at(0), 0).state == 0


@_FEW
@given(
    key=_KEYS,
    issuer=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    account=st.sampled_from(["a@b.example", "ä+1%&?#@b.example", "a b@c"]),
)
def test_apps_read_what_the_qr_code_says(
    key: TotpKey, issuer: str, account: str
) -> None:
    uri = uri_of(key, issuer, account)

    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer) == (account, issuer.replace(":", " "))
    assert read.at(1_234_567) == key.code_at(1_234_567 // key.period)
    assert uri.isascii() and " " not in uri
    assert read_uri(uri) == key


def test_a_key_is_read_as_other_programs_write_it() -> None:
    secret = b"1234567890"
    short = read_uri("otpauth://totp/A?secret=gezd%20gnbv-gy3tqojq")
    full = read_uri(
        "otpauth://TOTP/A:b?secret=GEZDGNBVGY3TQOJQ====&issuer=A&image=x"
        "&algorithm=HmacSHA256&digits=8&period=60"
    )

    assert short == TotpKey(secret=secret)
    assert full == TotpKey(secret=secret, algorithm="SHA256", digits=8, period=60)
    assert read_base32(base32_of(b"x" * 11)) == b"x" * 11


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "otpauth://hotp/A?secret=GEZDGNBVGY3TQOJQ&counter=1",
        "https://totp/A?secret=GEZDGNBVGY3TQOJQ",
        "otpauth://totp/A",
        "otpauth://totp/A?secret=",
        "otpauth://totp/A?secret=GEZDGNBV",
        "otpauth://totp/A?secret=1890189018901890",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&secret=GEZDGNBVGY3TQOJA",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&digits=5",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&digits=six",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&digits=%D9%A6",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&period=0",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&period=-30",
        "otpauth://totp/A?secret=GEZDGNBVGY3TQOJQ&period=86400",
        "otpauth://[totp/A?secret=GEZDGNBVGY3TQOJQ",
    ],
)
def test_what_no_app_could_use_is_refused(uri: str) -> None:
    with pytest.raises(ValueError):
        read_uri(uri)


def test_a_secret_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError):
        checked_key(b"x" * 129)
