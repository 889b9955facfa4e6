"""The engine that keeps its memory: over the wheel's C core, and as built if it is."""

import logging
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
from argon2.low_level import core, ffi

from app.core.hashing_pool import HashingPool
from app.core.password_schemes import engines, kept_memory
from app.core.password_schemes.engines import Kept, installed_engines
from app.core.password_schemes.kept_memory import MODULE, KeptMemory
from app.services.server import startup
from tools.build_argon2 import levels, pinned

OTHERS = installed_engines()
COSTS = {"memory_cost": 64, "time_cost": 2, "parallelism": 1, "length": 32}
SALT = bytes(range(16))


def _derive(digest: Any, length: int, *given: Any) -> int:
    """Do what ``tools/argon2_engine.c`` does, with the same C core."""
    secret, secret_length, salt, salt_length, memory_cost, passes, memory, size = given
    kept = ffi.new("uint8_t[]", secret), ffi.new("uint8_t[]", salt)

    # cffi has no types: both become functions of C.
    @ffi.callback("int(uint8_t **, size_t)")  # type: ignore[untyped-decorator]
    def borrow(place: Any, wanted: int) -> int:
        place[0] = memory if wanted <= size else ffi.NULL
        return 0

    @ffi.callback("void(uint8_t *, size_t)")  # type: ignore[untyped-decorator]
    def give_back(_memory: Any, _size: int) -> None: ...

    context = ffi.new("argon2_context *", {"out": digest, "outlen": length})
    context.pwd, context.pwdlen = kept[0], secret_length
    context.salt, context.saltlen = kept[1], salt_length
    context.m_cost, context.t_cost, context.version = memory_cost, passes, 0x13
    context.lanes = context.threads = 1
    context.allocate_cbk, context.free_cbk = borrow, give_back
    return int(core(context, 2))


def wheel(level: int = 3, derive: Callable[..., int] = _derive) -> Any:
    """Return a module like the one that is built."""
    lib = SimpleNamespace(level=lambda: level, derive=derive)
    return SimpleNamespace(ffi=ffi, lib=lib)


@pytest.fixture(params=["wheel", "built"] if find_spec(MODULE) else ["wheel"])
def engine(request: pytest.FixtureRequest) -> KeptMemory:
    if request.param == "wheel":
        return KeptMemory(wheel())
    built = KeptMemory.built()
    assert built is not None
    return built


def kept(engine: KeptMemory) -> Any:
    """Return what this thread keeps."""
    return getattr(engine._kept, "memory", None)


@pytest.mark.parametrize("secret", [b"", b"violet harbour", "h\u00e4".encode() * 500])
@pytest.mark.parametrize("salt", [SALT, bytes(8), bytes(40)])
def test_it_computes_what_others_compute(
    engine: KeptMemory, secret: bytes, salt: bytes
) -> None:
    expected = OTHERS["argon2-cffi"](secret, salt, **COSTS)

    assert engine(secret, salt, **COSTS) == expected
    assert engine(secret, salt, **COSTS) == expected


def test_the_same_memory_is_used_again_and_holds_nothing(engine: KeptMemory) -> None:
    engine(b"violet harbour", SALT, **COSTS)
    first = kept(engine)

    assert first[:] == bytes(64 * 1024)
    engine(b"another", SALT, **COSTS)
    assert kept(engine) is first
    assert first[:] == bytes(64 * 1024)


def test_no_more_is_kept_than_the_last_hash_needed(engine: KeptMemory) -> None:
    engine(b"imported, and costly", SALT, **COSTS | {"memory_cost": 1024})
    engine(b"violet harbour", SALT, **COSTS)

    assert len(kept(engine)) == 64 * 1024


def test_each_thread_has_memory_of_its_own(engine: KeptMemory) -> None:
    seen: list[Any] = []

    def work() -> None:
        for _ in range(20):
            digest = engine(b"violet harbour", SALT, **COSTS)
        seen.append((digest, kept(engine)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    expected = OTHERS["libsodium"](b"violet harbour", SALT, **COSTS)
    assert {digest for digest, _ in seen} == {expected}
    assert len({id(memory) for _, memory in seen}) == 4


@pytest.mark.parametrize(
    ("salt", "changed"),
    [(SALT, {"parallelism": 2}), (b"short", {}), (SALT, {"memory_cost": 1})],
    ids=["lanes", "salt", "memory"],
)
def test_what_is_no_argon2id_of_one_lane_is_refused(
    engine: KeptMemory, salt: bytes, changed: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match="lane|refused"):
        engine(b"secret", salt, **COSTS | changed)


async def test_a_thread_that_rests_keeps_nothing(
    engine: KeptMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.hashing_pool._REST_AFTER", 0.01)
    rested = threading.Event()
    left: list[Any] = []

    def rest() -> None:
        left.append(kept(engine))
        engine.release()
        left.append(kept(engine))
        rested.set()

    pool = HashingPool(1, rest=rest)
    digest = await pool.run(engine, b"secret", SALT, **COSTS)
    assert rested.wait(30)
    again = await pool.run(engine, b"secret", SALT, **COSTS)
    pool.close()

    assert (len(left[0]), left[1]) == (64 * 1024, None)
    assert digest == again


# --- when it is used -----------------------------------------------------------------


def test_it_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, None)
    monkeypatch.delitem(engines.ENGINES, "kept-memory", raising=False)

    assert Kept.found(OTHERS) == Kept(None)
    assert engines.engine_for(1) == "libsodium"


def test_it_comes_first_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, wheel())
    found = Kept.found(OTHERS)
    monkeypatch.setitem(engines.ENGINES, "kept-memory", found.engine)

    assert found.problem is None
    assert engines.engine_for(1) == engines.engine_for(1, 8) == "kept-memory"
    assert engines.engine_for(2) == "argon2-cffi"


def test_a_processor_without_avx2_leaves_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, MODULE, wheel(level=1))

    assert Kept.found(OTHERS) == Kept(None)


def _wrong(digest: Any, length: int, *given: Any) -> int:
    failed = _derive(digest, length, *given)
    digest[0] ^= 1
    return failed


@pytest.mark.parametrize("derive", [_wrong, lambda *_: -22], ids=["wrong", "refuses"])
def test_one_that_computes_otherwise_is_not_used_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    derive: Callable[..., int],
) -> None:
    monkeypatch.setitem(sys.modules, MODULE, wheel(derive=derive))

    found = Kept.found(OTHERS)
    monkeypatch.setattr(startup, "KEPT", found)
    with caplog.at_level(logging.WARNING):
        startup.tell_of_hashing()

    assert found.engine is None
    assert caplog.messages == [f"{MODULE} computes other digests: build it anew"]


def test_one_for_another_system_is_not_used_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_name: str) -> Any:
        raise ImportError("wrong ELF class")

    monkeypatch.setattr(kept_memory, "import_module", refuse)

    assert Kept.found(OTHERS).problem == f"{MODULE} cannot be loaded: wrong ELF class"


# --- how it is built -----------------------------------------------------------------


def test_the_source_is_the_one_that_is_locked() -> None:
    lock = "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via c\nb==2\n"

    assert pinned("a", lock).splitlines()[1:] == lock.splitlines()[1:3]
    with pytest.raises(ValueError, match="not locked"):
        pinned("c", lock)


@pytest.mark.parametrize(
    ("machine", "names"), [("x86_64", {"v1", "v3", "v4"}), ("aarch64", {"v1"})]
)
def test_each_level_of_the_processor_has_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, machine: str, names: set[str]
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert set(levels()) == names
