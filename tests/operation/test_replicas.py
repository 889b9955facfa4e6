"""Two replicas behind PgBouncer and a proxy, replaced in turn while people use them."""

import asyncio
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.servers.lending import Lending
from tests.servers.pooler import PROGRAM, pooled
from tests.servers.proxy import Proxy, balancing
from tests.servers.service import COMMAND_LINE, NO_LIMITS, Service, running
from tests.support.api import PASSWORD

CLIENTS = 4
OPTIONS = NO_LIMITS | {
    "AUTH_SERVE_DATABASE__PREPARED_STATEMENTS": "false",
    "AUTH_SERVE_DATABASE__POOL_SIZE": "6",
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_LOG_LEVEL": "WARNING",
    "AUTH_SERVE_PUBLIC_URL": "http://auth.example.com",
    "AUTH_SERVE_STOP_DELAY": "3",  # in which the proxy has to look, however slow it is
}


class Load:
    """People who use the service all the time.

    Attributes:
        answered: How often, by what was asked.
        failed: What went wrong, in words.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_over = asyncio.Event()
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []

    async def person(self, number: int) -> None:
        """Register, and then sign in, read, refresh and sign out until told to end."""
        body = {"email": f"person{number}@example.com", "password": PASSWORD}
        async with httpx2.AsyncClient(base_url=self._url, timeout=20) as http:
            await self._ask(http, "register", 201, json=body)
            while not self._is_over.is_set():
                tokens = await self._ask(http, "login", 200, json=body)
                if tokens is None:
                    continue
                bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
                again = {"refresh_token": tokens["refresh_token"]}
                await self._ask(http, "refresh", 200, json=again)
                await self._ask(http, "logout", 204, headers=bearer)

    async def _ask(
        self, http: httpx2.AsyncClient, what: str, status: int, **how: Any
    ) -> dict[str, str] | None:
        try:
            answer = await http.post(f"/api/v1/auth/{what}", **how)
        except httpx2.HTTPError as error:
            self.failed.append(f"{what}: {error!r}")
            return None
        if answer.status_code != status:
            self.failed.append(f"{what}: {answer.status_code} {answer.text}")
            return None
        self.answered[what] += 1
        return dict(answer.json()) if answer.content else {}

    def end(self) -> None:
        """Let everybody finish what they are at."""
        self._is_over.set()


def _port(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


async def _replaced(
    processes: ExitStack, old: Service, proxy: Proxy, url: str, folder: Path
) -> Service:
    """Stop a replica as an orchestrator does, and start the next one in its place."""
    await asyncio.to_thread(old.stop)
    starting = running(url, folder, OPTIONS, program=COMMAND_LINE)
    new = await asyncio.to_thread(processes.enter_context, starting)
    proxy.ports[proxy.ports.index(_port(old))] = _port(new)
    while _port(new) not in proxy.ready:
        await asyncio.sleep(0.01)
    return new


@pytest.mark.skipif(
    PROGRAM is None,
    reason="PgBouncer is not installed: apt-get install pgbouncer, as .ci/run does",
)
async def test_a_rolling_restart_under_load_fails_no_request(
    lending: Lending, tmp_path: Path
) -> None:
    database = await lending.lend()
    with ExitStack() as processes:
        url = processes.enter_context(pooled(database))
        replicas = [
            processes.enter_context(
                running(url, tmp_path / name, OPTIONS, program=COMMAND_LINE)
            )
            for name in ("one", "two")
        ]
        async with balancing([_port(each) for each in replicas]) as (proxy, address):
            while len(proxy.ready) < 2:
                await asyncio.sleep(0.01)
            load = Load(address)
            people = [asyncio.create_task(load.person(n)) for n in range(CLIENTS)]
            for number, old in enumerate(replicas):
                while load.answered["logout"] < 10 * (number + 1):
                    await asyncio.sleep(0.01)
                folder = tmp_path / f"next{number}"
                await _replaced(processes, old, proxy, url, folder)
            at_the_end = load.answered["logout"]
            while load.answered["logout"] < at_the_end + 10:
                await asyncio.sleep(0.01)
            load.end()
            await asyncio.gather(*people)
    await lending.take_back(database)

    assert load.failed == []
    assert load.answered["register"] == CLIENTS
    assert load.answered["refresh"] >= 30
