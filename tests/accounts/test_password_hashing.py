"""Own hashes: Argon2id by two engines, and what verifying never gives away."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from argon2.low_level import core, ffi
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.password_schemes import argon2id
from app.core.password_schemes.argon2id import ENGINES, Argon2id
from app.core.passwords import (
    MAX_LENGTH,
    PasswordHasher,
    PasswordProblem,
    check_password,
    normalise_password,
)

ENGINE_NAMES = ["libsodium", "argon2-cffi"]
OWASP: dict[str, int] = {"memory_cost": 19456, "time_cost": 2, "parallelism": 1}
COMPOSED, DECOMPOSED = "pa\u00dfw\u00f6rter", "pa\u00dfwo\u0308rter"


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    return PasswordHasher()


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, int]]]:
    """The parameters of every digest that is computed."""
    seen: list[dict[str, int]] = []

    def count(engine: Any) -> Any:
        def derive(secret: bytes, salt: bytes, **costs: int) -> Any:
            seen.append(costs)
            return engine(secret, salt, **costs)

        return derive

    for name, engine in list(ENGINES.items()):
        monkeypatch.setitem(argon2id.ENGINES, name, count(engine))
    yield seen


# --- hashing and verifying -----------------------------------------------------------


def test_a_password_verifies_against_its_own_hash_only(hasher: PasswordHasher) -> None:
    hashed = hasher.hash("correct horse battery staple")

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify("correct horse battery staple", hashed).ok
    assert not hasher.verify("correct horse battery stapl", hashed).ok
    assert not hasher.verify("", hashed).ok


def test_two_hashes_of_one_password_differ(hasher: PasswordHasher) -> None:
    assert hasher.hash("correct horse") != hasher.hash("correct horse")


def test_a_current_hash_is_not_replaced(hasher: PasswordHasher) -> None:
    hashed = hasher.hash("correct horse")

    assert hasher.verify("correct horse", hashed).replacement is None


@pytest.mark.parametrize(
    "changed", [{"memory_cost": 20480}, {"time_cost": 3}, {"parallelism": 2}]
)
def test_a_hash_of_other_parameters_is_replaced(
    hasher: PasswordHasher, changed: dict[str, Any]
) -> None:
    newer = PasswordHasher(**changed)

    verification = newer.verify("correct horse", hasher.hash("correct horse"))

    assert verification.ok
    assert verification.replacement is not None
    assert newer.verify("correct horse", verification.replacement).replacement is None


def test_a_wrong_password_brings_no_replacement(hasher: PasswordHasher) -> None:
    hashed = PasswordHasher(time_cost=3).hash("correct horse")

    assert hasher.verify("wrong horse", hashed).replacement is None


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
def test_composed_and_decomposed_letters_are_one_password(
    hasher: PasswordHasher, chosen: str, typed: str
) -> None:
    assert COMPOSED != DECOMPOSED
    assert normalise_password(DECOMPOSED) == COMPOSED
    assert hasher.verify(typed, hasher.hash(chosen)).ok


def test_the_last_character_of_the_longest_password_counts(
    hasher: PasswordHasher,
) -> None:
    longest = "\U0001f511" * MAX_LENGTH

    hashed = hasher.hash(longest)

    assert hasher.verify(longest, hashed).ok
    assert not hasher.verify(longest[:-1], hashed).ok
    assert not hasher.verify(longest[:-1] + "x", hashed).ok


IMPOSSIBLE = ["correct\0horse", "correct \ud800 horse", "x" * (MAX_LENGTH + 1)]
IMPOSSIBLE += ["o\u0308" * (MAX_LENGTH + 1), "x" * 1_000_000]


@pytest.mark.parametrize("password", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_an_impossible_password_is_wrong_and_cannot_be_set(
    hasher: PasswordHasher, password: str
) -> None:
    hashed = hasher.hash("correct")  # what a parser that stops at U+0000 would see

    assert not hasher.verify(password, hashed).ok
    with pytest.raises(ValueError, match="not a possible password"):
        hasher.hash(password)


UNREADABLE = [
    "",
    "!",
    "plaintext",
    "\u00e9\u00e9",
    "$argon2id$",
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
    "$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$argon2id$v=19$m=99999999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$argon2id$v=19$m=19456,t=2,p=1,keyid=AA$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$argon2id$v=19$m=19456,t=2,p=1,data=AA$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$argon2id$v=77$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$2b$12$tooshort",
    "$2x$05$6bNw2HLQYeqHYyBfLMsv/OiwqTymGIGzFsA4hOTWebfehXHNprcAS",
    "A" * 5000,
]


@pytest.mark.parametrize("hashed", UNREADABLE)
def test_an_unreadable_hash_is_never_right_and_never_raises(
    hasher: PasswordHasher, hashed: str
) -> None:
    verification = hasher.verify("correct horse", hashed)

    assert not verification.ok
    assert verification.replacement is None


def test_every_refusal_costs_one_hash_with_our_parameters(
    hasher: PasswordHasher, computed: list[dict[str, int]]
) -> None:
    hashed = hasher.hash("correct horse")
    hasher.verify("wrong horse", hashed)
    cost_of_a_wrong_password = computed[1:]

    for password, stored in [
        ("correct horse", None),
        ("correct horse", "$unknown$"),
        ("correct\0horse", hashed),
    ]:
        computed.clear()
        assert not hasher.verify(password, stored).ok
        assert computed == cost_of_a_wrong_password

    assert cost_of_a_wrong_password == [{**OWASP, "length": 32}]


def test_nothing_matches_the_decoy(hasher: PasswordHasher) -> None:
    for guess in ["", "decoy", "AAAAAAAA"]:
        assert not hasher.verify(guess, None).ok


@pytest.mark.parametrize(
    "parameters",
    [
        {"memory_cost": 19455},
        {"time_cost": 1},
        {"parallelism": 0},
        {"memory_cost": 65536, "time_cost": 1},
        {"memory_cost": (1 << 20) + 1},
        {"time_cost": 1000},
    ],
    ids=str,
)
def test_parameters_outside_the_bounds_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="OWASP|lane|limit"):
        PasswordHasher(**parameters)


# --- the engines ---------------------------------------------------------------------


def test_the_fastest_installed_engine_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(argon2id.ENGINES, "kept-memory", raising=False)  # as built
    assert list(ENGINES) == ENGINE_NAMES
    assert PasswordHasher().engine_name == "libsodium"
    assert PasswordHasher(parallelism=2).engine_name == "argon2-cffi"

    monkeypatch.delitem(argon2id.ENGINES, "libsodium")
    assert PasswordHasher().engine_name == "argon2-cffi"


def test_without_pynacl_the_reference_engine_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)

    assert list(argon2id.installed_engines()) == ["argon2-cffi"]


@pytest.mark.parametrize(("writer", "reader"), [ENGINE_NAMES, ENGINE_NAMES[::-1]])
def test_each_engine_verifies_what_the_other_hashed(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, writer: str, reader: str
) -> None:
    by_name = dict(ENGINES)
    for name in ENGINE_NAMES:
        monkeypatch.setitem(argon2id.ENGINES, name, by_name[writer])
    hashed = hasher.hash("correct horse")

    for name in ENGINE_NAMES:
        monkeypatch.setitem(argon2id.ENGINES, name, by_name[reader])

    assert hasher.verify("correct horse", hashed).ok
    assert not hasher.verify("wrong horse", hashed).ok


@settings(max_examples=40, deadline=None)
@given(
    secret=st.binary(max_size=300),
    salt=st.binary(min_size=16, max_size=16),
    memory_cost=st.integers(8, 300),
    time_cost=st.integers(1, 4),
    length=st.integers(16, 70),
)
def test_the_engines_agree_on_every_input(
    secret: bytes, salt: bytes, memory_cost: int, time_cost: int, length: int
) -> None:
    digests = {
        engine(
            secret,
            salt,
            memory_cost=memory_cost,
            time_cost=time_cost,
            parallelism=1,
            length=length,
        )
        for engine in ENGINES.values()
    }

    assert len(digests) == 1


def test_libsodium_refuses_what_it_cannot_compute() -> None:
    costs = {"memory_cost": 64, "time_cost": 1, "length": 32}

    with pytest.raises(ValueError, match="one lane"):
        ENGINES["libsodium"](b"secret", bytes(16), parallelism=2, **costs)
    with pytest.raises(ValueError, match="16 bytes"):
        ENGINES["libsodium"](b"secret", bytes(8), parallelism=1, **costs)


@pytest.mark.parametrize(
    "vector",
    [  # the reference implementation's own test.c
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"
        "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
        "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ"
        "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ],
)
def test_reference_vectors_verify(hasher: PasswordHasher, vector: str) -> None:
    assert hasher.verify("password", vector).ok
    assert not hasher.verify("passwore", vector).ok


def test_the_library_computes_the_vector_of_rfc_9106_section_5_3() -> None:
    parts = {
        "pwd": b"\1" * 32,
        "salt": b"\2" * 16,
        "secret": b"\3" * 8,
        "ad": b"\4" * 12,
    }
    kept = {name: ffi.new("uint8_t[]", value) for name, value in parts.items()}
    out = ffi.new("uint8_t[]", 32)
    context = ffi.new("argon2_context *", {"out": out, "outlen": 32, **kept})
    for name, value in parts.items():
        setattr(context, f"{name}len", len(value))
    context.t_cost, context.m_cost, context.lanes, context.threads = 3, 32, 4, 4
    context.version, context.allocate_cbk, context.free_cbk = 0x13, ffi.NULL, ffi.NULL

    assert core(context, 2) == 0

    assert bytes(ffi.buffer(out, 32)).hex() == (
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_an_engine_frees_the_interpreter_while_it_computes(name: str) -> None:
    costs = {"memory_cost": 65536, "time_cost": 12, "parallelism": 1, "length": 32}
    thread = threading.Thread(
        target=ENGINES[name], args=(b"secret", bytes(16)), kwargs=costs
    )

    thread.start()
    turns = 0
    while thread.is_alive():
        time.sleep(0.001)  # coming back needs the lock
        turns += 1

    assert turns >= 10


def test_a_hash_without_a_digest_is_refused_by_the_handler_itself() -> None:
    with pytest.raises(ValueError, match="without a digest"):
        Argon2id.verify("x", "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA")


# --- which passwords are acceptable --------------------------------------------------


CONTEXT = ["Auth Serve", "Ada.Lovelace@Example.com", ""]


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("seven77", PasswordProblem.TOO_SHORT),
        ("", PasswordProblem.TOO_SHORT),
        ("o\u0308" * 7, PasswordProblem.TOO_SHORT),
        ("x" * 1025, PasswordProblem.TOO_LONG),
        ("x" * 1_000_000, PasswordProblem.TOO_LONG),
        ("Password", PasswordProblem.TOO_COMMON),
        ("auth serve", PasswordProblem.CONTAINS_CONTEXT),
        ("AUTH SERVE 2026!", PasswordProblem.CONTAINS_CONTEXT),
        ("ada.lovelace", PasswordProblem.CONTAINS_CONTEXT),
        ("Ada.Lovelace1815", PasswordProblem.CONTAINS_CONTEXT),
        ("ada.lovelace@example.com", PasswordProblem.CONTAINS_CONTEXT),
        ("ada.lovelace@example.com!!", PasswordProblem.CONTAINS_CONTEXT),
    ],
)
def test_a_bad_password_is_refused_by_name(
    password: str, problem: PasswordProblem
) -> None:
    assert check_password(password, context=CONTEXT) is problem


@pytest.mark.parametrize(
    "password",
    [
        "eight8ch",
        "correct horse battery staple",
        "        .",
        "\u044f\u043b\u044e\u0431\u043b\u044e\u0447\u0430\u0439",
        "x" * 1024,
        "o\u0308" * 1024,
        "83729283746152",
        "ada.lovelace was here first",
        "my auth serve password",
    ],
)
def test_any_other_password_is_accepted_whatever_it_is_made_of(password: str) -> None:
    assert check_password(password, context=CONTEXT) is None
