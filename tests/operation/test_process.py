"""The service as an operator meets it: refused starts, a clean stop, a log of JSON."""

import asyncio
import json
import signal
from pathlib import Path

import httpx2
import pytest

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.factories.user import UserFactory
from tests.servers.service import (
    COMMAND_LINE,
    NO_LIMITS,
    Service,
    running,
    spawned,
)
from tests.servers.smtp import SmtpServer
from tests.support.api import PASSWORD

PRODUCTION = {
    "AUTH_SERVE_ENVIRONMENT": "production",
    "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
    "AUTH_SERVE_SMTP__URL": "smtp://127.0.0.1:9",
    "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
}


def _runtime(database_url: str) -> Runtime:
    settings = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    return build_runtime(Settings.model_validate(settings))


async def _person(database_url: str, **columns: str) -> None:
    runtime = _runtime(database_url)
    await UserFactory(runtime).with_password(PASSWORD, **columns)
    await runtime.close()


async def _sign_in(service: Service) -> httpx2.Response:
    body = {"email": "ann@example.com", "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as http:
        return await http.post("/api/v1/auth/login", json=body)


async def _under_way(service: Service) -> None:
    """Return once the first request is answered; the others wait for its thread."""
    while "/api/v1/auth/login" not in service.stdout():
        await asyncio.sleep(0.01)


async def test_a_request_under_way_at_sigterm_is_finished(
    database_url: str, tmp_path: Path
) -> None:
    await _person(database_url, email="ann@example.com")
    slow = {"AUTH_SERVE_PASSWORD__HASHING_THREADS": "1"}

    with running(
        database_url, tmp_path / "a", NO_LIMITS | slow, program=COMMAND_LINE
    ) as service:
        requests = [asyncio.create_task(_sign_in(service)) for _ in range(20)]
        await _under_way(service)
        code = await asyncio.to_thread(service.stop)
        answers = await asyncio.gather(*requests)

    assert code == -signal.SIGTERM  # uvicorn ends by the signal, after its work
    assert "Application shutdown complete." in service.stdout()
    assert [answer.status_code for answer in answers] == [200] * 20


async def test_the_command_line_bounds_heads_and_connections(tmp_path: Path) -> None:
    url, few = f"sqlite:///{tmp_path / 'a.db'}", {"AUTH_SERVE_MAX_CONNECTIONS": "2"}
    large = {"X-Large": "x" * 40_000}

    with running(url, tmp_path / "a", few, program=COMMAND_LINE) as service:
        async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:
            refused = await http.get("/health/live", headers=large)
        port = int(service.url.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:
            busy = await http.get("/health/live")
        for _, writer in idle:
            writer.close()
        service.stop()

    assert (refused.status_code, refused.json()["code"]) == (431, "head_too_large")
    assert (busy.status_code, busy.json()["code"]) == (503, "unavailable")
    assert busy.json()["correlation_id"] in service.stdout()


async def test_a_mail_asked_for_before_a_stop_is_sent_by_the_next_process(
    database_url: str, tmp_path: Path
) -> None:
    await _person(database_url, email="ann@example.com")
    with running(database_url, tmp_path / "a") as service:
        async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:
            body = {"email": "ann@example.com"}
            await http.post("/api/v1/auth/forgot-password", json=body)
        service.stop()

    with SmtpServer() as smtp:
        url = f"smtp://127.0.0.1:{smtp.port}"
        worker = {"AUTH_SERVE_JOBS": "true", "AUTH_SERVE_SMTP__URL": url}
        with running(database_url, tmp_path / "b", worker) as service:
            messages = await smtp.wait_for(1)

    assert [message["To"] for message in messages] == ["ann@example.com"]
    # nobody named an address: its link leads to the port that uvicorn was told
    port = service.url.rpartition(":")[2]
    text = messages[0].as_bytes().replace(b"=\n", b"").decode()
    assert f"http://localhost:{port}/reset-password" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_SERVE_SECRET_KEY", "short-and-private"),
        ("AUTH_SERVE_DATABASE_URL", "mysql://ann:hunter2@db.internal/auth"),
    ],
)
def test_an_unsafe_setting_ends_the_process_before_it_did_anything(
    name: str, value: str, tmp_path: Path
) -> None:
    options = PRODUCTION | {"AUTH_SERVE_DATABASE__MIGRATE": "true"} | {name: value}

    with spawned(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "a", options) as service:
        code = service.wait()

    assert code == 1
    assert name in service.stderr()
    assert value not in service.output()
    assert "hunter2" not in service.output() and ".internal" not in service.output()
    assert len(service.stderr().splitlines()) == 1
    assert "Traceback" not in service.output()
    assert not (tmp_path / "a.db").exists()  # refused before anything was done


def test_a_changed_secret_key_refuses_to_start(
    database_url: str, tmp_path: Path
) -> None:
    with running(database_url, tmp_path / "a") as service:
        service.stop()
    other = "another-0123456789-abcdefghijklmnopqrstuvwxyz"

    changed = {"AUTH_SERVE_SECRET_KEY": other}
    with spawned(database_url, tmp_path / "b", changed) as service:
        code = service.wait()

    assert "AUTH_SERVE_SECRET_KEY" in service.stderr()
    assert '"The secret key is lost" in docs/operations.md' in service.stderr()
    assert other not in service.output()
    _ends_in_one_line(code, service)


def test_a_database_that_does_not_answer_refuses_to_start(tmp_path: Path) -> None:
    url = "postgresql://ann:hunter2@127.0.0.1:9/auth"

    with spawned(url, tmp_path / "a") as service:
        code = service.wait()

    assert "AUTH_SERVE_DATABASE_URL" in service.stderr()
    assert "hunter2" not in service.output()
    _ends_in_one_line(code, service)


def _ends_in_one_line(code: int, service: Service) -> None:
    """People read one line; the log tells machines the same without a traceback."""
    assert code != 0
    assert len(service.stderr().splitlines()) == 1
    assert "Traceback" not in service.output()
    last = json.loads(service.stdout().splitlines()[-1])
    assert last["message"] == "Application startup failed. Exiting."


async def test_every_line_of_stdout_is_json(database_url: str, tmp_path: Path) -> None:
    with running(database_url, tmp_path / "a", NO_LIMITS) as service:
        async with httpx2.AsyncClient(base_url=service.url, timeout=60) as http:
            await http.get("/nowhere")
            await http.post("/api/v1/auth/login", content=b"\xff{")
        await _sign_in(service)
        service.stop()

    lines = [json.loads(line) for line in service.stdout().splitlines()]
    assert {"started", "GET /nowhere 404"} <= {line["message"] for line in lines}
    assert lines[-1]["message"].startswith("Finished server process")
