"""Clocks that differ: what several processes compare is the database's time."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.config import Settings
from app.core.clock import SharedClock, SystemClock
from app.core.security import KeyRing, LoadedKey
from app.services.server.health import HealthService
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.shared_clock import SharedClockService
from app.services.server.startup import start
from tests.conftest import SECRET
from tests.factories.oauth import ApplicationFactory, CodeFactory
from tests.factories.user import UserFactory
from tests.servers.service import ONE_ADDRESS, ROOT, Service, running
from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock

HOUR = 3_600.0
TOLD = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def _skewed(seconds: float, **more: str) -> dict[str, str]:
    path = f"{ROOT / 'tests/servers/skewed'}:{ROOT}"
    return {"PYTHONPATH": path, "TEST_CLOCK_SKEW": str(seconds), **ONE_ADDRESS, **more}


def _learned(local: FakeClock, told: datetime, *, took: float = 0.0) -> SharedClock:
    clock = SharedClock(local)
    now = local.monotonic()
    clock.learn(told, sent=now - took, answered=now)
    return clock


def test_before_it_was_asked_the_shared_clock_is_the_local_one() -> None:
    local = FakeClock()

    assert (SharedClock(local).now(), SharedClock(local).skew) == (local.now(), 0.0)


def test_it_says_what_the_database_said_and_counts_on() -> None:
    local = FakeClock()
    clock = _learned(local, TOLD)
    local.advance(minutes=5)

    assert clock.now() == TOLD + timedelta(minutes=5)


def test_an_answer_that_took_long_counts_from_its_middle() -> None:
    assert _learned(FakeClock(), TOLD, took=4.0).now() == TOLD + timedelta(seconds=2)


def test_setting_the_local_clock_moves_nothing() -> None:
    local = FakeClock()
    clock = _learned(local, TOLD)
    local._now += timedelta(hours=1)  # set by somebody; no time passed

    assert clock.now() == TOLD


def test_a_slow_answer_that_agrees_changes_nothing_and_one_that_differs_does() -> None:
    local = FakeClock()
    clock = _learned(local, TOLD)
    at = local.monotonic()

    clock.learn(TOLD + timedelta(seconds=2), sent=at, answered=at + 6)
    assert clock.now() == TOLD
    clock.learn(TOLD + timedelta(minutes=5), sent=at, answered=at + 6)
    assert clock.now() == TOLD + timedelta(minutes=5) - timedelta(seconds=3)


def test_a_key_that_begins_later_signs_where_there_is_no_other() -> None:
    ring, now = KeyRing(), TOLD
    later: Any = {"key": None, "signer": None, "public_jwk": {}, "expires_at": None}
    keys = [
        LoadedKey(kid, "ES256", activates_at=now + timedelta(hours=n), **later)
        for n, kid in ((2, "next"), (1, "first"))
    ]
    ring.replace(keys)

    assert ring.signing("ES256", now).kid == "first"
    assert ring.signing("ES256", now + timedelta(hours=3)).kid == "next"
    with pytest.raises(LookupError):
        ring.signing("RS256", now)


class Ahead(SystemClock):
    """A clock that is wrong, and goes on: one that stood still would fall behind.

    Attributes:
        by: How far it is ahead.
    """

    by = timedelta(0)

    def now(self) -> datetime:
        """Return what it shows."""
        return super().now() + self.by


@pytest.fixture
async def skewed(database_url: str) -> AsyncIterator[tuple[Runtime, Ahead]]:
    """The parts of a process whose machine has its own idea of the time."""
    local = Ahead()
    settings = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    parts = build_runtime(Settings.model_validate(settings), clock=SharedClock(local))
    yield parts, local
    await parts.close()


def _health(runtime: Runtime) -> HealthService:
    return HealthService(runtime, runtime.stopping, runtime.write_probe)


@SERVER
@pytest.mark.parametrize(("ahead", "is_degraded"), [(1, 0), (-5, 0), (30, 1), (-30, 1)])
async def test_skew_is_logged_and_beyond_ten_seconds_degrades(
    skewed: tuple[Runtime, Ahead],
    caplog: pytest.LogCaptureFixture,
    ahead: int,
    is_degraded: int,
) -> None:
    caplog.set_level(logging.INFO, logger="auth_serve.clock")
    runtime, local = skewed
    local.by = timedelta(seconds=ahead)
    await start(runtime)
    for _ in range(3):
        await SharedClockService(runtime).measure()

    readiness = await _health(runtime).readiness()

    assert readiness.status == ("degraded" if is_degraded else "ready")
    assert readiness.checks.get("clock") == ("skewed" if is_degraded else None)
    told = [record for record in caplog.records if record.name == "auth_serve.clock"]
    assert len(told) == (0 if abs(ahead) <= 2 else 1)
    assert all(record.levelname == "WARNING" for record in told)

    local.by = timedelta(0)
    await SharedClockService(runtime).measure()
    assert (await _health(runtime).readiness()).status == "ready"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_on_sqlite_the_machines_clock_is_the_databases(
    skewed: tuple[Runtime, Ahead],
) -> None:
    runtime, local = skewed
    await start(runtime)
    local.by = timedelta(days=1)

    await SharedClockService(runtime).measure()

    assert runtime.clock.now() > datetime.now(UTC) + timedelta(hours=23)


async def _client(service: Service) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=service.url, timeout=30, trust_env=False)


@SERVER
async def test_two_replicas_two_hours_apart_are_one_service(
    database_url: str, tmp_path: Path
) -> None:
    """The first to start is an hour behind, the other an hour ahead."""
    strict = {
        "AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT": "3/600",
        "AUTH_SERVE_JOBS": "true",
    }
    settings = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    with ExitStack() as stack:
        behind, ahead = (
            stack.enter_context(
                running(database_url, tmp_path / name, _skewed(skew, **strict))
            )
            for name, skew in (("behind", -HOUR), ("ahead", HOUR))
        )
        async with await _client(behind) as one, await _client(ahead) as other:
            await _is_one_service(runtime, one, other)
            states = [(await http.get("/health/ready")).json() for http in (one, other)]
    await runtime.close()

    assert [state["status"] for state in states] == ["degraded"] * 2
    assert [state["checks"]["clock"] for state in states] == ["skewed"] * 2
    for service, sign in ((behind, -1), (ahead, 1)):
        lines = [json.loads(line) for line in service.stdout().splitlines()]
        [told] = [line for line in lines if line["logger"] == "auth_serve.clock"]
        assert round(told["seconds_ahead"] / HOUR) == sign
        assert not [line for line in lines if line.get("status", 0) >= 500]


async def _is_one_service(
    runtime: Runtime, one: httpx2.AsyncClient, other: httpx2.AsyncClient
) -> None:
    """Use everything that has an end at one process, and go on at the other."""
    user = await UserFactory(runtime).with_password(PASSWORD)
    login = {"email": user.email, "password": PASSWORD}
    for here, there in ((one, other), (other, one)):
        tokens = (await here.post("/api/v1/auth/login", json=login)).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await there.get("/api/v1/users/me", headers=bearer)).status_code == 200
        spent = {"refresh_token": tokens["refresh_token"]}
        first = (await here.post("/api/v1/auth/refresh", json=spent)).json()
        again = (await there.post("/api/v1/auth/refresh", json=spent)).json()
        assert again["refresh_token"] == first["refresh_token"]
        used = {"refresh_token": first["refresh_token"]}
        assert (await there.post("/api/v1/auth/refresh", json=used)).status_code == 200
        late = (await here.post("/api/v1/auth/refresh", json=spent)).json()
        assert late["refresh_token"] == first["refresh_token"]
    await _links_and_grants(runtime, one, other)
    wrong = login | {"password": "wrong wrong wrong"}
    answers = [
        await http.post("/api/v1/auth/login", json=wrong)
        for http in (one, other, one, other, one, other)
    ]
    assert [a.status_code for a in answers].count(401) <= 3  # the limit is one limit
    assert answers[-1].status_code == answers[-2].status_code == 429


async def _links_and_grants(
    runtime: Runtime, one: httpx2.AsyncClient, other: httpx2.AsyncClient
) -> None:
    user = await UserFactory(runtime).with_password(PASSWORD, email="bo@example.com")
    body = {"email": user.email}
    apps, codes = ApplicationFactory(runtime), CodeFactory(runtime)
    for number, (here, there) in enumerate(((one, other), (other, one))):
        await here.post("/api/v1/auth/forgot-password", json=body)
        link = await Api(here, runtime).mailed("reset_password")
        change = {"token": link.token, "new_password": f"another good one {number}"}
        done = await there.post("/api/v1/auth/reset-password", json=change)
        assert done.status_code == 204, done.text
        app = await apps()
        issued = await codes(app, user)
        code = await here.post("/oauth2/token", data=issued.form, headers=app.basic)
        token = {"token": code.json()["access_token"]}
        known = await there.post("/oauth2/introspect", data=token, headers=app.basic)
        assert known.json()["active"] is True
        refresh = {
            "grant_type": "refresh_token",
            "refresh_token": code.json()["refresh_token"],
        }
        answers = await asyncio.gather(
            *(
                http.post("/oauth2/token", data=refresh, headers=app.basic)
                for http in (here, there)
            )
        )
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
