"""Imported hashes cost what their makers chose: bounded, counted, out of the way."""

import asyncio
from dataclasses import replace

import pytest

from app.core.context import RequestContext, begin
from app.core.exceptions import TooManyRequests
from app.core.hashing_pool import HashingOverloaded, HashingPool
from app.core.password_schemes import sha_crypt
from app.core.passwords import MAX_BYTES, PasswordHasher, check_importable
from app.core.randomness import SystemRandomness
from app.core.rate_limit import Limit
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from tests.core.test_hashing_pool import Work, until
from tests.support.foreign_hashes import P

SHA_CRYPT = f"$6$rounds=656000$saltsalt${'.' * 86}"


def test_rounds_are_bounded_together_with_the_length_of_what_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[bytes] = []
    monkeypatch.setattr(
        sha_crypt._Stored, "matches", lambda self, secret: computed.append(secret)
    )
    hasher = PasswordHasher()
    assert check_importable(SHA_CRYPT) is None

    assert not hasher.verify("\U0001f511" * 1000, SHA_CRYPT).ok
    assert (computed, hasher.foreign_work("\U0001f511" * 1000, SHA_CRYPT)) == ([], 0)
    assert not hasher.verify("short", SHA_CRYPT).ok
    assert computed == [b"short"]


def test_all_spellings_together_are_bounded() -> None:
    costly = f"@phpass:$6$rounds=900000$saltsalt${'.' * 86}"
    hasher = PasswordHasher()
    once = hasher.foreign_work("plain", costly)

    assert 0 < hasher.foreign_work(" a'\"& ", costly) < 1.1 * once


@pytest.mark.parametrize("password", ["x" * (MAX_BYTES + 1), "o\u0308" * 2_000])
def test_a_password_beyond_the_bytes_costs_nothing_foreign(password: str) -> None:
    assert PasswordHasher().foreign_work(password, SHA_CRYPT) == 0


async def test_work_is_counted_by_account_and_network_and_ours_is_not(
    runtime: Runtime,
) -> None:
    limits = replace(
        runtime.limits,
        hashing_account=Limit("hashing_account", 3, 600),
        hashing_address=Limit("hashing_address", 5, 600),
    )
    passwords = PasswordService(replace(runtime, limits=limits))
    hashed = P.pbkdf2_sha256.using(rounds=400_000).hash("x")  # two units of work
    ann, bob, eve = (SystemRandomness().uuid7() for _ in range(3))
    own = runtime.hasher.hash("x")
    begin(RequestContext(ip="192.0.2.1"))

    assert not (await passwords.verify("wrong", hashed, ann)).ok
    with pytest.raises(TooManyRequests, match="hashing_account"):
        await passwords.verify("wrong", hashed, ann)
    with pytest.raises(TooManyRequests, match="hashing_address"):
        await passwords.verify("wrong", hashed, bob)
    for _ in range(9):
        assert (await passwords.verify("x", own, ann)).ok
    begin(RequestContext(ip="198.51.100.1"))
    assert (await passwords.verify("x", hashed, eve)).ok


async def test_imported_hashes_do_not_keep_others_waiting(runtime: Runtime) -> None:
    work = Work()
    busy = [
        asyncio.ensure_future(runtime.foreign_hashing.run(work, at)) for at in range(3)
    ]
    await until(lambda: runtime.foreign_hashing.running > 0)

    own = runtime.hasher.hash("x")
    assert (await PasswordService(runtime).verify("x", own, None)).ok
    work.gate.set()
    await asyncio.gather(*busy)


async def test_work_whose_client_left_is_not_begun_and_frees_its_place() -> None:
    work, pool, left = Work(), HashingPool(1, 1), asyncio.Event()
    first = asyncio.ensure_future(pool.run(work, "first"))
    await until(lambda: pool.running == 1)

    async def waits() -> None:
        begin(RequestContext(left=left.wait))  # type: ignore[arg-type]
        await pool.run(work, "gone")

    second = asyncio.ensure_future(waits())
    await until(lambda: pool.waiting == 1)
    left.set()

    with pytest.raises(HashingOverloaded, match="left"):
        await second
    assert pool.waiting == 0
    third = asyncio.ensure_future(pool.run(work, "third"))
    work.gate.set()
    await asyncio.gather(first, third)
    assert work.done == ["first", "third"]
    pool.close()
