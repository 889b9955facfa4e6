"""A year of use, simulated: no table grows for ever (architecture, rule 15)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from app.jobs import build_jobs
from app.models import Base, Device, User
from app.services.server.runtime import Runtime
from app.setting_groups import DAY
from tests.database.life import OPTIONS, Life
from tests.servers.http import HttpServer
from tests.servers.ports import LOOPBACK
from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock

STEP = 33  # days; a step is one of everything
STEPS = 365 // STEP + 1
KEPT = 30  # days, of evidence
RUNS = 5  # of a job, after a step
USED = {
    *("answered_requests", "devices", "sealing_processes"),
    *("audit_events", "device_codes", "hourly_statistics", "oauth_assertions"),
    *("oauth_clients", "oauth_grants", "oauth_revoked_tokens", "one_time_tokens"),
    *("outbox", "personal_tokens", "rate_limits", "refused_requests", "sessions"),
    *("signing_keys", "user_roles", "users", "webhook_deliveries", "webhooks"),
}
# Every other table, by why a year of use would tell nothing of it.
NOT_USED = {
    "only grows where somebody defines something": {
        *("attributes", "connections", "group_roles", "groups", "oauth_resources"),
        *("protected_hosts", "realm_domains", "roles", "trusted_issuers"),
    },
    "of an account and goes with it: a foreign key, and a bound for each account": {
        *("group_members", "oauth_consents", "passkeys", "recovery_codes", "totps"),
        *("upstream_entries", "upstream_identities", "upstream_sessions"),
        "user_attributes",
        *("user_claims", "user_pictures"),
    },
    "a row or two for as long as the database": {
        *("checklist_marks", "kept_keys", "sealing_keys", "served_addresses"),
        "token_epochs",
    },
    "the janitor sweeps it by time, as it does those that are used here": {
        *("connection_syncs", "idempotency_keys", "oauth_client_secrets"),
        "upstream_logouts",
    },
}


@pytest.fixture
def options() -> dict[str, Any]:
    """Keep evidence for less than the year, or no end of it would be seen."""
    here = {"outbound": {"allowed_hosts": [LOOPBACK]}}
    kept = {"answered_requests_per_minute": 600, "audit_ttl": KEPT * DAY}
    return {**OPTIONS, **here, "retention": kept}


async def _counted(runtime: Runtime) -> dict[str, int]:
    async with runtime.database.session(read_only=True) as db:
        return {
            name: await db.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


async def _remember(runtime: Runtime, user: User) -> None:
    """Have a browser be known that never comes again, and a process be killed."""
    async with runtime.unit_of_work() as uow:
        now, new = uow.clock.now(), uow.randomness.uuid7
        stamps = {"created_at": now, "last_used_at": now, "expires_at": now}
        uow.db.add(Device(id=new(), user_id=user.id, ip="", user_agent="", **stamps))
        await uow.sealing_processes.announce(new(), "killed", now)


async def _work(runtime: Runtime) -> None:
    """Let each job do what there is; the janitor is never behind."""
    for job in build_jobs(runtime):
        more, runs = True, 0
        while more and runs < RUNS:
            more, runs = await job.run(), runs + 1
        assert not more or job.name == "statistics", job.name


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


def test_a_new_table_is_lived_with_or_it_is_said_why_not() -> None:
    told = [USED, *NOT_USED.values()]

    assert sum(map(len, told)) == len(set().union(*told))
    assert set().union(*told) == set(Base.metadata.tables)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_year_of_use_fills_no_table_for_ever(
    api: Api, runtime: Runtime, clock: FakeClock, receiver: HttpServer
) -> None:
    """Strangers register, one person stays, others come and go; a year of it."""
    resident = await api.users.with_password(PASSWORD)
    life = await Life.begun(api, receiver.url, "sign_in.failed", "user.deleted")
    counted: dict[str, list[int]] = defaultdict(list)
    for number in range(STEPS):
        stranger = {"email": f"s{number}@example.com", "password": PASSWORD}
        await api.post("/auth/register", stranger)
        guest = await api.users.with_password(PASSWORD, email=f"g{number}@example.com")
        await life.use(resident)
        await _remember(runtime, resident)
        leaving = await life.use(guest)
        assert (await api.delete("/users/me", leaving)).status_code == 204
        for name, rows in (await _counted(runtime)).items():
            counted[name].append(rows)
        clock.advance(days=STEP)
        await _work(runtime)

    first, second = slice(STEPS // 2), slice(STEPS // 2, None)
    grown = {
        name: (max(rows[first]), max(rows[second]))
        for name, rows in counted.items()
        if max(rows[second]) > max(rows[first])
    }
    # Kept for longer than the year, and written when there is time for it.
    assert grown.pop("hourly_statistics", (0, 0))[1] < 400 * 24
    assert grown.pop("refused_requests", (0, 0))[1] <= 4
    assert grown == {}
    assert {name for name, rows in counted.items() if max(rows)} >= USED
