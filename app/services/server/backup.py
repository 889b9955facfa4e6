"""Copies of everything, while the service runs, and the way back (ADR-0040)."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.database import Database, PoolOptions
from app.database_errors import DatabaseUnavailable
from app.repositories.schema import SCHEMA_REVISION, SchemaRepository
from app.repositories.snapshot import SnapshotRepository, kept_tables
from app.services.process.kept_secret import kept_secret
from app.services.process.process import Process
from app.services.server.backup_file import (
    BackupFile,
    BackupUnusable,
    BackupWriter,
    Sums,
    encoded,
)
from app.services.server.checklist import ChecklistService
from app.services.server.schema import HOW_TO_UPGRADE, SchemaMismatch, upgrade
from app.services.server.shared_clock import SharedClockService
from app.services.server.token_epoch import begin_epoch
from app.utils.private_file import create_private

_KEY_SUFFIX, _KEY_BEFORE = ".secret.key", ".before"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what was ended at once."""

    rows: dict[str, int]
    ended: dict[str, int]


class BackupService:
    """Writes and reads backups of the database that the settings name."""

    def __init__(self, process: Process) -> None:
        """Work on connections of its own, which no time limit ends."""
        self._process = process
        settings = process.settings
        self._options = PoolOptions(
            statement_timeout=None,
            prepared_statements=settings.database.prepared_statements,
            password_file=settings.database.password_file,
        )

    async def back_up(self, path: Path) -> dict[str, int]:
        """Write everything as it is at one moment; return how many rows of what.

        Raises:
            BackupUnusable: The name is taken, or what was written is not whole.
            SchemaMismatch: The database is of another release.
            OSError: The file cannot be written.
        """
        async with self._database() as database:
            await _demand_schema(database)
            with BackupWriter(path, self._header()) as file:
                async with database.session(read_only=True) as db:
                    await _copy(SnapshotRepository(db), file)
                _write_key(self._process.settings, path)
                file.finish()
        await self._note()
        return dict(file.sums.rows)

    async def _note(self) -> None:
        """Tick the checklist; a database that is only read, such as a copy, is no less
        a thing to back up."""
        with suppress(SQLAlchemyError, DatabaseUnavailable):
            async with self._process.unit_of_work() as uow:
                await ChecklistService(uow, self._process).note_backup()

    async def restore(
        self, path: Path, *, replace: bool = False, keep_tokens: bool = False
    ) -> Restored:
        """Bring everything back, all of it or nothing; end what was issued before.

        Args:
            path: A backup of this release, made under the same secret key.
            replace: Delete what the database holds; else it has to be empty.
            keep_tokens: Let sessions, grants, links and codes of then live on.

        Raises:
            BackupUnusable: The file, or what the database holds, does not allow it.
            SchemaMismatch: The database is of another release.
        """
        file = BackupFile(path)
        self._demand_same(file)
        sums = file.check()
        async with self._database() as database:
            if await SchemaRepository(database).revision() is None:
                await upgrade(self._process.settings)
            await _demand_schema(database)
            await SharedClockService(self._process).measure()
            async with database.session() as db, db.begin():
                ended = await self._restore(db, file, sums, replace, keep_tokens)
        return Restored(dict(sums.rows), ended)

    async def _restore(
        self, db: Any, file: BackupFile, sums: Sums, replace: bool, keep_tokens: bool
    ) -> dict[str, int]:
        snapshot = SnapshotRepository(db)
        await snapshot.lock()
        if not replace and not await snapshot.is_empty():
            raise BackupUnusable(
                "the database holds something; --replace deletes it first"
            )
        await _bring_back(snapshot, file, sums)
        await self._demand_keys(db)
        return {} if keep_tokens else await self._end(db)

    async def _demand_keys(self, db: Any) -> None:
        """Refuse what was made between two keys, one of which is not here.

        Its header names one; the start would refuse it, with all of before deleted.
        """
        sealing = await self._process.uow(db).kept_keys.sealing()
        missing = [m for m in sealing if m not in self._process.secret_key.marks]
        if missing:
            raise BackupUnusable(
                "it was made while the secret key was rotated; give the other one, of "
                f"mark {', '.join(missing)}, as AUTH_SERVE_SECRET_KEY_SECOND"
            )

    async def _end(self, db: Any) -> dict[str, int]:
        event = await begin_epoch(self._process.uow(db), "restored")
        await db.flush()
        return {
            "sessions": event.sessions,
            "grants": event.grants,
            "one_time_tokens": event.one_time_tokens,
            "personal_tokens": event.personal_tokens,
        }

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        url = self._process.settings.database_url.get_secret_value()
        async with AsyncExitStack() as stack:
            database = Database(url, self._options)
            stack.push_async_callback(database.close)
            yield database

    def _header(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA_REVISION,
            "made_at": self._process.clock.now().isoformat(),
            "key": self._process.secret_key.marks[0],
        }

    def _demand_same(self, file: BackupFile) -> None:
        made_by = file.header.get("schema")
        if made_by != SCHEMA_REVISION:
            raise BackupUnusable(
                f"it was made with schema {made_by} and this release has "
                f"{SCHEMA_REVISION}; restore it with the release that made it, and "
                "upgrade then"
            )
        if file.header.get("key") not in self._process.secret_key.marks:
            raise BackupUnusable(
                "it was made under another secret key; without that one nothing in it "
                "can be used"
            )


