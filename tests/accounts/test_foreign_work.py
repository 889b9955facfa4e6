"""Imported hashes cost what their makers chose: bounded, counted, out of the way."""

import asyncio
import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from uvicorn import Config
from uvicorn.server import ServerState

from app.cli.http.protocol import GuardedProtocol
from app.core.context import RequestContext, begin
from app.core.exceptions import TooManyRequests
from app.core.hashing_pool import HashingOverloaded, HashingPool
from app.core.password_schemes import argon2id, sha_crypt
from app.core.passwords import MAX_BYTES, PasswordHasher, check_importable
from app.core.randomness import SystemRandomness
from app.core.rate_limit import Limit
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from tests.core.test_hashing_pool import Work, until
from tests.servers.ports import LOOPBACK
from tests.support.api import Api
from tests.support.foreign_hashes import P

SHA_CRYPT = f"$6$rounds=656000$saltsalt${'.' * 86}"
KEYS = "\U0001f511" * 1000
_SSHA = base64.b64encode(hashlib.sha1(b"xsalt").digest() + b"salt").decode()
ENDS_EARLY = {
    "too costly for so long a password": (SHA_CRYPT, KEYS),
    "too costly in every spelling": (f"@phpass:{SHA_CRYPT}", KEYS),
    "a password beyond the bytes": (SHA_CRYPT, "x" * (MAX_BYTES + 1)),
    "a password that is no text": (SHA_CRYPT, "wrong \ud800"),
    "a password with U+0000": (SHA_CRYPT, "wrong\0"),
    "a scheme that nobody knows": ("$unknown$x", "wrong"),
    "a mark that nobody knows": (f"@unknown:{SHA_CRYPT}", "wrong"),
    "beyond today's limits": (SHA_CRYPT.replace("656000", "9999999"), "wrong"),
    "a library that cannot": ("$2x$05$" + "6" * 53, "wrong"),
    "a cheap digest": (f"{{SSHA}}{_SSHA}", "wrong"),
    "a weak crypt": ("$1$saltsalt$" + "." * 22, "wrong"),
    "few rounds": (P.pbkdf2_sha256.using(rounds=1000).hash("x"), "wrong"),
    "a little less than ours": (
        P.pbkdf2_sha256.using(rounds=70_000).hash("x"),
        "wrong",
    ),
    "a pepper that is not set": (
        "@flask-security:" + P.bcrypt.using(rounds=4).hash("x"),
        "wrong",
    ),
    "no password": (None, "wrong"),
}


def test_rounds_are_bounded_together_with_the_length_of_what_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[bytes] = []
    monkeypatch.setattr(
        sha_crypt._Stored, "matches", lambda self, secret: computed.append(secret)
    )
    hasher = PasswordHasher()
    assert check_importable(SHA_CRYPT) is None

    assert not hasher.verify(KEYS, SHA_CRYPT).ok
    assert (computed, hasher.foreign_work(KEYS, SHA_CRYPT)) == ([], 0)
    assert not hasher.verify("short", SHA_CRYPT).ok
    assert computed == [b"short"]


def test_all_spellings_together_are_bounded() -> None:
    costly = f"@phpass:$6$rounds=900000$saltsalt${'.' * 86}"
    hasher = PasswordHasher()
    once = hasher.foreign_work("plain", costly)

    assert 0 < hasher.foreign_work(" a'\"& ", costly) < 1.1 * once


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The memory of every Argon2id that is computed, in KiB."""
    seen: list[int] = []

    def counted(engine: Any) -> Any:
        def derive(secret: bytes, salt: bytes, **costs: int) -> Any:
            seen.append(costs["memory_cost"])
            return engine(secret, salt, **costs)

        return derive

    for name, engine in list(argon2id.ENGINES.items()):
        monkeypatch.setitem(argon2id.ENGINES, name, counted(engine))
    return seen


@pytest.mark.parametrize("case", ENDS_EARLY)
def test_a_verification_that_ends_early_costs_what_a_stranger_costs(
    ours: list[int], case: str
) -> None:
    stored, typed = ENDS_EARLY[case]
    hasher = PasswordHasher()

    assert not hasher.verify(typed, None).ok
    stranger = list(ours)
    ours.clear()
    assert not hasher.verify(typed, stored).ok

    assert ours == stranger != []


async def test_who_was_imported_is_not_told_by_an_answer_that_comes_early(
    api: Api, ours: list[int]
) -> None:
    await api.users(email="ann@example.com", password_hash=SHA_CRYPT)

    seen = []
    for email in ("nobody@example.com", "ann@example.com"):
        ours.clear()
        answer = await api.login(email, KEYS)
        seen.append((answer.status_code, answer.json()["code"], list(ours)))

    assert seen[0] == seen[1]
    assert len(seen[0][2]) == 1


@pytest.mark.parametrize("status", ["active", "disabled"])
async def test_a_costly_hash_is_computed_whatever_state_the_account_is_in(
    api: Api, monkeypatch: pytest.MonkeyPatch, ours: list[int], status: str
) -> None:
    computed: list[bytes] = []
    monkeypatch.setattr(
        sha_crypt._Stored, "matches", lambda self, secret: computed.append(secret)
    )
    await api.users(email="ann@example.com", password_hash=SHA_CRYPT, status=status)

    assert (await api.login("ann@example.com", "wrong")).status_code == 401

    assert (computed, ours) == ([b"wrong"], [])  # not twice as slow as it must be


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

    async def leaving() -> None:
        await left.wait()

    async def waits() -> None:
        begin(RequestContext(left=leaving))
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


async def test_a_client_that_hangs_up_while_its_hash_waits_is_not_worked_for(
    app: FastAPI, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    work, pool, loop = Work(), runtime.hashing_pool, asyncio.get_running_loop()
    config, state = Config(app, ws="none", log_config=None), ServerState()
    config.load()
    server = await loop.create_server(
        lambda: GuardedProtocol(config, state, {}), LOOPBACK, 0
    )
    busy = [asyncio.ensure_future(pool.run(work, at)) for at in range(pool.threads)]
    await until(lambda: pool.running == pool.threads)
    body = b'{"email": "ann@example.com", "password": "wrong"}'
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: test\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(head % len(body) + body)
    await until(lambda: pool.waiting == 1)

    writer.transport.abort()

    await until(lambda: pool.waiting == 0)
    assert not work.done  # all threads are busy still: its place is free all the same
    work.gate.set()
    await asyncio.gather(*busy)
    await until(lambda: not state.tasks)
    server.close()
    assert "the client has left" in caplog.text
