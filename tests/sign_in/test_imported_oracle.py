"""What a guesser learns of an account whose imported hash is costly: nothing."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import update

from app.core.password_schemes import sha_crypt
from app.models import User
from app.services.server.runtime import Runtime
from tests.security.test_throttling import from_address, guess
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.oauth import Protocol

COSTLY = f"$6$rounds=656000$saltsalt${'.' * 86}"
EMAIL = "ann@example.com"
TRIES = 13
WRONG = "wrong " * 60  # the longer, the costlier
VARYING = ("x-request-id", "date", "content-length", "set-cookie")
SECRET = "the right password of long ago"
Account = Callable[[Api], Awaitable[Any]]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every costly hash that is computed; it takes no time here."""
    seen: list[bytes] = []

    def matches(_: Any, secret: bytes) -> bool:
        seen.append(secret)
        return secret == SECRET.encode()

    monkeypatch.setattr(sha_crypt._Stored, "matches", matches)
    return seen


ACCOUNTS: dict[str, Account] = {
    "ordinary": lambda api: api.users.with_password(PASSWORD, email=EMAIL),
    "without a password": lambda api: api.users(email=EMAIL),
    "imported": lambda api: api.users(email=EMAIL, password_hash=COSTLY),
    "disabled": lambda api: api.users(
        email=EMAIL, password_hash=COSTLY, status="disabled"
    ),
}


def seen_in(answer: Response) -> tuple[int, dict[str, str], int]:
    """Return what a stranger sees of an answer, but what differs in each."""
    headers = {
        name: re.sub(r"'nonce-[\w-]{43}'", "", value)  # chance, in every page
        for name, value in answer.headers.items()
        if name not in VARYING
    }
    return answer.status_code, headers, len(answer.text)


@pytest.mark.parametrize("way", ["api", "page"])
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_tries_limits_and_answers_are_those_of_no_account(
    api: Api, app: FastAPI, computed: list[bytes], account: str, way: str
) -> None:
    await ACCOUNTS[account](api)
    sign_in = api.login if way == "api" else Visitor(app).sign_in

    nobody = [seen_in(await sign_in("bob@example.com", WRONG)) for _ in range(TRIES)]
    ann = [seen_in(await sign_in(EMAIL, WRONG)) for _ in range(TRIES)]

    assert ann == nobody
    assert [status for status, _, _ in ann[-3:]] == [429] * 3
    work = api.runtime.hasher.foreign_work(WRONG, COSTLY) / 1e6
    assert len(computed) * work <= 30 < TRIES * work  # seconds, in ten minutes


async def test_strangers_use_up_nothing_of_a_known_network(
    api: Api, runtime: Runtime, computed: list[bytes]
) -> None:
    """What was not computed for them is in the trail as such."""
    user = await api.users(email=EMAIL, password_hash=COSTLY)
    imported = update(User).where(User.id == user.id).values(password_hash=COSTLY)
    async with from_address(api, "192.0.2.8") as home:
        first = await guess(home, EMAIL, SECRET)
        async with runtime.unit_of_work() as uow:
            await uow.db.execute(imported)  # as if it had not been moved to ours
        strange = [(await api.login(EMAIL, WRONG)).status_code for _ in range(TRIES)]
        inside = await guess(home, EMAIL, SECRET)

    assert (first, inside) == (200, 200)
    assert strange == [401] * 10 + [429] * 3
    assert computed[-1] == SECRET.encode() and len(computed) < TRIES
    refused = await Protocol(api).events("sign_in.failed")
    reasons = [event.data["reason"] for event in refused]
    assert "too_many_attempts" in reasons
