"""Attempts are counted before a hash is computed, wherever one is typed against."""

import ast
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx2 import Response

from app.core.hashing_pool import HashingPool
from app.models import RecoveryCode
from tests.architecture.source import modules
from tests.factories.factor import FactorFactory
from tests.security.test_throttling import from_address
from tests.support.api import Api, Person
from tests.support.foreign_hashes import P

AWAY = "203.0.113.7"
Guess = Callable[[Api, Person], Awaitable[Response]]


@pytest.fixture
def options() -> dict[str, object]:
    return {"limits": {"sign_in_address": "1/3600", "second_step_account": "1/3600"}}


async def post(api: Api, path: str, body: dict[str, Any], person: Person) -> Response:
    async with from_address(api, AWAY) as client:
        headers = person.headers if person.tokens else {}
        return await client.post(f"/api/v1/auth/{path}", json=body, headers=headers)


async def at_sign_in(api: Api, person: Person) -> Response:
    body = {"email": person.email, "password": "wrong"}
    return await post(api, "login", body, person)


async def at_a_change(api: Api, person: Person) -> Response:
    body = {"current_password": "wrong", "new_password": "another horse entirely"}
    return await post(api, "change-password", body, person)


async def at_an_imported_code(api: Api, person: Person) -> Response:
    if "waiting" not in person.tokens:
        await FactorFactory(api.runtime).totp(person.id)
        code = P.pbkdf2_sha256.using(rounds=1_000).hash("of another product")
        async with api.runtime.unit_of_work() as uow:
            row = {"id": uow.randomness.uuid7(), "created_at": uow.clock.now()}
            uow.recovery_codes.add(
                RecoveryCode(user_id=person.id, code_hash=code, **row)
            )
        first = (await api.login(person.email)).json()
        person.tokens["waiting"] = first["mfa_token"]
    body = {"mfa_token": person.tokens["waiting"], "factor": "recovery_code"}
    return await post(api, "mfa", body | {"code": "wrong"}, person)


GUESSES: dict[str, Guess] = {
    "app/services/sign_in/password.py": at_sign_in,
    "app/services/accounts/password.py": at_a_change,
    "app/services/factors/foreign_code.py": at_an_imported_code,
}
ELSEWHERE = {
    # By the tries of its link too: tests/sign_in/lost/test_lost_factors_attack.py.
    "app/services/factors/recovery.py",
    # Once a directory has judged the password: tests/directories/test_sign_in.py.
    "app/services/upstreams/password.py",
}


def test_no_place_that_computes_a_hash_is_missing() -> None:
    found = {
        path
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("verify", "verify_stranger")
        and "passwords" in ast.unparse(node.func.value)
    }

    assert found == GUESSES.keys() | ELSEWHERE


@pytest.mark.parametrize("place", GUESSES)
async def test_t094_what_is_over_its_limit_costs_no_hash(
    api: Api, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    person, guess, hashed = await api.person(), GUESSES[place], []
    run = HashingPool.run

    async def counted(pool: HashingPool, *arguments: Any) -> Any:
        hashed.append(arguments)
        return await run(pool, *arguments)

    monkeypatch.setattr(HashingPool, "run", counted)
    first = await guess(api, person)
    cost = len(hashed)
    hashed.clear()
    limited = await guess(api, person)

    assert first.status_code in (400, 401, 403) and cost > 0
    assert (limited.status_code, hashed) == (429, [])
