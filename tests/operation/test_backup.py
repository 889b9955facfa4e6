"""Backup and restore: whole or not at all, across engines, and what ends with it."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from httpx2 import AsyncClient

from app.config import Settings
from app.repositories.snapshot import SnapshotRepository, kept_tables
from app.services.server.backup import BackupService
from app.services.server.backup_file import (
    BackupFile,
    BackupUnusable,
    BackupWriter,
    Sums,
    encoded,
)
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.token_epoch import begin_epoch
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.support.registration import manage, options_of, register


@pytest.fixture
def options() -> dict[str, object]:
    return options_of("open")


async def _sums(runtime: Runtime) -> Sums:
    """Return what everything in a database comes to."""
    found = Sums()
    async with runtime.database.session(read_only=True) as db:
        for table in kept_tables():
            async for row in SnapshotRepository(db).rows(table):
                found.add(table.name, encoded(table, row))
    return found


class Issued:
    """One of each thing that is issued, and whether it still works."""

    def __init__(self, protocol: Protocol, client: AsyncClient) -> None:
        self.protocol, self.api, self.client = protocol, protocol.api, client

    async def all(self) -> "Issued":
        api, protocol = self.api, self.protocol
        self.person = await api.person()
        self.admin = await api.admin()
        await api.post("/auth/forgot-password", {"email": self.person.email})
        self.link = await api.mailed("reset_password")
        await api.post("/auth/email-code", {"email": self.admin.email})
        self.code = await api.mailed("email_code")
        app = await protocol.apps()
        self.online = await protocol.signed_in(app)
        self.offline = await protocol.signed_in(app, "openid offline_access")
        user = await api.users()
        self.pending = await protocol.codes(app, user)
        self.machine = await protocol.apps.machine()
        self.machine_token = await self.speak()
        self.client_of_its_own = await register(self.client)
        return self

    async def alive(self) -> dict[str, bool]:
        """Return what works, without using anything up that would."""
        api, protocol, app = self.api, self.protocol, self.online.app
        reset = {"token": self.link.token, "new_password": "x"}
        typed = {"email": self.admin.email, "code": self.code.code}
        answers: dict[str, Awaitable[Any]] = {
            "access": api.get("/users/me", self.person),
            "refresh": self._refresh(),
            "reset link": api.post("/auth/reset-password", reset),
            "code": api.post("/auth/email-code/verify", typed),
            "userinfo": protocol.userinfo(self.online.access),
            "grant": protocol.refresh(app, self.online.refresh_token),
            "offline grant": protocol.refresh(app, self.offline.refresh_token),
            "authorization code": protocol.token(app, self.pending.form),
            "registration": manage(self.client, "GET", self.client_of_its_own),
        }
        found = {name: (await each).status_code for name, each in answers.items()}
        # A password that is too short is refused last, so the link still works.
        alive = {name: status in (200, 422) for name, status in found.items()}
        alive["machine"] = await self.is_active(self.machine_token)
        return alive

    async def speak(self) -> str:
        """Return a token of a machine, which speaks for nobody."""
        form = {"grant_type": "client_credentials"}
        answer = await self.protocol.token(self.machine, form)
        token: str = answer.json()["access_token"]
        return token

    async def is_active(self, token: str) -> bool:
        known = await self.protocol.introspect(self.machine, token)
        found: bool = known.json()["active"]
        return found

    async def _refresh(self) -> Any:
        spent = {"refresh_token": self.person.tokens["refresh_token"]}
        return await self.api.post("/auth/refresh", spent)


@pytest.fixture
async def issued(protocol: Protocol, client: AsyncClient) -> Issued:
    return await Issued(protocol, client).all()


async def test_what_is_brought_back_is_what_was_there(
    api: Api, runtime: Runtime, tmp_path: Path, issued: Issued
) -> None:
    path, before = tmp_path / "copy", await _sums(runtime)
    rows = await BackupService(runtime).back_up(path)
    await api.person(email="later@example.com")
    await api.post("/auth/logout", None, issued.person)

    await BackupService(runtime).restore(path, replace=True, keep_tokens=True)

    assert await _sums(runtime) == before
    assert rows == before.rows
    assert all((await issued.alive()).values())


async def test_a_restore_ends_everything_that_was_issued_before(
    api: Api,
    runtime: Runtime,
    clock: FakeClock,
    tmp_path: Path,
    issued: Issued,
    client: AsyncClient,
) -> None:
    path = tmp_path / "copy"
    await BackupService(runtime).back_up(path)
    later = await api.signed_in(issued.person)  # nor what was made in between
    own = await register(client)

    done = await BackupService(runtime).restore(path, replace=True)

    assert not any((alive := await issued.alive()).values()), alive
    assert (await api.get("/users/me", later)).status_code == 401
    assert (await manage(client, "GET", own)).status_code == 401
    assert done.ended["sessions"] >= 2 and done.ended["grants"] >= 3
    assert "token.epoch_begun" in await api.trail(None)
    assert (await api.login(issued.person.email)).status_code == 200
    clock.advance(seconds=1)
    assert await issued.is_active(await issued.speak())
    anew = await register(client)
    assert (await manage(client, "GET", anew)).status_code == 200


async def test_restoring_the_same_backup_twice_revives_nothing(
    runtime: Runtime, client: AsyncClient, tmp_path: Path, api: Api
) -> None:
    path, service = tmp_path / "copy", BackupService(runtime)
    await service.back_up(path)
    await service.restore(path, replace=True)
    own = await register(client)
    await service.restore(path, replace=True)
    again = own | {"client_id": own["client_id"]}

    assert (await manage(client, "GET", again)).status_code == 401


async def test_one_command_ends_everything_without_a_restore(
    runtime: Runtime, issued: Issued, api: Api
) -> None:
    async with runtime.unit_of_work() as uow:
        await begin_epoch(uow, "operator")

    assert not any((alive := await issued.alive()).values()), alive
    waiting = (await api.get("/outbox", await api.admin())).json()["items"]
    assert not [m for m in waiting if not m["failed_at"]]
    assert (await api.login(issued.person.email)).status_code == 200


@pytest.fixture
async def elsewhere(
    empty_database_url: str,
) -> AsyncIterator[Runtime]:
    """A process on an empty database, of each engine."""
    settings = {"database_url": empty_database_url, "secret_key": SECRET}
    parts = build_runtime(Settings.model_validate(settings))
    yield parts
    await parts.close()


async def test_a_backup_of_either_database_comes_back_in_the_other(
    runtime: Runtime, elsewhere: Runtime, tmp_path: Path, issued: Issued
) -> None:
    """Into an empty one, which gets the schema; all four pairs are tried."""
    path, before = tmp_path / "copy", await _sums(runtime)
    await BackupService(runtime).back_up(path)

    await BackupService(elsewhere).restore(path, keep_tokens=True)

    assert await _sums(elsewhere) == before


async def test_a_database_in_use_is_left_alone(
    runtime: Runtime, tmp_path: Path, issued: Issued
) -> None:
    path = tmp_path / "copy"
    await BackupService(runtime).back_up(path)
    before = await _sums(runtime)

    with pytest.raises(BackupUnusable, match="--replace"):
        await BackupService(runtime).restore(path)

    assert await _sums(runtime) == before


async def test_a_file_is_private_and_replaces_none(
    runtime: Runtime, tmp_path: Path
) -> None:
    path, mask = tmp_path / "copy", os.umask(0)
    try:
        await BackupService(runtime).back_up(path)
    finally:
        os.umask(mask)
    held = path.read_bytes()

    with pytest.raises(BackupUnusable, match="exists"):
        await BackupService(runtime).back_up(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == held
    assert [each.name for each in tmp_path.glob("copy*")] == ["copy"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[: raw.rindex(b"\n", 0, -1) + 1],
        lambda raw: raw[:-1],
        lambda raw: raw.replace(b"example.com", b"example.org", 1),
        lambda raw: raw + raw.splitlines(keepends=True)[1],
        lambda raw: b"".join(raw.splitlines(True)[:2] + raw.splitlines(True)[3:]),
        lambda raw: b"",
        lambda raw: b"SQLite format 3\0" + raw,
    ],
    ids=["half", "no end", "a byte less", "changed", "more", "a row less", "", "other"],
)  # fmt: skip
async def test_what_is_not_whole_never_passes_for_whole(
    runtime: Runtime,
    tmp_path: Path,
    api: Api,
    damage: Callable[[bytes], bytes],
) -> None:
    await api.person(email="ann@example.com")
    path, broken = tmp_path / "copy", tmp_path / "broken"
    await BackupService(runtime).back_up(path)
    broken.write_bytes(damage(path.read_bytes()))
    before = await _sums(runtime)

    with pytest.raises(BackupUnusable):
        await BackupService(runtime).restore(broken, replace=True)

    assert await _sums(runtime) == before


async def test_a_backup_that_fails_leaves_nothing(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "copy")

    monkeypatch.setattr(BackupWriter, "add", fail)
    with pytest.raises(OSError, match="No space"):
        await BackupService(runtime).back_up(tmp_path / "copy")

    assert list(tmp_path.glob("copy*")) == []


async def test_what_goes_wrong_half_way_through_a_restore_changes_nothing(
    runtime: Runtime, tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await api.person()
    path = tmp_path / "copy"
    await BackupService(runtime).back_up(path)
    before = await _sums(runtime)
    write = SnapshotRepository.write

    async def lose_users(self: Any, table: Any, rows: Any) -> None:
        await write(self, table, [] if table.name == "roles" else rows)

    monkeypatch.setattr(SnapshotRepository, "write", lose_users)
    with pytest.raises(Exception):  # noqa: B017  (which one is the engine's)
        await BackupService(runtime).restore(path, replace=True)

    assert await _sums(runtime) == before
    assert (await api.get("/users/me", person)).status_code == 200


async def test_another_secret_key_or_schema_is_refused(
    runtime: Runtime, tmp_path: Path, database_url: str
) -> None:
    path, other = tmp_path / "copy", tmp_path / "other"
    await BackupService(runtime).back_up(path)
    first, rest = path.read_bytes().split(b"\n", 1)
    header = orjson.loads(first) | {"schema": "9999"}
    other.write_bytes(orjson.dumps(header) + b"\n" + rest)
    settings = {"database_url": database_url, "secret_key": SECRET[::-1]}
    stranger = build_runtime(Settings.model_validate(settings))

    with pytest.raises(BackupUnusable, match="secret key"):
        await BackupService(stranger).restore(path, replace=True)
    with pytest.raises(BackupUnusable, match="schema 9999"):
        await BackupService(runtime).restore(other, replace=True)

    await stranger.close()


async def test_a_backup_under_way_is_of_one_moment(
    runtime: Runtime, elsewhere: Runtime, tmp_path: Path, api: Api
) -> None:
    """People come and go meanwhile; no row refers to one that is not there."""
    path, busy = tmp_path / "copy", True
    await api.person()

    async def come() -> None:
        while busy:
            await api.users(email=f"{uuid4().hex}@example.com")

    coming = asyncio.create_task(come())
    for number in range(3):
        await BackupService(runtime).back_up(tmp_path / f"{path.name}{number}")
    busy = False
    await coming

    await BackupService(elsewhere).restore(tmp_path / "copy2", keep_tokens=True)

    held = BackupFile(tmp_path / "copy2").check()
    assert (await _sums(elsewhere)) == held


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


@pytest.mark.usefixtures("environment")
async def test_the_command_line_backs_up_restores_and_ends(
    api: Api, tmp_path: Path
) -> None:
    person, path = await api.person(), str(tmp_path / "copy")

    made, twice = run("backup", path, "--json"), run("backup", path)
    refused, unasked = run("restore", path), run("restore", path, "--replace")
    assert (await api.get("/users/me", person)).status_code == 200
    done = run("restore", path, "--replace", "--yes", "--json")

    assert made.exit_code == done.exit_code == 0, made.output + done.output
    assert orjson.loads(made.stdout)["rows"]["users"] == 1
    assert orjson.loads(done.stdout)["ended"]["sessions"] == 1
    assert [each.exit_code for each in (twice, refused, unasked)] == [1, 1, 2]
    assert (await api.get("/users/me", person)).status_code == 401
    again = await api.signed_in(person)
    assert run("token", "end-all", "--yes").exit_code == 0
    assert (await api.get("/users/me", again)).status_code == 401
    assert run("restore", str(tmp_path / "none")).exit_code == 1


async def test_the_key_of_development_goes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    """In development nobody named a key; a copy without it would be no use."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    key = tmp_path / "auth.secret.key"
    assert run("backup", str(tmp_path / "copy")).exit_code == 0
    beside, secret = tmp_path / "copy.secret.key", key.read_text()
    assert (beside.read_text(), stat.S_IMODE(beside.stat().st_mode)) == (secret, 0o600)
    for lost in tmp_path.glob("auth.*"):
        lost.unlink()

    done = run("restore", str(tmp_path / "copy"))

    assert done.exit_code == 0, done.output
    assert (key.read_text(), stat.S_IMODE(key.stat().st_mode)) == (secret, 0o600)
    assert run("key", "list").exit_code == 0
    key.write_text("another-" + secret)
    assert run("restore", str(tmp_path / "copy")).exit_code == 1
    assert key.read_text().startswith("another-")
