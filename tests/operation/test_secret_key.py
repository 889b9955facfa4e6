"""Secrets that are derived: prepared once, and the same in every thread and release."""

import hmac
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from app.core.keys.rotating import RotatingSecretKey
from app.core.secret_key import SealBroken, SecretKey
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


OLD, NEW = "old-" + SECRET, "new-" + SECRET
PHASES = {"begun": (OLD, NEW), "turned": (NEW, OLD)}


def _made(key: SecretKey) -> dict[str, Any]:
    """Return one of each thing that a key hands out."""
    return {
        "read_refresh_token": (key.refresh_token(IDS[1], 3),),
        "read_grant_refresh_token": (key.grant_refresh_token(IDS[1], 3),),
        "read_browser_session": (key.browser_session(IDS[1], 3),),
        "read_host_session": (key.host_session(IDS[1], "a.example"), "a.example"),
        "read_device_token": (key.device_token(b"d" * 53),),
        "read_challenge": (key.challenge(b"c" * 38),),
        "read_one_time_token": ("reset", key.one_time_token("reset", IDS[1])),
        "read_cursor": ("users", key.cursor("users", [])),
        "is_registration_access_token": (
            *(key.registration_access_token("app", IDS[2]), "app", IDS[2]),
        ),
        "is_form_token": (key.form_token("browser", "session"), "browser", "session"),
        "is_tag": (key.tags(b"what", b"for")[0], b"what", b"for"),
        "code_matches": ("reset", IDS[1], key.one_time_code("reset", IDS[1])),
        "unseal": (key.seal(b"value", b"n" * 12, "row"), "row"),
    }


def _is_taken(key: SecretKey, how: str, arguments: tuple[Any, ...]) -> bool:
    try:
        return getattr(key, how)(*arguments) not in (None, False)
    except SealBroken:
        return False


def test_whatever_a_key_makes_is_looked_at_with_both() -> None:
    """Who adds a kind of token has to say how it outlives a rotation."""
    looks = {n for n in vars(SecretKey) if n.startswith(("read_", "is_", "unseal"))}

    assert {*_made(SecretKey(OLD))} == looks - {"is_rotating"} | {"code_matches"}
    # What goes by ``tags`` needs no look of its own.
    assert looks - {"is_tag"} <= {*vars(RotatingSecretKey)}


@pytest.mark.parametrize("how", sorted(_made(SecretKey(OLD))))
@pytest.mark.parametrize("phase", sorted(PHASES))
def test_while_a_key_is_rotated_what_either_makes_is_taken(
    how: str, phase: str
) -> None:
    """And what is made is the first one's, so that the second can be taken away."""
    pair = RotatingSecretKey(*PHASES[phase])
    first, second = (SecretKey(secret) for secret in PHASES[phase])

    for maker in (pair, first, second):
        assert _is_taken(pair, how, _made(maker)[how])
    assert _is_taken(first, how, _made(pair)[how])
    assert not _is_taken(second, how, _made(pair)[how])
    assert not _is_taken(pair, how, _made(SecretKey("third-" + SECRET))[how])


def test_what_outlives_a_key_is_the_same_under_the_next() -> None:
    before, after = SecretKey(OLD), RotatingSecretKey(NEW, OLD)
    tag = after.tags(b"x")[0]

    after.keep(before.kept())

    assert after.pairwise == before.pairwise != SecretKey(NEW).pairwise
    assert after.digest(b"x") == before.digest(b"x") != SecretKey(NEW).digest(b"x")
    assert after.tags(b"x")[0] == tag == SecretKey(NEW).tags(b"x")[0]


def test_a_value_is_sealed_anew_only_if_the_second_key_sealed_it() -> None:
    pair, nonce = RotatingSecretKey(NEW, OLD), b"n" * 12
    old, new = (SecretKey(each).seal(b"v", b"m" * 12, "row") for each in (OLD, NEW))

    assert pair.renewed(new, nonce, "row") is None
    renewed = pair.renewed(old, nonce, "row")
    assert renewed is not None and SecretKey(NEW).unseal(renewed, "row") == b"v"
    for wrong in (old[:-1] + b"\0", SecretKey(SECRET).seal(b"v", nonce, "row")):
        with pytest.raises(SealBroken):
            pair.renewed(wrong, nonce, "row")
    with pytest.raises(SealBroken):
        pair.renewed(old, nonce, "another row")
