"""Traps of the libraries that hash and sign, each sprung on purpose."""

import ast
import threading
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest
from joserfc import jws

from app.core import jose
from app.core.passwords import PasswordHasher
from app.services.server.runtime import Runtime
from tests.architecture.source import modules
from tests.security.forgery import forge, genuine, present, unsigned
from tests.support.api import PASSWORD, Api

NEW = "a brand new password"


def imported(*packages: str) -> dict[str, set[str]]:
    """Return which names of these packages each module of the application imports."""
    found: dict[str, set[str]] = {}
    for path, tree in modules().items():
        names = {name for name in _imports(tree) if name.split(".")[0] in packages}
        if names:
            found[path] = names
    return found


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


async def test_trap_06_no_password_is_hashed_on_the_event_loop(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, person = await api.admin(), await api.person()
    await api.post("/auth/forgot-password", {"email": person.email})
    reset = (await api.mailed("reset_password")).token
    await api.post("/users", {"email": "guest@example.com"}, admin)
    invited = (await api.mailed("invitation")).token
    threads: list[str] = []
    for name in ("hash", "verify"):
        real = getattr(runtime.hasher, name)

        def watched(*args: Any, real: Any = real) -> Any:
            threads.append(threading.current_thread().name)
            return real(*args)

        monkeypatch.setattr(runtime.hasher, name, watched)
    accept = {"email": "guest@example.com", "password": NEW, "invitation": invited}
    change = {"current_password": PASSWORD, "new_password": NEW}
    steps: list[tuple[str, dict[str, Any], Any]] = [
        ("/auth/login", {"email": person.email, "password": PASSWORD}, None),
        ("/auth/login", {"email": "nobody@example.com", "password": NEW}, None),
        ("/auth/register", {"email": "b@example.com", "password": NEW}, None),
        ("/auth/register", accept, None),
        ("/users", {"email": "c@example.com", "password": NEW}, admin),
        ("/auth/reset-password", {"token": reset, "new_password": PASSWORD}, None),
    ]

    hashed = {}
    for number, (path, body, caller) in enumerate(steps):
        before = len(threads)
        await api.post(path, body, caller)
        hashed[number, path] = len(threads) - before
    await api.post("/auth/change-password", change, await api.signed_in(person))

    assert all(hashed.values()), hashed  # an unknown user costs a hash as well
    assert {name.partition("_")[0] for name in threads} == {"hashing"}


def test_trap_24_only_the_port_knows_the_hashing_libraries() -> None:
    users = imported("passlib", "libpass", "bcrypt", "argon2", "nacl", "crypt")

    assert "app/core/passwords.py" in users
    outside = {
        path
        for path in users
        if path != "app/core/passwords.py"
        and not path.startswith("app/core/password_schemes/")
    }
    assert outside == set()
    assert imported("crypt") == {}  # gone in Python 3.13


@pytest.mark.parametrize("length", [72, 73, 200, 1_000])
def test_trap_24_a_long_password_is_an_answer_although_bcrypt_refuses_it(
    length: int,
) -> None:
    hasher, stored = PasswordHasher(), bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))
    if length > 72:  # what the library itself does since 5.0
        with pytest.raises(ValueError):
            bcrypt.checkpw(b"x" * length, stored)

    right = hasher.verify("x" * length, stored.decode())
    wrong = hasher.verify("y" * length, stored.decode())

    assert (right.ok, wrong.ok) == (True, False)


def test_trap_25_only_one_module_works_with_the_token_library() -> None:
    users = imported("joserfc", "jwt", "jose", "authlib")

    users.pop("app/core/jose.py")
    assert {name for names in users.values() for name in names} <= {"joserfc.jwk.Key"}


class _Accepted:
    """What the library returns for a token of which it would believe everything."""

    def __init__(self, token: bytes) -> None:
        self._compact = jws.extract_compact(token)
        self.payload = self._compact.payload

    def headers(self) -> dict[str, Any]:
        """Return the protected header."""
        found: dict[str, Any] = self._compact.headers()
        return found


async def test_trap_25_a_library_that_believes_everything_is_not_enough(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, claims = genuine(await api.person())
    monkeypatch.setattr(
        jws, "deserialize_compact", lambda token, *_a, **_k: _Accepted(token)
    )
    now = int(runtime.clock.now().timestamp())
    wrong: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "typ": ({"typ": "JWT"}, {}),
        "crit": ({"crit": ["b64"]}, {}),
        "kid": ({"kid": "other"}, {}),
        "iss": ({}, {"iss": claims["iss"] + "/"}),
        "aud": ({}, {"aud": [claims["aud"]]}),
        "exp": ({}, {"exp": now}),
        "exp of text": ({}, {"exp": f"{now + 60}"}),
        "iat": ({}, {"iat": None}),
        "nbf": ({}, {"nbf": now + 1}),
        "sub": ({}, {"sub": None}),
        "sid": ({}, {"sid": "x"}),
        "size": ({}, {"x": "y" * jose.MAX_TOKEN_LENGTH}),
    }
    tokens = {
        name: forge(header | head, claims | body, unsigned)
        for name, (head, body) in wrong.items()
    }
    tokens["claims"] = forge(header, [claims], unsigned)
    tokens["parts"] = forge(header, claims, unsigned) + "."

    believed = await present(api, forge(header, claims, unsigned))
    refused = {name: (await present(api, t)).status_code for name, t in tokens.items()}

    assert believed.status_code == 200  # so what refuses the others is our own check
    assert refused == dict.fromkeys(tokens, 401)
