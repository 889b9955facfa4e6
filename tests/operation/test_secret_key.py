"""Secrets that are derived: prepared once, and the same in every thread and release."""

import hmac
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from app.core.secret_key import SecretKey
from tests.conftest import SECRET

IDS = [UUID(int=number) for number in range(200)]


def test_a_prepared_key_says_what_plain_hmac_says() -> None:
    """What was handed out before a release is still good after it."""
    key = SecretKey(SECRET)

    for length in (0, 1, 55, 56, 63, 64, 65, 1_000):
        framed = length.to_bytes(8, "big") + b"x" * length
        plain = hmac.digest(key.derive("digest"), framed, "sha256")
        assert key.digest(b"x" * length) == plain


@pytest.mark.parametrize("kind", ["browser_session", "refresh_token"])
def test_a_secret_of_a_session_has_256_bits_of_the_key(kind: str) -> None:
    """Whoever knows its identifier and its count still has to guess all of them."""
    ours, theirs = (
        getattr(SecretKey(secret), kind)(IDS[1], 3) for secret in (SECRET, SECRET[::-1])
    )

    one, other = (
        urlsafe_b64decode(each.partition("_")[2].partition("_")[2] + "==")
        for each in (ours, theirs)
    )
    assert one[:-32] == other[:-32] == IDS[1].bytes + (3).to_bytes(8, "big")
    assert one[-32:] != other[-32:]
    assert getattr(SecretKey(SECRET), f"read_{kind}")(ours) == (IDS[1], 3)
    assert getattr(SecretKey(SECRET), f"read_{kind}")(theirs) is None


def test_threads_that_share_a_key_do_not_mix_what_they_sign() -> None:
    key, other = SecretKey(SECRET), SecretKey(SECRET)
    tokens = {each: other.one_time_token("reset", each) for each in IDS}

    def agrees(_: int) -> bool:
        return all(key.one_time_token("reset", each) == tokens[each] for each in IDS)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(agrees, range(64)))

    assert all(key.read_one_time_token("reset", tokens[each]) == each for each in IDS)
    assert len(set(tokens.values())) == len(IDS)
