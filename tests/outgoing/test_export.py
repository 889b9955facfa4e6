"""``audit-events/export`` and ``audit export``: the trail as lines."""

import asyncio
import json
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.services.sessions.session import SessionService
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import Api


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setattr("app.services.outgoing.trail.BATCH", 2)


async def _exported(api: Api, who: Any, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/audit-events/export?{query}", who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_export_has_each_event_once_and_the_oldest_first(api: Api) -> None:
    root = await api.admin()
    await api.person()
    await api.login("nobody@example.com")
    listed = (await api.get("/audit-events", root)).json()["items"]

    plain = await _exported(api, root)
    mapped = await _exported(api, root, "format=ocsf")

    assert len(listed) > 4
    assert plain[: len(listed)] == listed[::-1]
    assert [each["metadata"]["uid"] for each in mapped][: len(plain)] == [
        each["id"] for each in plain
    ]
    assert len({each["id"] for each in plain}) == len(plain)
    assert {each["class_uid"] for each in mapped} >= {3002, 3004}
    newest = (await api.get("/audit-events", root)).json()["items"][0]
    assert newest["name"] == "audit.exported"
    assert newest["actor_id"] == str(root.id)
    assert newest["data"]["form"] == "ocsf"


async def test_an_export_of_a_span_has_nothing_else(api: Api) -> None:
    root = await api.admin()
    events = (await api.get("/audit-events", root)).json()["items"][::-1]
    at = events[-1]["created_at"]

    since = [each["id"] for each in await _exported(api, root, f"since={at}")]
    until = [each["id"] for each in await _exported(api, root, f"until={at}")]

    assert set(since) & set(until) == set()
    assert {*since, *until} >= {each["id"] for each in events}
    assert events[-1]["id"] in since


async def test_an_export_is_for_auditors_alone(api: Api) -> None:
    root, ann = await api.admin(), await api.person()
    before = (await api.get("/audit-events", root)).json()["items"]

    refused = await api.get("/audit-events/export", ann)
    strange = await api.get("/audit-events/export?format=csv", root)

    assert refused.status_code == 403 and strange.status_code == 422
    assert (await api.get("/audit-events", root)).json()["items"] == before


async def test_a_command_writes_the_same_to_a_file_of_the_operators(
    api: Api, tmp_path: Path
) -> None:
    root = await api.admin()
    file = tmp_path / "trail.jsonl"

    said = told("audit", "export", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    again = run("audit", "export", str(file))
    piped = run("audit", "export", "--format", "ocsf", "--since", "1h")
    wrong = run("audit", "export", "--format", "csv")
    nowhere = run("audit", "export", "--json")

    events = (await api.get("/audit-events", root)).json()["items"][::-1]
    assert said == {"exported": len(lines)}
    assert lines == events[: len(lines)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.exit_code == 1 and "there already" in again.stderr
    mapped = [json.loads(line) for line in piped.stdout.splitlines()]
    assert len(mapped) == len(lines) + 1  # the first export is an event as well
    assert mapped[0]["metadata"]["version"] == "1.7.0"
    assert (wrong.exit_code, nowhere.exit_code) == (2, 2)
    assert [event["name"] for event in events[-2:]] == ["audit.exported"] * 2


async def test_who_may_read_no_more_gets_no_end_of_an_export(
    api: Api, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.outgoing.trail._ASKED_AGAIN", timedelta(0))
    root = await api.admin()
    for _ in range(4):
        await api.login("nobody@example.com")

    whole = await _streamed(app, root, during=None)
    cut = await _streamed(app, root, during=_end_sessions(api, root))

    assert whole[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert len([each for each in cut if each.get("body")]) == 1
    assert cut[-1]["more_body"]  # so that nobody takes it for the whole


def _end_sessions(api: Api, who: Any) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        async with api.runtime.unit_of_work() as uow:
            await SessionService(uow).end_all(who.id, "administrator")

    return end


async def _streamed(
    app: FastAPI, who: Any, during: Callable[[], Awaitable[None]] | None
) -> list[Any]:
    """Return what the server is told to send; ``during``: after the first batch."""
    fields = {"host": "testserver", **who.headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": (path := "/api/v1/audit-events/export"),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in fields.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)
        if message.get("body") and during is not None:
            await during()

    await app(scope, receive, send)
    return messages


async def test_what_is_handed_out_has_evidence_though_nobody_reads_it_to_its_end(
    api: Api,
) -> None:
    done = await asyncio.to_thread(_export_to_a_full_disk)

    assert done.returncode != 0 and b"standard output" in done.stderr
    [event] = [each for each in await api.trail(None) if each == "audit.exported"]


def _export_to_a_full_disk() -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "app.cli", "audit", "export"]
    with open("/dev/full", "wb") as full:
        return subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )


async def test_who_reads_too_much_at_once_begins_no_other(api: Api) -> None:
    root, most = await api.admin(), api.runtime.streams.most_of_one
    for _ in range(most + 1):  # one after the other: each gives its place back
        await _exported(api, root)
    before = await api.trail(None)

    with ExitStack() as held:
        for _ in range(most):
            held.enter_context(api.runtime.streams.place(root.id))
        exported = await api.get("/audit-events/export", root)
        looked = await api.get("/audit-events/stream", root)

    assert (exported.status_code, looked.status_code) == (429, 429)
    assert await api.trail(None) == before
    assert len(await _exported(api, root)) > 4
