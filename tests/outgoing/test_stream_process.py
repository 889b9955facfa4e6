"""The stream of a real process, as a browser reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests.servers.service import ONE_ADDRESS, running
from tests.support.api import Api


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One is enough: what differs between them is read in this process."""
    return sqlite_url


async def _events(answer: Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def _come_and_go(http: AsyncClient, path: str, headers: dict[str, str]) -> None:
    """Open more streams than one reader may have (three), one after another."""
    opened = 0
    async with asyncio.timeout(30):
        while opened < 6:
            async with http.stream("GET", path, headers=headers) as answer:
                assert answer.status_code in (200, 429)
                opened += answer.status_code == 200


async def test_a_browser_is_told_what_happens_at_another_process_until_it_may_no_more(
    api: Api, database_url: str, tmp_path: Path
) -> None:
    root = await api.admin()
    headers = root.headers | {"Accept": "text/event-stream"}
    with running(database_url, tmp_path / "other", ONE_ADDRESS) as service:
        async with AsyncClient(base_url=service.url, timeout=60) as http:
            path = "/api/v1/audit-events/stream"
            await _come_and_go(http, path, headers)
            async with http.stream("GET", path, headers=headers) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                events = _events(answer)
                seen = asyncio.ensure_future(anext(events))
                await asyncio.sleep(0)
                # By the machine's clock, which that process has as well.
                async with http.stream("POST", "/api/v1/auth/login", json={}) as bad:
                    assert bad.status_code == 422
                body = {"email": "nobody@example.com", "password": "x" * 12}
                await http.post("/api/v1/auth/login", json=body)
                first = await asyncio.wait_for(seen, 30)
                await http.post("/api/v1/auth/logout", headers=root.headers)
                rest = [each["name"] async for each in events]

    assert first["name"] == "sign_in.failed"
    assert rest == ["session.revoked"]
