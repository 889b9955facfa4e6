"""Clients that stop half-way, and refusals on purpose: no fault of ours, no stack."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Send

from app.api import middleware
from app.core.exceptions import AppError, RequestTimeout
from app.core.hashing_pool import HashingOverloaded
from app.models import Base, User
from app.services.server.runtime import Runtime
from app.services.sign_in.password import SignInService
from tests.support.api import Api

JSON_PATHS = ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/refresh"]
PATHS = [*JSON_PATHS, "/forgot-password"]
PIECE: Message = {"type": "http.request", "body": b"{", "more_body": True}
GONE: Message = {"type": "http.disconnect"}


async def raw(
    app: FastAPI,
    path: str,
    messages: Sequence[Message],
    *headers: tuple[bytes, bytes],
    method: str = "POST",
    sent: Send | None = None,
) -> list[Message]:
    """Call the application; when all messages are received the client is silent."""
    left, answer = list(messages), list[Message]()
    fields = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
    fields += [(b"sec-fetch-site", b"same-origin")]
    is_form = not path.startswith("/api")
    kind = b"application/x-www-form-urlencoded" if is_form else b"application/json"

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        answer.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*fields, (b"content-type", kind), *headers],
        "client": ("192.0.2.1", 1),
        "server": ("localhost", 8000),
    }
    await app(scope, receive, sent or send)
    return answer


async def counts(runtime: Runtime) -> dict[str, int]:
    """Return how many rows each table has, but for reasons of refusals."""
    found = {}
    async with runtime.database.session(read_only=True) as db:
        for table in Base.metadata.sorted_tables:
            if table.name != "refused_requests":  # as in a log, written a moment later
                query = select(func.count()).select_from(table)
                found[table.name] = (await db.execute(query)).scalar_one()
    return found


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that say that something is wrong, or carry a stack."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR or record.exc_info
    ]


def statuses(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return the status of each access line."""
    lines = [r for r in caplog.records if r.name == "auth_serve.access"]
    return [int(line.getMessage().rpartition(" ")[2]) for line in lines]


@pytest.mark.parametrize("path", PATHS)
async def test_trap_19_a_client_gone_in_its_body_is_one_access_line(
    app: FastAPI, runtime: Runtime, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    before = await counts(runtime)
    caplog.set_level(logging.INFO)

    await raw(app, path, [PIECE, GONE])

    assert statuses(caplog) == [499]
    assert faults(caplog) == []
    assert await counts(runtime) == before
    pool: Any = runtime.database.engine.sync_engine.pool
    assert pool.checkedout() == 0


async def test_trap_19_a_client_gone_within_the_transaction_leaves_no_half_work(
    api: Api, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, pool = await api.person(), api.runtime.database.engine.sync_engine.pool
    before = await counts(api.runtime)
    writing = asyncio.Event()

    async def hang(_session: AsyncSession) -> None:
        writing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(AsyncSession, "commit", hang)
    authorization = (b"authorization", person.headers["Authorization"].encode())
    body: Message = {"type": "http.request", "body": b'{"name":"half"}'}
    request = asyncio.create_task(
        raw(app, "/api/v1/users/me", [body], authorization, method="PATCH")
    )
    await asyncio.wait_for(writing.wait(), 60)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    monkeypatch.undo()

    after = await counts(api.runtime)
    after["rate_limits"] = before["rate_limits"]  # an attempt counts, however it ends
    assert after == before
    assert pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool
    async with api.runtime.database.session(read_only=True) as db:
        assert (await db.get_one(User, person.id)).name is None
    assert (await api.patch("/users/me", {"name": "whole"}, person)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("pieces", [0, 1, 3])
async def test_a_body_that_does_not_come_is_refused_in_time(
    app: FastAPI,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    pieces: int,
) -> None:
    monkeypatch.setattr(middleware, "BODY_PAUSE", 0.05)

    start, body = await asyncio.wait_for(raw(app, path, [PIECE] * pieces), 10)

    headers = dict(start["headers"])
    assert start["status"] == 408
    assert headers[b"connection"] == b"close"
    assert faults(caplog) == []
    if path in JSON_PATHS:
        assert json.loads(body["body"])["code"] == "request_timeout"


async def test_a_body_that_comes_in_drops_is_refused_in_time(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT", 0.2)
    drops = 0

    async def receive() -> Message:
        nonlocal drops
        drops += 1
        await asyncio.sleep(0.03)  # never a pause that is too long: those are 15 s
        return PIECE

    with pytest.raises(RequestTimeout):
        body = middleware._Body({"type": "http", "path": "/", "headers": []}, receive)
        while True:
            await body()

    assert drops > 0


async def test_waiting_for_the_client_to_go_is_not_waiting_for_a_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(middleware, "BODY_PAUSE", 0.02)
    messages = [{"type": "http.request", "body": b"x", "more_body": False}, GONE]

    async def receive() -> Message:
        if len(messages) == 1:
            await asyncio.sleep(0.1)
        return messages.pop(0)

    body = middleware._Body({"type": "http", "path": "/", "headers": []}, receive)

    assert [await body(), await body()][1] == GONE


async def test_shedding_load_is_a_warning_without_a_stack(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overloaded(*_arguments: object) -> None:
        raise HashingOverloaded from RuntimeError("the queue is full")

    monkeypatch.setattr(SignInService, "with_password", overloaded)

    answer = await api.login("ann@example.com")

    lines = [r for r in caplog.records if "refused" in r.getMessage()]
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert [line.levelno for line in lines] == [logging.WARNING]
    assert faults(caplog) == []


async def test_a_fault_of_ours_is_an_error_with_its_cause(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> None:
        raise AppError("no key") from RuntimeError("the true reason")

    monkeypatch.setattr(SignInService, "with_password", broken)

    answer = await api.login("ann@example.com")

    [line] = [r for r in caplog.records if "refused" in r.getMessage()]
    assert answer.status_code == 500
    assert line.levelno == logging.ERROR
    assert line.exc_info and "true reason" in str(line.exc_info[1])
