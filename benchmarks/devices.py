"""Devices that wait for their person, made beforehand for a measured build.

Runs with the code of the build that is measured, see `benchmarks.inside`.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from app.config import Settings
from app.models import DeviceCode
from app.services.one_time.token import Purpose
from app.services.server.runtime import Runtime, build_runtime
from benchmarks.stage import SECRET
from tests.factories.oauth import ApplicationFactory

_HOUR = timedelta(hours=1)
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def wait(database_url: str, count: int) -> dict[str, Any]:
    """Return the identifier of a client, and what so many devices of it poll with."""
    settings = {"database_url": database_url, "secret_key": SECRET}
    runtime = build_runtime(Settings.model_validate(settings))
    client = await ApplicationFactory(runtime).public(
        grant_types=[GRANT, "refresh_token"],
        redirect_uris=[],
        application_type="native",
    )
    ids = [runtime.randomness.uuid7() for _ in range(count)]
    async with runtime.unit_of_work() as uow:
        rows = [_row(runtime, client.client_id, each) for each in ids]
        await uow.db.execute(insert(DeviceCode), rows)
    make = runtime.secret_key.one_time_token
    codes = [make(Purpose.DEVICE_CODE, each) for each in ids]
    await runtime.close()
    return {"client_id": client.client_id, "codes": codes}


def _row(runtime: Runtime, client_id: str, code_id: UUID) -> dict[str, Any]:
    now = runtime.clock.now()
    return {
        "id": code_id,
        "client_id": client_id,
        "code_hash": runtime.randomness.bytes(32),
        "scope": "openid",
        "resources": "",
        "ip": "198.51.100.7",
        "user_agent": "",
        "created_at": now,
        "expires_at": now + _HOUR,
    }
