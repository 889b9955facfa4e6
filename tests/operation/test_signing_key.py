"""Keys that sign tokens: several algorithms, and what making a key may hold up."""

import asyncio
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.core import jose
from app.core.exceptions import Unprocessable
from app.models import SigningKey
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
HOUR, DAY = 3_600, 86_400
ALL = ("RS256", "ES256", "PS256", "EdDSA")


async def published(runtime: Runtime) -> list[SigningKey]:
    async with runtime.unit_of_work(read_only=True) as uow:
        return list(await SigningKeyService(runtime).list_published(uow))


async def ensure(runtime: Runtime) -> list[str]:
    """Do what start and worker do; return the published algorithms."""
    await SigningKeyService(runtime).ensure()
    return sorted(key.algorithm for key in await published(runtime))


def with_algorithm(make_runtime: Make, name: str) -> Runtime:
    """Return a process that signs with this algorithm, and RS256 as all do."""
    return make_runtime(
        token={"algorithm": name}, oauth={"id_token_algorithms": ["RS256"]}
    )


def signed(runtime: Runtime, algorithm: str) -> str:
    """Return what any token is to its key, signed now."""
    now = runtime.clock.now()
    key = runtime.ring.signing(algorithm, now)
    claims = {"iss": "us", "exp": int(now.timestamp()) + HOUR}
    return jose.sign(claims, key.key, kid=key.kid, algorithm=algorithm, typ="JWT")


def key_of(token: str) -> str:
    kid: str = jose.unverified_header(token)["kid"]
    return kid


def verified(runtime: Runtime, token: str) -> bool:
    """Tell whether the key of a token is published, and signed it."""
    key = runtime.ring.by_kid(key_of(token), runtime.clock.now())
    if key is None:
        return False
    jose.verify_ours(token, key, typ="JWT", issuer="us")
    return True


async def test_the_keys_of_an_algorithm_end_after_another_one_took_over(
    make_runtime: Make, clock: FakeClock
) -> None:
    old = with_algorithm(make_runtime, "ES256")
    await ensure(old)
    signed = old.ring.signing("ES256", clock.now()).kid
    new = with_algorithm(make_runtime, "RS256")

    both = await ensure(new)
    clock.advance(seconds=DAY)
    still = new.ring.by_kid(signed, clock.now())  # its last token lives
    clock.advance(seconds=SigningKeyService(new).grace.total_seconds())
    left = await ensure(new)

    assert both == ["ES256", "RS256"] and still is not None
    assert left == ["RS256"]
    assert new.ring.by_kid(signed, clock.now()) is None
    assert new.ring.signing("RS256", clock.now())