async def _demand_schema(database: Database) -> None:
    found = await SchemaRepository(database).revision()
    if found != SCHEMA_REVISION:
        raise SchemaMismatch(
            f"the database has schema {found or 'none'} and this release needs "
            f"{SCHEMA_REVISION}; run: {HOW_TO_UPGRADE}"
        )


async def _copy(snapshot: SnapshotRepository, file: BackupWriter) -> None:
    await snapshot.freeze()
    for table in kept_tables():
        async for row in snapshot.rows(table):
            file.add(table, row)


async def _bring_back(
    snapshot: SnapshotRepository, file: BackupFile, sums: Sums
) -> None:
    """Write every row, and read all of them again."""
    await snapshot.clear()
    for table in kept_tables():
        await snapshot.write(table, file.rows(table))
    found = Sums()
    for table in kept_tables():
        async for row in snapshot.rows(table):
            found.add(table.name, encoded(table, row))
    if found != sums:
        raise BackupUnusable("what the database holds is not what the file says")


def key_beside(path: Path) -> Path:
    """Return where the secret key of development stands beside a backup."""
    return path.with_name(path.name + _KEY_SUFFIX)


def _write_key(settings: Settings, path: Path) -> None:
    """Copy the key that development keeps in a file; without it the rest is no use."""
    kept = kept_secret(settings)
    if kept is None:
        return
    try:
        _write_private(key_beside(path), kept.read_text())
    except FileExistsError:
        if key_beside(path).read_text().strip() != kept.read_text().strip():
            raise BackupUnusable(f"{key_beside(path)} is another key") from None


@contextmanager
def key_brought_back(
    settings: Settings, path: Path, *, replace: bool = False
) -> Iterator[None]:
    """Put the key of development back where it was, before anything else starts.

    What is restored within may fail: then what was there before stands there again,
    for the database is what it was. Where this process is killed, it stands beside.

    Raises:
        BackupUnusable: Another key is there, and it was not said to be replaced.
    """
    kept, beside = kept_secret(settings), key_beside(path)
    if kept is None or not beside.exists():
        yield
        return
    secret = beside.read_text()
    before = kept.with_name(kept.name + _KEY_BEFORE)
    if kept.exists():
        if kept.read_text().strip() == secret.strip():
            yield
            return
        if not replace:
            raise BackupUnusable(
                f"{kept} is another key than {beside}; --replace takes the latter"
            )
        if before.exists():
            raise BackupUnusable(
                f"{before} is there: a restore was stopped half-way, and the database "
                f"may still want this key; put it back as {kept}, or remove it"
            )
        kept.rename(before)
    try:
        _write_private(kept, secret)
        yield
    except BaseException:
        kept.unlink(missing_ok=True)
        if before.exists():
            before.rename(kept)
        raise
    before.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    with open(create_private(path), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
