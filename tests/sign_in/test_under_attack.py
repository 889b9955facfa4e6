"""A flood of guesses: it gets nowhere, and the owner gets in."""

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.context import RequestContext, begin
from app.core.rate_limit import Attempt
from app.pages.parts.script import CHALLENGE_SCRIPT, CHALLENGE_SOURCE
from app.services.process.challenge import TTL
from app.services.server.runtime import Runtime
from app.services.sign_in.attempt import SignInAttemptService
from tests.security.test_throttling import from_address, guess
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page
from tests.support.work import proof_of

HOME, AWAY, NEXT_DOOR = "198.51.100.1", "203.0.113.7", "203.0.113.8"
EMAIL = "ann@example.com"
QUICK = {"challenge_bits": 4, "challenge_bits_max": 8}
LOGIN = "/auth/login"


@pytest.fixture
def options() -> dict[str, object]:
    return {"limits": QUICK | {"mail_address": "2/3600", "register_address": "2/3600"}}


async def send(api: Api, path: str, body: dict[str, Any], at: str = AWAY) -> Any:
    async with from_address(api, at) as client:
        return await client.post(f"/api/v1{path}", json=body)


async def login(api: Api, at: str = AWAY, email: str = EMAIL, **more: Any) -> Any:
    return await send(api, LOGIN, {"email": email, "password": PASSWORD} | more, at)


async def owner(api: Api) -> None:
    await api.users.with_password(PASSWORD, email=EMAIL)


async def flood(api: Api, email: str = EMAIL) -> None:
    async with from_address(api, "192.0.2.200") as client:
        for _ in range(10):
            await guess(client, email)


async def test_work_passes_the_limit_once(api: Api) -> None:
    await owner(api)
    await flood(api)
    refused = await login(api)
    proof = proof_of(refused.json()["challenge"])

    wrong = await login(api, password="wrong", proof=proof)
    again = await login(api, proof=proof)
    inside = await login(api, proof=proof_of(again.json()["challenge"]))

    assert refused.status_code == again.status_code == 429
    assert refused.json()["code"] == "too_many_attempts"
    assert int(refused.headers["retry-after"]) >= 1
    assert wrong.status_code == 401  # it was looked at
    assert inside.status_code == 200


def _tampered(proof: str) -> str:
    challenge, _, number = proof.rpartition(".")
    return f"{challenge[:-2]}AA.{number}"


def _unsolved(proof: str) -> str:
    """Return a number that is none, and by no chance one that would do."""
    challenge, _, number = proof.rpartition(".")
    others = (f"{challenge}.{number}x{more}" for more in range(1_000))
    return next(
        each for each in others if hashlib.sha256(each.encode()).digest()[0] > 127
    )


USELESS: dict[str, Callable[[str], str]] = {
    "none": lambda proof: "",
    "forged": _tampered,
    "not solved": _unsolved,
    "no number": lambda proof: proof.rpartition(".")[0],
    "other letters": lambda proof: f"é{proof}",
}


async def test_a_useless_proof_is_as_none(api: Api, clock: FakeClock) -> None:
    await owner(api)
    await flood(api)
    proof = proof_of((await login(api)).json()["challenge"])

    answers = {name: await login(api, proof=of(proof)) for name, of in USELESS.items()}
    answers["another network"] = await login(api, NEXT_DOOR, proof=proof)
    await flood(api, "bob@example.com")
    await api.users.with_password(PASSWORD, email="bob@example.com")
    answers["another account"] = await login(api, email="bob@example.com", proof=proof)
    clock.advance(seconds=TTL)
    await flood(api)
    answers["late"] = await login(api, proof=proof)

    assert {name: a.status_code for name, a in answers.items()} == dict.fromkeys(
        answers, 429
    )
    assert all("challenge" in each.json() for each in answers.values())


