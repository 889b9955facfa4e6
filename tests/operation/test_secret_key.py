"""Secrets that are derived: prepared once, and the same in every thread and release."""

import hmac
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

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


def test_threads_that_share_a_key_do_not_mix_what_they_sign() -> None:
    key, other = SecretKey(SECRET), SecretKey(SECRET)
    tokens = {each: other.one_time_token("reset", each) for each in IDS}

    def agrees(_: int) -> bool:
        return all(key.one_time_token("reset", each) == tokens[each] for each in IDS)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(agrees, range(64)))

    assert all(key.read_one_time_token("reset", tokens[each]) == each for each in IDS)
    assert len(set(tokens.values())) == len(IDS)
