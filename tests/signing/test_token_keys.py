"""Signing keys in a token, from the first start to the way back (ADR-0093)."""

import json
import threading
from typing import Any

import pytest
from jwt import PyJWK, decode, get_unverified_header
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.circuit_breaker import CircuitOpen
from app.core.exceptions import Unavailable
from app.core.signing import pkcs11
from app.core.signing.pkcs11 import Pkcs11Token
from app.core.signing.signer import SigningUnavailable
from app.models import SigningKey
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService, seal_context
from app.services.server.startup import StartRefused, start
from tests.signing.softhsm import PIN, SoftHsm, with_softhsm
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
pytestmark = with_softhsm
DAY = 86_400


def in_token(make_runtime: Make, hsm: SoftHsm, **changed: Any) -> Runtime:
    """Return a process whose keys are made in a token; access tokens alone."""
    store = changed.pop("key_store", "pkcs11")
    token = {"key_store": store, "algorithm": "ES256"}
    oauth = {"id_token_algorithms": changed.pop("algorithms", ["RS256"])}
    pin = hsm.settings | changed
    return make_runtime(pkcs11=pin, token=token, oauth=oauth)


async def signed(runtime: Runtime, algorithm: str) -> str:
    """Return a token of the moment."""
    now = runtime.clock.now()
    claims = {"iss": "us", "exp": int(now.timestamp()) + 300}
    return await runtime.signed.sign(claims, algorithm=algorithm, typ="JWT", now=now)


def is_verified(runtime: Runtime, token: str) -> bool:
    """Tell whether another library verifies a token by what is published."""
    header = get_unverified_header(token)
    keys = {each["kid"]: each for each in json.loads(runtime.ring.jwks)["keys"]}
    if header["kid"] not in keys:
        return False
    key = PyJWK(keys[header["kid"]])
    claims = decode(
        token, key, algorithms=[header["alg"]], options={"verify_exp": False}
    )
    return bool(claims["iss"] == "us")


async def rows(runtime: Runtime) -> list[SigningKey]:
    async with runtime.unit_of_work(read_only=True) as uow:
        return list((await uow.db.scalars(select(SigningKey))).all())


async def rotate(runtime: Runtime, algorithm: str, store: str) -> None:
    await SigningKeyService(runtime).rotate(algorithm, store=store)
    await SigningKeyService(runtime).load()


async def test_each_algorithm_is_signed_in_the_token_and_no_private_half_leaves_it(
    make_runtime: Make, hsm: SoftHsm
) -> None:
    every = ["RS256", "ES256", "PS256", "EdDSA"]
    runtime = in_token(make_runtime, hsm, algorithms=every)

    await start(runtime, serving=True)
    tokens = [await signed(runtime, name) for name in every]

    assert all(is_verified(runtime, token) for token in tokens)
    stored = await rows(runtime)
    assert [row.store for row in stored] == ["pkcs11"] * 4
    for row in stored:
        context = seal_context(row.kid)
        sealed = json.loads(runtime.secret_key.unseal(row.private_key, context))
        assert sealed.items() <= row.public_jwk.items()
    for key in hsm.private_keys():
        assert key == {
            "SENSITIVE": True,
            "EXTRACTABLE": False,
            "NEVER_EXTRACTABLE": True,
            "SIGN": True,
            "DECRYPT": False,
        }


async def test_a_key_moves_into_a_token_and_back_and_each_token_stays_good(
    make_runtime: Make, hsm: SoftHsm, clock: FakeClock
) -> None:
    runtime = in_token(make_runtime, hsm, key_store="database")
    await start(runtime, serving=True)
    tokens = [await signed(runtime, "ES256")]

    for store in ("pkcs11", "database"):
        await rotate(runtime, "ES256", store)
        tokens.append(await signed(runtime, "ES256"))  # announced: the old one signs
        clock.advance(seconds=DAY)
        tokens.append(await signed(runtime, "ES256"))
        assert runtime.ring.signing("ES256", clock.now()).store == store
        assert all(is_verified(runtime, each) for each in tokens[-3:])

    service = SigningKeyService(runtime)
    held = len(hsm.private_keys())
    clock.advance(seconds=service.grace.total_seconds() + 1)
    await service.clean()
    await service.load()

    assert (held, hsm.private_keys()) == (1, [])
    assert not is_verified(runtime, tokens[2])
    assert is_verified(runtime, tokens[-1])


async def test_a_token_that_is_gone_is_told_and_left_alone_and_found_again(
    make_runtime: Make, hsm: SoftHsm, clock: FakeClock
) -> None:
    runtime = in_token(make_runtime, hsm)
    await start(runtime, serving=True)
    before = await signed(runtime, "ES256")

    hsm.unplug()
    for _ in range(3):
        with pytest.raises(SigningUnavailable, match="does not work") as lost:
            await signed(runtime, "ES256")
        assert lost.value.headers == {"Retry-After": "5"}
    with pytest.raises(CircuitOpen) as left_alone:
        await signed(runtime, "ES256")
    hsm.plug()
    with pytest.raises(Unavailable):
        await signed(runtime, "ES256")
    clock.advance(seconds=5)
    after = await signed(runtime, "ES256")

    assert left_alone.value.headers == {"Retry-After": "5"}
    assert is_verified(runtime, before) and is_verified(runtime, after)


