"""``/health``: what orchestrators see."""

import asyncio
import sqlite3
from contextlib import suppress

import pytest
from sqlalchemy import text

from app.config import Settings
from app.core.circuit_breaker import CircuitOpen
from app.core.outbound import OutboundFailed, OutboundRefused
from app.database_errors import DatabaseUnavailable
from app.repositories.statements.idempotency_key import IdempotencyClaims
from app.repositories.statements.write_probe import WriteProbe
from app.services.server.diagnosis import DiagnosisService
from app.services.server.runtime import build_runtime
from tests.conftest import SECRET
from tests.servers.lending import Lending
from tests.servers.postgres import _execute
from tests.support.api import Api
from tests.support.chance import FakeClock


async def test_a_started_process_is_live_and_ready(api: Api) -> None:
    live = await api.client.get("/health/live")
    ready = await api.client.get("/health/ready")

    assert live.json() == {"status": "live"}
    assert ready.json()["status"] == "ready"


async def test_an_open_circuit_degrades_and_names_no_host(api: Api) -> None:
    breakers = api.runtime.breakers
    for name in ("smtp:mail.internal", "api.internal:443"):
        breaker = breakers.get(name, expected=(OSError,), failure_threshold=1)
        with pytest.raises(OSError):
            async with breaker:
                await asyncio.sleep(0)
                raise OSError

    answer = await api.client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["circuit:smtp"] == "open"
    assert answer.json()["checks"]["circuit:outbound"] == "open"
    assert "internal" not in answer.text


async def test_what_a_client_names_does_not_degrade(api: Api) -> None:
    """Anybody who may register could raise the alarm, and a dead picture would."""
    for name in ("smtp", "valkey", "127.0.0.1"):
        for _ in range(6):
            with suppress(OutboundFailed, OutboundRefused, CircuitOpen):
                await api.runtime.outbound.get(f"https://{name}.invalid/", apart=True)

    answer = await api.client.get("/health/ready")

    assert "open" in api.runtime.breakers.states().values()
    assert answer.json()["status"] == "ready"


async def test_an_older_schema_or_missing_keys_take_the_process_out(api: Api) -> None:
    async with api.runtime.database.session() as db:
        await db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        await db.commit()
    api.runtime.ring.replace([])

    answer = await api.client.get("/health/ready")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["checks"]["database"] == "schema_mismatch"
    assert answer.json()["checks"]["signing_keys"] == "none"


async def test_doctor_names_the_algorithm_that_has_no_key(api: Api) -> None:
    async with api.runtime.database.session() as db:
        await db.execute(text("DELETE FROM signing_keys WHERE algorithm = 'ES256'"))
        await db.commit()

    finding = await DiagnosisService(api.runtime, api.runtime.write_probe)._keys()

    assert finding.status == "failed" and "restart one process" in finding.advice
    assert finding.seen.endswith(" published, none for ES256")


async def test_the_previous_release_stays_ready_while_the_next_one_migrates(
    api: Api,
) -> None:
    before = await api.client.get("/health/ready")
    async with api.runtime.database.session() as db:
        await db.execute(text("UPDATE alembic_version SET version_num = '0999'"))
        await db.commit()

    after = await api.client.get("/health/ready")

    assert (before.status_code, after.status_code) == (200, 200)
    assert before.json() == after.json()


async def test_a_database_that_is_gone_is_a_503_and_never_data(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await api.person()
    await api.runtime.database.close()

    def gone(*_arguments: object, **_options: object) -> None:
        raise OSError("no route")

    pool = api.runtime.database.engine.sync_engine.pool
    monkeypatch.setattr(pool, "connect", gone)
    monkeypatch.setattr(pool, "_do_get", gone)

    me = await api.get("/users/me", person)
    login = await api.login(person.email)
    ready = await api.client.get("/health/ready")

    assert [a.status_code for a in (me, login, ready)] == [503, 503, 503]
    assert me.json()["code"] == "unavailable" and "route" not in me.text
    assert int(me.headers["Retry-After"]) > 0


async def test_a_server_that_lets_nothing_more_onto_its_disk_is_seen(
    postgres_url: str, lending: Lending
) -> None:
    """What it reads, and rows that are written over, say nothing of it."""
    address = await lending.lend()
    name = address.rpartition("/")[2]
    chosen = {"database_url": address, "secret_key": SECRET, "jobs": False}
    told = {}
    for setting, value in (
        ("temp_file_limit", "0"),
        ("default_transaction_read_only", "on"),
    ):
        runtime = build_runtime(Settings.model_validate(chosen))
        good = await WriteProbe(runtime.database, runtime.clock).flaw()
        await _execute(postgres_url, f'ALTER DATABASE "{name}" SET {setting} = {value}')
        await runtime.database.close()
        told[setting] = await WriteProbe(runtime.database, runtime.clock).flaw()
        doctor = await DiagnosisService(runtime, runtime.write_probe)._database()
        await runtime.close()
        assert (doctor.status, bool(doctor.advice)) == ("failed", True)
        assert doctor.seen.endswith(f", takes no writes: {told[setting]}")
        await _execute(postgres_url, f'ALTER DATABASE "{name}" RESET {setting}')
        assert good is None
    await lending.take_back(address)

    assert told == {
        "temp_file_limit": "disk_full",
        "default_transaction_read_only": "read_only",
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("code", "said"), [(13, "disk_full"), (8, "read_only")])
async def test_a_full_disk_under_sqlite_makes_readiness_red_until_it_is_not(
    api: Api,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    said: str,
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = code
    before = await api.client.get("/health/ready")

    with monkeypatch.context() as patch:

        async def take(*_: object) -> bool:
            raise DatabaseUnavailable("OperationalError") from full

        patch.setattr(IdempotencyClaims, "take", take)
        unasked = await api.client.get("/health/ready")
        clock.advance(seconds=11)
        red = await api.client.get("/health/ready")
        doctor = await DiagnosisService(
            api.runtime, api.runtime.write_probe
        )._database()
    after = await api.client.get("/health/ready")

    assert [a.status_code for a in (before, unasked, red, after)] == [
        200,
        200,
        503,
        200,
    ]
    assert red.json()["checks"]["database"] == said
    assert doctor.status == "failed" and doctor.seen.endswith(f"no writes: {said}")


async def test_a_process_that_is_about_to_end_is_not_ready(api: Api) -> None:
    api.runtime.stopping.is_begun = True

    live = await api.client.get("/health/live")
    ready = await api.client.get("/health/ready")

    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.json()["checks"] == {"process": "stopping"}
    assert live.headers["Connection"] == ready.headers["Connection"] == "close"
