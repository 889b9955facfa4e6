"""Readings of a directory, as tests have them done."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app.jobs.directory_sync import DirectorySyncJob
from app.models import AuditEvent, UpstreamIdentity, User
from tests.directories.conftest import PATIENT, add_person
from tests.directories.server import Directory
from tests.support.api import Api


async def connected(
    api: Api, directory: Directory, settings: dict[str, Any] | None = None, **more: Any
) -> str:
    """Connect with a directory that is believed; return the connection's id."""
    body: dict[str, Any] = {
        "name": "firm",
        "kind": "ldap",
        "display_name": "Firm & Co",
        "account_rule": "anybody",
        "trusted_domains": ["example.com"],
        "settings": directory.settings() | {"timeout": PATIENT} | (settings or {}),
    }
    answer = await api.post("/connections", body | more, await api.admin())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def run_jobs(api: Api) -> None:
    """Have what waits done, as the worker would."""
    job = DirectorySyncJob(api.runtime)
    while await job.run():
        pass


async def sync(api: Api, connection: str, **body: Any) -> dict[str, Any]:
    """Ask for a reading, have it done, and return what became of it."""
    who = await api.admin()
    asked = await api.post(f"/connections/{connection}/syncs", body, who)
    assert asked.status_code == 202, asked.text
    await run_jobs(api)
    who = await api.admin()  # it may have taken hours
    answer = await api.client.get(asked.headers["location"], headers=who.headers)
    told: dict[str, Any] = answer.json()
    assert told["ended_at"] is not None, told
    return told


def numbers(told: dict[str, Any]) -> dict[str, int]:
    """Return the numbers of a reading that are not nothing."""
    return {name: value for name, value in told.items() if type(value) is int and value}


async def links(api: Api) -> dict[str, UUID]:
    """Return whose account each subject is."""
    query = select(UpstreamIdentity.subject, UpstreamIdentity.user_id)
    async with api.runtime.database.session(read_only=True) as db:
        return {row[0]: row[1] for row in (await db.execute(query)).all()}


async def addresses(api: Api) -> set[str]:
    """Return the addresses of all accounts."""
    async with api.runtime.database.session(read_only=True) as db:
        return {*(await db.scalars(select(User.email))).all()}


async def told_of(api: Api, name: str) -> list[dict[str, Any]]:
    """Return what the trail has of an event, the oldest first."""
    query = select(AuditEvent.data).where(AuditEvent.name == name)
    async with api.runtime.database.session(read_only=True) as db:
        return [*(await db.scalars(query.order_by(AuditEvent.id))).all()]


def crowd(directory: Directory, count: int) -> None:
    """Add so many people."""
    for at in range(count):
        add_person(directory, f"p{at}", str(uuid4()))