async def test_fifty_at_once_with_one_proof_are_one_try(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner(api)
    await flood(api)
    proof = proof_of((await login(api)).json()["challenge"])

    answers = await asyncio.gather(
        *(login(api, password="wrong", proof=proof) for _ in range(50))
    )

    assert [each.status_code for each in answers].count(401) == 1


async def test_a_flood_makes_the_work_harder_within_bounds(api: Api) -> None:
    await flood(api)

    bits = [
        (await login(api, f"203.0.113.{n % 250}")).json()["challenge"]["difficulty"]
        for n in range(70)
    ]

    assert bits[0] == QUICK["challenge_bits"] and bits == sorted(bits)
    assert bits[-1] == QUICK["challenge_bits_max"]


async def test_the_wait_rises_and_ends_by_itself(api: Api, clock: FakeClock) -> None:
    await owner(api)
    await flood(api)
    waits = []

    for _ in range(4):
        refused = await login(api, password="wrong")
        waits.append(int(refused.headers["retry-after"]))
        clock.advance(seconds=waits[-1])
        assert (await login(api, password="wrong")).status_code == 401

    assert waits == [60, 120, 240, 480]
    clock.advance(seconds=960)
    assert (await login(api)).status_code == 200


async def test_challenges_tell_nobody_who_has_an_account(api: Api) -> None:
    await owner(api)
    seen = {}
    for email in (EMAIL, "nobody@example.com"):
        await flood(api, email)
        answers = [await login(api, password="wrong", email=email) for _ in range(3)]
        proof = proof_of(answers[-1].json()["challenge"])
        answers.append(await login(api, password="wrong", email=email, proof=proof))
        seen[email] = [
            (
                each.status_code,
                each.headers.get("retry-after"),
                each.headers["ratelimit"],
                sorted(each.json()),
                len(each.content) - len(each.json()["correlation_id"]),
            )
            for each in answers
        ]

    first, second = seen.values()
    assert [each[:4] for each in first] == [each[:4] for each in second]


ASKING: dict[str, dict[str, Any]] = {
    "/auth/register": {"password": "quite another long one"},
    "/auth/forgot-password": {},
    "/auth/resend-verification": {},
    "/auth/email-code": {},
}


@pytest.mark.parametrize("path", ASKING)
async def test_work_passes_the_networks_limit_wherever_mail_is_asked_for(
    api: Api, path: str
) -> None:
    def body(number: int, **more: Any) -> dict[str, Any]:
        return ASKING[path] | {"email": f"new{number}@example.com"} | more

    done = [await send(api, path, body(n)) for n in range(2)]
    refused = await send(api, path, body(3))
    proof = proof_of(refused.json()["challenge"])
    passed = await send(api, path, body(3, proof=proof))
    again = await send(api, path, body(3, proof=proof))

    assert (refused.status_code, again.status_code) == (429, 429)
    assert {passed.status_code} == {each.status_code for each in done} <= {201, 202}


async def test_work_passes_a_networks_limit_at_sign_in(
    api: Api, runtime: Runtime
) -> None:
    """Somebody else there guessed at many accounts."""
    await owner(api)
    async with from_address(api, AWAY) as client:
        for number in range(60):
            await guess(client, f"somebody{number}@example.com")

    refused = await login(api)
    inside = await login(api, proof=proof_of(refused.json()["challenge"]))

    assert (refused.status_code, inside.status_code) == (429, 200)


async def attempts_of_everybody(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> list[Sequence[Attempt]]:
    """Return what a guess from each of 10,000 addresses counts against."""
    seen: list[Sequence[Attempt]] = []

    class Enough(Exception):
        pass

    async def candidate(*arguments: Any) -> Any:
        seen.append(arguments[-1])
        raise Enough

    with monkeypatch.context() as patch:
        patch.setattr(type(runtime.sign_ins), "candidate", candidate)
        for number in range(10_000):
            begin(RequestContext(ip=f"10.{number % 100}.{number // 100}.9"))
            with suppress(Enough):
                await SignInAttemptService(runtime).count(EMAIL)
    return seen


class TestFlood:
    """A million guesses from ten thousand addresses, in a day."""

    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url  # the counts are in memory

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"limits": QUICK | {"store": "memory"}}

    async def test_a_million_guesses_stay_under_the_stated_bound(
        self, api: Api, runtime: Runtime, clock: FakeClock, monkeypatch: Any
    ) -> None:
        """docs/security.md states it; then the owner gets in at both devices."""
        await owner(api)
        device = (await login(api, HOME)).json()["device_token"]
        counted, evaluated = await attempts_of_everybody(runtime, monkeypatch), 0
        store, now = runtime.limiter._store, clock.now()

        for _ in range(100):
            for attempts in counted:
                now += timedelta(milliseconds=86.4)
                evaluated += (await store.take(attempts, now))[-1].allowed
        clock.advance(days=1)
        known_device = await login(api, HOME, device_token=device)
        refused = await login(api)
        new_device = await login(api, proof=proof_of(refused.json()["challenge"]))

        assert len(counted) * 100 == 1_000_000
        assert 50 < evaluated < 100
        assert known_device.status_code == 200
        assert (refused.status_code, new_device.status_code) == (429, 200)


class TestPages:
    """The same in a browser, which works by itself or says how long to wait."""

    async def test_the_form_comes_back_with_work_for_the_browser(
        self, api: Api, app: FastAPI
    ) -> None:
        await owner(api)
        await flood(api)
        visitor = Visitor(app, AWAY)

        refused = await visitor.sign_in(EMAIL)
        page = Page(refused.text)
        field = page.inputs["proof"]
        challenge = {
            "challenge": field["data-challenge"],
            "difficulty": int(field["data-difficulty"] or ""),
        }
        values = {name: tag.get("value") or "" for name, tag in page.inputs.items()}
        proof = {"password": PASSWORD, "proof": proof_of(challenge)}
        inside = await visitor.post("/signin", values | proof)

        assert refused.status_code == 429
        assert "Try again in 60 seconds." in refused.text  # without any script
        assert values["email"] == EMAIL
        policy = refused.headers["content-security-policy"]
        assert policy.count("script-src") == 1
        assert CHALLENGE_SOURCE.removeprefix("script-src ") in policy
        assert str(CHALLENGE_SCRIPT) in refused.text
        live = [tag.get("id") for tag in page.all("p") if tag.get("role") == "status"]
        assert "challenge-status" in live
        assert inside.status_code == 303

    @pytest.mark.parametrize(
        "path", ["/forgot-password", "/resend-verification", "/signup"]
    )
    async def test_so_do_the_other_forms_that_strangers_send(
        self, api: Api, app: FastAPI, path: str
    ) -> None:
        visitor = Visitor(app, AWAY)
        for number in range(3):
            fields = {"email": f"new{number}@example.com"}
            if path == "/signup":
                await visitor.http.aclose()
                visitor = Visitor(app, AWAY)
                fields["password"] = "quite another long one"
            answer = await visitor.submit(path, fields)

        assert answer.status_code == 429
        assert "data-challenge" in answer.text

    def test_the_script_counts_as_hashlib_does(self, tmp_path: Path) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.fail("node is needed, as for the examples")
        module = tmp_path / "challenge.mjs"
        module.write_text(str(CHALLENGE_SCRIPT))
        texts = [f"as_ch_{'x' * (number * 7 % 150)}" for number in range(60)]
        script = (
            f"import {{ counter }} from {str(module)!r};"
            f"console.log({texts!r}.map((text, at) => counter(text)(at)).join());"
        )
        command = [node, "--input-type=module", "-e", script]
        told = subprocess.run(command, capture_output=True, check=True, timeout=60)

        digests = [
            hashlib.sha256(f"{text}.{at}".encode()).digest()
            for at, text in enumerate(texts)
        ]
        expected = [
            32 - int.from_bytes(each[:4], "big").bit_length() for each in digests
        ]
        assert told.stdout.decode().strip() == ",".join(map(str, expected))
