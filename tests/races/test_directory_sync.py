"""Readings of a directory by several processes, beside sign-ins, and killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import func, select, update

from app.models import AuditEvent, UpstreamIdentity, User
from app.models.upstream.sync import ConnectionSync
from app.policies.permission import ADMIN_ROLE
from tests.conftest import ROOT, SECRET
from tests.directories.conftest import ANN, PASSWORD, add_person, filled
from tests.directories.server import PEOPLE, Directory
from tests.races.conftest import Pair
from tests.races.crowd import address, assert_one_success, crowd, statuses
from tests.support.api import Api
from tests.support.page import BROWSER, Page

_COUNT = 30  # people, on pages of ten


@pytest.fixture
async def directory() -> AsyncIterator[Directory]:
    """A directory with people whom no other test knows."""
    directory = filled()
    del directory.entries[ANN]
    mark = uuid4().hex[:8]
    for at in range(_COUNT):
        add_person(directory, f"{mark}-{at}", str(uuid4()))
    async with directory.running():
        yield directory


def _logins(directory: Directory) -> list[str]:
    found = [dn for dn in directory.entries if dn.startswith("uid=")]
    return [dn.removeprefix("uid=").removesuffix(f",{PEOPLE}") for dn in found]


@dataclass(frozen=True)
class Firm:
    """A connection with a directory.

    Attributes:
        folder: Where commands run.
    """

    id: UUID
    name: str
    pair: Pair
    folder: Path

    async def sync(self, *words: str) -> "asyncio.subprocess.Process":
        """Start a reading by a process of its own."""
        settings = {
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT),
            "AUTH_SERVE_DATABASE_URL": self.pair.database_url,
            "AUTH_SERVE_SECRET_KEY": SECRET,
            "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1",
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "connection", "sync", self.name),
            *("--json", *words),
            cwd=self.folder,
            env=settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


@pytest.fixture
async def firm(
    api: Api,
    both: list[AsyncClient],
    pair: Pair,
    directory: Directory,
    tmp_path: Path,
) -> Firm:
    """A connection that both processes know."""
    name = f"firm-{uuid4().hex[:8]}"
    body = {
        "name": name,
        "kind": "ldap",
        "display_name": name,
        "account_rule": "anybody",
        "trusted_domains": ["example.com"],
        "settings": directory.settings() | {"timeout": 30, "page_size": 10},
    }
    who = await api.person(ADMIN_ROLE, email=address())
    answer = await api.post("/connections", body, who)
    assert answer.status_code == 201, answer.text
    for client in both:  # the other process sees it within seconds
        while name not in (await client.get("/signin", headers=BROWSER)).text:
            await asyncio.sleep(0.2)
    return Firm(UUID(answer.json()["id"]), name, pair, tmp_path)


async def _ended(process: "asyncio.subprocess.Process") -> tuple[int, Any, str]:
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return process.returncode, json.loads(out or b"{}"), err.decode()


async def _state(api: Api, firm: Firm, directory: Directory) -> dict[str, int]:
    """Count accounts, links and evidence of a firm."""
    emails = [f"{login}@example.com" for login in _logins(directory)]
    of_firm = UpstreamIdentity.connection_id == firm.id
    async with api.runtime.database.session(read_only=True) as db:
        users = select(func.count()).where(User.email_canonical.in_(emails))
        links = select(func.count(), func.count(UpstreamIdentity.user_id.distinct()))
        count, owners = (await db.execute(links.where(of_firm))).one()
        query = select(AuditEvent.name, AuditEvent.data)
        names = ("upstream.withdrawn", "upstream.imported")
        rows = (await db.execute(query.where(AuditEvent.name.in_(names)))).all()
        told = [name for name, data in rows if data["connection"] == firm.name]
        return {
            "users": await db.scalar(users) or 0,
            "links": count,
            "owners": owners,
            "withdrawn": told.count("upstream.withdrawn"),
            "imported": told.count("upstream.imported"),
        }


_ALL = {"users": _COUNT, "links": _COUNT, "owners": _COUNT, "withdrawn": 0}


async def test_of_two_processes_that_begin_at_once_one_reads(
    api: Api, directory: Directory, firm: Firm
) -> None:
    refused = asyncio.Event()

    async def hold() -> None:
        await refused.wait()

    directory.hook = hold
    ways = [asyncio.create_task(_ended(await firm.sync())) for _ in range(3)]
    for _, done in zip(range(2), asyncio.as_completed(ways), strict=False):
        code, told, said = await done
        assert (code != 0, told) == (True, {}), said
        assert "Traceback" not in said
    refused.set()
    results = await asyncio.gather(*ways)

    assert sorted(code for code, _, _ in results)[0] == 0
    [told] = [told for code, told, _ in results if code == 0]
    assert (told["outcome"], told["made"]) == ("complete", _COUNT)
    assert await _state(api, firm, directory) == _ALL | {"imported": _COUNT}


async def test_of_many_who_ask_at_once_one_is_taken(
    api: Api, both: list[AsyncClient], firm: Firm
) -> None:
    who = await api.person(ADMIN_ROLE, email=address())
    path = f"/api/v1/connections/{firm.id}/syncs"
    answers = await crowd(both, path, [{}] * 10, person=who)

    assert_one_success(answers, 202)
    assert {each.json()["code"] for each in answers if each.status_code != 202} == {
        "sync_running"
    }


async def _sign_in(url: str, name: str, login: str) -> Response:
    """Sign somebody in by a browser of their own."""
    async with AsyncClient(base_url=url, timeout=90, trust_env=False) as client:
        page = await client.get("/signin", headers=BROWSER)
        cookie = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
        headers = BROWSER | cookie
        csrf = Page(page.text).inputs["csrf"]["value"]
        data = {"csrf": csrf}
        path = f"/upstreams/{name}"
        gone = await client.post(path, data=data, headers=headers)
        form = await client.get(gone.headers["location"], headers=headers)
        fields = {
            key: each["value"]
            for key, each in Page(form.text).inputs.items()
            if each.get("type") == "hidden"
        }
        typed = {"login": login, "password": PASSWORD}
        return await client.post(path, data=fields | typed, headers=headers)


async def test_whoever_signs_in_while_they_are_read_has_one_account(
    api: Api, directory: Directory, firm: Firm
) -> None:
    logins = _logins(directory)[:6]
    urls = firm.pair.addresses
    reading = asyncio.create_task(_ended(await firm.sync()))
    while not any(what == "bind" for what, _ in directory.seen):
        assert not reading.done(), await reading
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(
        *(_sign_in(urls[at % 2], firm.name, login) for at in (0, 1) for login in logins)
    )
    code, told, _ = await reading

    found = statuses(answers)
    assert set(found) <= {303, 403} and found[303] >= len(logins), found
    assert (code, told["outcome"]) == (0, "complete")
    left = set(told["left_out"])
    assert left <= {"changed_meanwhile", "signed_in_meanwhile", "address_shared"}
    state = await _state(api, firm, directory)
    assert {name: state[name] for name in _ALL} == _ALL


async def test_a_connection_that_is_deleted_takes_a_reading_elsewhere_along(
    api: Api, directory: Directory, firm: Firm
) -> None:
    who = await api.person(ADMIN_ROLE, email=address())
    answers = 0

    async def delete() -> None:
        nonlocal answers
        answers += 1
        if answers == 3:  # after the bind, and a page
            gone = await api.delete(f"/connections/{firm.id}", who)
            assert gone.status_code == 204, gone.text

    directory.hook = delete
    code, told, said = await _ended(await firm.sync())

    assert (code != 0, told) == (True, {}) and "gone" in said
    state = await _state(api, firm, directory)
    assert (state["links"], state["users"], state["withdrawn"]) == (0, 10, 0)


async def test_one_that_is_killed_is_begun_again_and_nothing_is_done_twice(
    api: Api, directory: Directory, firm: Firm
) -> None:
    answers, reached = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal answers
        answers += 1
        if answers == 4:  # after the bind, and two pages
            reached.set()
            await asyncio.Event().wait()

    directory.hook = hang
    killed = await firm.sync()
    await asyncio.wait_for(reached.wait(), 60)
    killed.kill()
    await killed.wait()
    directory.hook = None
    half = await _state(api, firm, directory)
    early = await _ended(await firm.sync())
    async with api.runtime.unit_of_work() as uow:  # two minutes later
        lapsed = update(ConnectionSync).where(ConnectionSync.connection_id == firm.id)
        await uow.db.execute(lapsed.values(lease_until=uow.clock.now()))
    code, told, _ = await _ended(await firm.sync())

    assert half["links"] == half["users"] == 20 and half["withdrawn"] == 0
    assert early[0] != 0 and early[1] == {}
    assert (code, told["made"], told["unchanged"]) == (0, 10, 20)
    assert await _state(api, firm, directory) == _ALL | {"imported": _COUNT}
