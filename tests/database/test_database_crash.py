"""PostgreSQL is killed under load, again and again: never a 500, and then it works."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET, migrate
from tests.factories.oauth import ApplicationFactory, CodeFactory
from tests.factories.user import UserFactory
from tests.servers.postgres import PostgresServer
from tests.servers.service import NO_LIMITS, Service, running
from tests.support.api import PASSWORD

KILLS = int(os.environ.get("TEST_KILLS", "4"))
BUSY = 12  # requests at any time
ALLOWED = {200, 201, 202, 204, 303, 400, 401, 409, 503}
QUICK = {
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_REGISTRATION": "open",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PostgresServer]]:
    """One to murder; whoever restarts it replaces it here."""
    # What it acknowledged is kept, as in production; else a crash forgets some of it.
    held = [PostgresServer.start(tmp_path_factory.mktemp("murder"), durable=True)]
    migrate(held[0].url())
    try:
        yield held
    finally:
        held[0].stop()


@pytest.fixture
async def runtime(server: list[PostgresServer]) -> AsyncIterator[Runtime]:
    settings = {"database_url": server[0].url(), "secret_key": SECRET, "jobs": False}
    parts = build_runtime(Settings.model_validate(settings))
    yield parts
    await parts.close()


class Load:
    """Everything that people and programs do, over and over, until it is over."""

    def __init__(self, http: httpx2.AsyncClient, requests: list[dict[str, Any]]):
        self._http = http
        self._requests = requests
        self.answers: Counter[tuple[str, int]] = Counter()
        self.bad: list[str] = []
        self.without_time: list[str] = []
        self.is_over = False

    async def go_on(self, number: int) -> None:
        while not self.is_over:
            number += 1
            asked = dict(self._requests[number % len(self._requests)])
            if asked["url"].endswith("register"):
                email = f"{uuid4().hex}@example.com"
                asked["json"] = {"email": email, "password": PASSWORD}
            answer = await self._http.request(**asked)
            self.answers[asked["url"], answer.status_code] += 1
            if answer.status_code not in ALLOWED:
                self.bad.append(f"{asked['url']} {answer.status_code} {answer.text}")
            if answer.status_code == 503 and "ready" not in asked["url"]:
                if not int(answer.headers.get("retry-after", "0")):
                    self.without_time.append(asked["url"])


async def _requests(runtime: Runtime, service: Service) -> list[dict[str, Any]]:
    user = await UserFactory(runtime).with_password(PASSWORD)
    app = await ApplicationFactory(runtime)()
    login = {"email": user.email, "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as http:
        tokens = (await http.post("/api/v1/auth/login", json=login)).json()
        issued = await CodeFactory(runtime)(app, user)
        answer = await http.post("/oauth2/token", data=issued.form, headers=app.basic)
        granted = answer.json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    client = {"headers": app.basic, "method": "POST"}
    again = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    spent = {"refresh_token": tokens["refresh_token"]}
    return [
        {"method": "GET", "url": "/api/v1/users/me", "headers": bearer},
        {"method": "PATCH", "url": "/api/v1/users/me", "headers": bearer,
         "json": {"name": "Ann"}},
        {"method": "GET", "url": "/api/v1/users/me/sessions", "headers": bearer},
        {"method": "POST", "url": "/api/v1/auth/refresh", "json": spent},
        {"method": "POST", "url": "/api/v1/auth/login", "json": login},
        {"method": "POST", "url": "/api/v1/auth/register"},
        {"method": "POST", "url": "/api/v1/auth/forgot-password",
         "json": {"email": user.email}},
        {"url": "/oauth2/token", "data": again, **client},
        {"url": "/oauth2/introspect", "data": {"token": granted["access_token"]},
         **client},
        {"method": "GET", "url": "/oauth2/userinfo",
         "headers": {"Authorization": f"Bearer {granted['access_token']}"}},
        {"method": "GET", "url": "/signin"},
        {"method": "GET", "url": "/health/ready"},
    ]  # fmt: skip


async def _kill_a_backend(server: PostgresServer) -> None:
    """Kill one that serves us: PostgreSQL then drops all, and recovers."""
    mine = "SELECT pid FROM pg_stat_activity WHERE application_name = 'auth-serve'"
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        async with asyncpg.create_pool(server.url(), min_size=1, max_size=1) as pool:
            pids = [row["pid"] for row in await pool.fetch(mine)]
        if pids:
            os.kill(pids[-1], signal.SIGKILL)


async def _until_ready(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while (await http.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.02)


async def test_kill_9_under_load_is_503_at_worst_and_passes(
    server: list[PostgresServer], runtime: Runtime, tmp_path: Path
) -> None:
    with running(server[0].url(), tmp_path / "a", NO_LIMITS | QUICK) as service:
        requests = await _requests(runtime, service)
        limits = httpx2.Limits(max_connections=BUSY + 2)
        async with httpx2.AsyncClient(
            base_url=service.url, timeout=60, limits=limits, trust_env=False
        ) as http:
            load = Load(http, requests)
            tasks = [asyncio.create_task(load.go_on(n)) for n in range(BUSY)]
            for number in range(KILLS):
                seen = load.answers.total()
                while load.answers.total() < seen + 3 * BUSY:  # under way again
                    await asyncio.sleep(0.01)
                if number % 3 == 2:
                    server[0] = await asyncio.to_thread(
                        server[0].murdered_and_restarted
                    )
                else:
                    await _kill_a_backend(server[0])
                await _until_ready(http)
            load.is_over = True
            await asyncio.gather(*tasks)
            after = [await http.request(**each) for each in requests[:5]]
        log = service.stdout()

    assert load.bad == []
    assert load.without_time == []
    assert "unhandled" not in log
    assert any(status == 503 for _, status in load.answers), load.answers
    assert [answer.status_code for answer in after] == [200] * 5