async def test_both_algorithms_work_while_processes_are_replaced_one_by_one(
    make_runtime: Make, clock: FakeClock
) -> None:
    old, new = (with_algorithm(make_runtime, name) for name in ("ES256", "PS256"))
    for _ in range(6):
        for runtime in (old, new):
            assert "ES256" in await ensure(runtime)
        clock.advance(seconds=DAY // 2)

    assert old.ring.signing("ES256", clock.now()).expires_at is None
    assert len(await published(new)) == 3  # they do not outbid each other


@pytest.mark.parametrize("days", [0, 3])
async def test_an_algorithm_that_is_chosen_again_goes_on_without_an_end(
    make_runtime: Make, clock: FakeClock, days: int
) -> None:
    first, other = (with_algorithm(make_runtime, name) for name in ("ES256", "RS256"))
    await ensure(first)
    await ensure(other)
    clock.advance(days=days)

    for _ in range(2):
        await ensure(first)
        clock.advance(days=2)

    [key] = [key for key in await published(first) if key.algorithm == "ES256"]
    assert key.expires_at is None
    assert first.ring.signing("ES256", clock.now()).kid == key.kid


@pytest.mark.parametrize("way", ["ensure", "rotate"])
async def test_nobody_waits_while_a_key_is_generated(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    runtime = with_algorithm(make_runtime, "RS256")
    other = make_runtime(database={"statement_timeout": 1})
    loop, written = asyncio.get_running_loop(), asyncio.Event()
    generate = jose.generate_key

    def slow(algorithm: str) -> Any:
        # Deadlocks if this thread is the loop's, or a transaction is open.
        asyncio.run_coroutine_threadsafe(_write(other, written), loop).result(10)
        return generate(algorithm)

    monkeypatch.setattr(jose, "generate_key", slow)
    if way == "ensure":
        await SigningKeyService(runtime).ensure()
    else:
        await SigningKeyService(runtime).rotate()

    assert written.is_set()
    assert len(await published(runtime)) == 1


async def _write(runtime: Runtime, written: asyncio.Event) -> None:
    async with runtime.unit_of_work() as uow:
        await uow.signing_keys.delete_expired(runtime.clock.now())
    assert "Current Checked out connections: 0" in runtime.database.engine.pool.status()
    written.set()


async def test_several_processes_at_once_make_one_key_per_algorithm(
    make_runtime: Make,
) -> None:
    several = [make_runtime() for _ in range(4)]

    await asyncio.gather(*(SigningKeyService(each).ensure() for each in several))

    keys = await published(several[0])
    assert sorted(key.algorithm for key in keys) == sorted(ALL)
    assert all(
        each.ring.signing(key.algorithm, each.clock.now()).kid == key.kid
        for each in several
        for key in keys
    )


async def test_the_first_start_makes_a_key_per_algorithm_and_all_sign_at_once(
    make_runtime: Make, clock: FakeClock
) -> None:
    one, other = make_runtime(), make_runtime()
    await ensure(one)
    await SigningKeyService(other).load()  # what the database gives, not what was made

    published_keys = {key["alg"]: key for key in json.loads(other.ring.jwks)["keys"]}
    tokens = {name: signed(one, name) for name in ALL}

    assert sorted(published_keys) == sorted(ALL)
    assert {(k["kty"], k.get("crv"), k["use"]) for k in published_keys.values()} == {
        ("RSA", None, "sig"),
        ("EC", "P-256", "sig"),
        ("OKP", "Ed25519", "sig"),
    }
    private = {"d", "p", "q", "dp", "dq", "qi"}
    assert not any(private & set(key) for key in published_keys.values())
    for name, token in tokens.items():
        assert verified(other, token), name
        jwks = {"keys": [published_keys[name]]}  # as clients verify
        assert jose.verify_with_jwks(token, jwks, types=["jwt"])["iss"] == "us", name


async def test_first_keys_are_generated_at_the_same_time(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, generate = threading.Barrier(len(ALL)), jose.generate_key

    def meet(algorithm: str) -> Any:
        together.wait(10)  # broken unless all of them are under way
        return generate(algorithm)

    monkeypatch.setattr(jose, "generate_key", meet)

    assert await ensure(make_runtime()) == sorted(ALL)


async def test_the_database_of_a_release_with_one_algorithm_gains_the_others(
    make_runtime: Make, clock: FakeClock
) -> None:
    before = make_runtime()
    await ensure(before)
    [old] = [key for key in await published(before) if key.algorithm == "ES256"]
    async with before.unit_of_work() as uow:
        await uow.db.execute(delete(SigningKey).where(SigningKey.kid != old.kid))

    after = make_runtime()
    algorithms = await ensure(after)

    assert algorithms == sorted(ALL)
    assert after.ring.signing("ES256", clock.now()).kid == old.kid
    assert all(verified(after, signed(after, name)) for name in ALL)


async def test_a_process_that_knows_one_algorithm_ends_no_key_of_the_others(
    make_runtime: Make, clock: FakeClock
) -> None:
    """ADR-0011: releases stand side by side while one replaces the other."""
    runtime = make_runtime()
    await ensure(runtime)
    kids = {name: runtime.ring.signing(name, clock.now()).kid for name in ALL}

    for _ in range(8):
        await _as_the_previous_release(runtime, "ES256")
        clock.advance(seconds=DAY // 2)
        assert await ensure(runtime) == sorted(ALL)

    assert {n: runtime.ring.signing(n, clock.now()).kid for n in ALL} == kids
    assert [key.expires_at for key in await published(runtime)] == [None] * len(ALL)


async def test_a_key_that_the_previous_release_replaced_outlives_its_id_tokens(
    make_runtime: Make, clock: FakeClock
) -> None:
    runtime = make_runtime(oauth={"id_token_ttl": DAY})
    await ensure(runtime)
    first = runtime.ring.signing("ES256", clock.now()).kid
    await SigningKeyService(runtime).rotate("ES256")
    short = clock.now() + timedelta(seconds=DAY, minutes=10)
    async with runtime.unit_of_work() as uow:
        await uow.signing_keys.set_end([first], short)

    await ensure(runtime)

    loaded = runtime.ring.by_kid(first, clock.now())
    assert loaded is not None
    assert loaded.expires_at == clock.now() + timedelta(seconds=2 * DAY, minutes=5)


async def test_keys_that_were_ended_for_good_are_made_anew(
    make_runtime: Make, clock: FakeClock
) -> None:
    """The way back to the previous release, and forth again."""
    runtime = make_runtime()
    await ensure(runtime)
    kids = {name: runtime.ring.signing(name, clock.now()).kid for name in ALL}
    await _as_the_previous_release(runtime, "ES256")
    clock.advance(seconds=2 * DAY)

    again = make_runtime()
    assert await ensure(again) == sorted(ALL)

    kept = [n for n in ALL if again.ring.signing(n, clock.now()).kid == kids[n]]
    assert kept == ["ES256"]
    assert all(verified(again, signed(again, name)) for name in ALL)


async def _as_the_previous_release(runtime: Runtime, own: str) -> None:
    """Do at the database what its ``ensure`` does to the keys of other algorithms."""
    end = runtime.clock.now() + timedelta(seconds=DAY, minutes=10)
    others = (SigningKey.algorithm != own) & SigningKey.expires_at.is_(None)
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(SigningKey).where(others).values(expires_at=end))


@pytest.mark.parametrize("algorithm", [None, "EdDSA"])
async def test_all_algorithms_are_rotated_or_the_one_that_is_named(
    make_runtime: Make, clock: FakeClock, algorithm: str | None
) -> None:
    runtime = make_runtime()
    await ensure(runtime)
    before = {name: runtime.ring.signing(name, clock.now()).kid for name in ALL}

    await SigningKeyService(runtime).rotate(algorithm)
    await ensure(runtime)
    announced = {name: runtime.ring.signing(name, clock.now()).kid for name in ALL}
    clock.advance(seconds=DAY)
    after = {name: runtime.ring.signing(name, clock.now()).kid for name in ALL}

    assert announced == before
    changed = {name for name in ALL if after[name] != before[name]}
    assert changed == ({algorithm} if algorithm else set(ALL))


async def test_an_algorithm_that_nothing_is_signed_with_is_not_rotated(
    make_runtime: Make,
) -> None:
    runtime = with_algorithm(make_runtime, "ES256")
    await ensure(runtime)

    for name in ("EdDSA", "HS256", "none", "es256", ""):
        with pytest.raises(Unprocessable) as refusal:
            await SigningKeyService(runtime).rotate(name)
        assert refusal.value.errors[0]["field"] == "algorithm"

    assert len(await published(runtime)) == 2


async def test_every_process_publishes_the_same_keys_in_the_same_order(
    make_runtime: Make,
) -> None:
    one, other = make_runtime(), make_runtime()
    await ensure(one)
    await SigningKeyService(one).rotate("RS256")
    await ensure(one)

    jwks = one.ring.jwks
    for _ in range(2):
        await ensure(other)
        assert (other.ring.jwks, other.ring.etag) == (jwks, one.ring.etag)

    assert len(json.loads(jwks)["keys"]) == 5


async def test_a_key_that_is_known_is_not_parsed_again(
    make_runtime: Make, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_runtime()
    await ensure(runtime)
    held = {name: runtime.ring.signing(name, clock.now()) for name in ALL}
    monkeypatch.setattr(jose, "import_own_key", None)

    await _as_the_previous_release(runtime, "ES256")
    await SigningKeyService(runtime).load()
    ended = {name: runtime.ring.signing(name, clock.now()) for name in ALL}
    await ensure(runtime)

    assert ended["ES256"] is held["ES256"]
    assert ended["RS256"].expires_at is not None  # read anew, with the same key object
    assert all(ended[name].key is held[name].key for name in ALL)


async def test_t191_no_token_fails_while_two_processes_rotate(
    make_runtime: Make, clock: FakeClock
) -> None:
    """A key is published until its last token is dead, and not a day longer."""
    settings = {"key_ttl": DAY, "key_announce_ttl": 3 * HOUR + HOUR // 2}
    several = [make_runtime(token=settings) for _ in range(2)]
    for each in several:
        await ensure(each)
    first = [signed(several[0], name) for name in ALL]
    clock.advance(seconds=HOUR // 2)  # so that keys change while tokens live

    for hour in range(27):
        await ensure(several[hour % 2])  # the other one learns of it an hour later
        tokens = [signed(each, name) for each in several for name in ALL]
        clock.advance(seconds=HOUR - 1)
        assert all(verified(each, token) for each in several for token in tokens)
        clock.advance(seconds=1)

    assert not any(verified(each, token) for each in several for token in first)
    assert {key_of(token) for token in first}.isdisjoint(map(key_of, tokens))