async def test_sessions_that_somebody_else_ended_are_opened_again_unnoticed(
    make_runtime: Make, hsm: SoftHsm
) -> None:
    one, other = in_token(make_runtime, hsm), in_token(make_runtime, hsm)
    await start(one, serving=True)
    await start(other, serving=True)

    hsm.end_sessions()
    tokens = [await signed(each, "ES256") for each in (one, other, one, other)]

    assert all(is_verified(one, each) for each in tokens)


async def test_a_key_of_another_program_is_never_destroyed(
    make_runtime: Make, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes the database may say that it is ours and at its end."""
    runtime = in_token(make_runtime, hsm)
    await start(runtime, serving=True)
    store = runtime.key_stores["pkcs11"]
    monkeypatch.setattr(pkcs11, "label_of", lambda *_: "root of a CA")
    foreign = await store.make("ES256")
    monkeypatch.undo()
    ours = await store.make("ES256")
    held = len(hsm.private_keys())

    for made in (foreign, ours):
        assert made.reference
        await store.destroy(made.reference)

    assert len(hsm.private_keys()) == held - 1
    await store.signer(foreign.key, "ES256", foreign.reference).check()


@pytest.mark.parametrize(("where", "left"), [("before", 0), ("while committing", 1)])
async def test_keys_of_a_rotation_that_came_to_nothing_are_destroyed_once_that_is_known(
    make_runtime: Make,
    hsm: SoftHsm,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    left: int,
) -> None:
    """Where the answer to a commit was lost, the key may be the one that signs next."""
    runtime = in_token(make_runtime, hsm)
    await start(runtime, serving=True)
    held = len(hsm.private_keys())

    async def lost(*_: Any) -> None:
        raise OSError

    if where == "before":
        monkeypatch.setattr(SigningKeyService, "_set_ends", lost)
    else:
        monkeypatch.setattr(AsyncSession, "commit", lost)
    with pytest.raises(OSError):
        await SigningKeyService(runtime).rotate("ES256")
    monkeypatch.undo()

    assert len(hsm.private_keys()) == held + left
    assert is_verified(runtime, await signed(runtime, "ES256"))


async def test_a_token_that_hangs_holds_up_nobody_else(
    make_runtime: Make, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = in_token(make_runtime, hsm, threads=1)
    await start(runtime, serving=True)
    monkeypatch.setattr(runtime.key_stores["pkcs11"], "_timeout", 0.01)
    is_over = threading.Event()
    monkeypatch.setattr(Pkcs11Token, "sign", lambda *_: is_over.wait(10) and b"")

    with pytest.raises(SigningUnavailable, match="took longer"):
        await signed(runtime, "ES256")
    is_over.set()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"module": "/nowhere.so"}, "AUTH_SERVE_PKCS11__MODULE, /nowhere.so, cannot"),
        ({"token": "other"}, "no PKCS#11 token with the label other"),
        ({"pin": "0000"}, "the PIN is wrong; set AUTH_SERVE_PKCS11__PIN"),
    ],
)
async def test_a_start_without_what_signs_is_refused_and_says_what_to_do(
    make_runtime: Make, hsm: SoftHsm, changed: dict[str, str], expected: str
) -> None:
    runtime = in_token(make_runtime, hsm, **changed)

    with pytest.raises(StartRefused) as refused:
        await start(runtime, serving=True)

    assert expected in str(refused.value)
    assert changed.get("pin", PIN) not in str(refused.value)


async def test_a_wrong_pin_is_tried_once_and_a_locked_token_never(
    make_runtime: Make, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = in_token(make_runtime, hsm, pin="0000")
    store = runtime.key_stores["pkcs11"]
    tried: list[int] = []
    log_in = Pkcs11Token._log_in

    def counted(self: Pkcs11Token) -> None:
        tried.append(1)
        log_in(self)

    monkeypatch.setattr(Pkcs11Token, "_log_in", counted)
    for _ in range(4):
        with pytest.raises(Unavailable):
            await store.check()

    assert len(tried) == 1


async def test_a_process_that_was_told_of_no_token_verifies_and_does_not_start(
    make_runtime: Make, hsm: SoftHsm
) -> None:
    runtime = in_token(make_runtime, hsm)
    await start(runtime, serving=True)
    token = await signed(runtime, "ES256")
    other = make_runtime(oauth={"id_token_algorithms": ["RS256"]})

    with pytest.raises(StartRefused, match="lives in pkcs11"):
        await start(other, serving=True)

    assert is_verified(other, token)
    await start(other)  # a command signs nothing
