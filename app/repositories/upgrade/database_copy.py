"""A copy of the whole database, for as long as something is tried on it."""

import asyncio
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import PoolOptions, create_engine
from app.database_errors import DatabaseUnavailable
from app.database_url import read_database_url

_NAME_LENGTH = 63  # bytes, of PostgreSQL's names
_ELSEWHERE = ("postgres", "template1")  # from where a database can be copied
_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword")
_NAMED = "--dbname="  # stands for the database of the address
_TIMED = 17  # the first PostgreSQL that has transaction_timeout
_OF = re.compile(rb"\(PostgreSQL\) (\d+)")  # pg_dump (PostgreSQL) 18.1 (Debian ...)


class CopyRefused(Exception):
    """No copy can be made here; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A copy of a database.

    Attributes:
        url: Its address, to be kept as secret as the original's.
        made_by: How it was made.
    """

    url: str
    made_by: str


@asynccontextmanager
async def copied(
    url: str, mark: str, tell: Callable[[str], None]
) -> AsyncIterator[DatabaseCopy]:
    """Copy the database, and drop the copy at the end, however it comes.

    SQLite's own backup, which lets the service write on; ``pg_dump`` where it stands
    beside and fits to the server (it locks nothing against readers and
    writers), else ``CREATE DATABASE ... TEMPLATE``, which PostgreSQL allows while
    nobody is connected.

    Args:
        url: Of the database.
        mark: Sets the copy's name apart from those of others; letters and digits.
        tell: Is told before anything begins why it is not done by ``pg_dump``.

    Raises:
        CopyRefused: No room, no right to make a database, or no way that works.
    """
    is_sqlite = read_database_url(url).url.get_backend_name() == "sqlite"
    async with _sqlite(url) if is_sqlite else _server(url, mark, tell) as copy:
        yield copy


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[DatabaseCopy]:
    source = Path(read_database_url(url).url.database or "")
    if not source.is_file():
        raise CopyRefused("there is no file to be copied")
    # Beside it: room enough for one is likelier there than among temporary files.
    with tempfile.TemporaryDirectory(
        prefix="auth-serve-rehearsal-", dir=source.parent
    ) as folder:
        free, needed = shutil.disk_usage(folder).free, 2 * source.stat().st_size
        if free < needed:
            raise CopyRefused(
                f"a copy wants {needed:,} bytes beside {source}, and {free:,} are free"
            )
        target = Path(folder) / "copy.db"
        await asyncio.to_thread(_back_up, source, target)
        yield DatabaseCopy(f"sqlite:///{target}", "SQLite's backup")


def _back_up(source: Path, target: Path) -> None:
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as original:
        with closing(sqlite3.connect(target)) as copy:
            original.backup(copy)


@asynccontextmanager
async def _server(
    url: str, mark: str, tell: Callable[[str], None]
) -> AsyncIterator[DatabaseCopy]:
    source = read_database_url(url).url.database or ""
    suffix = f"_rehearsal_{mark}"
    name = source.encode()[: _NAME_LENGTH - len(suffix)].decode(errors="ignore")
    name += suffix
    there, reason = _with_database(url, name), await _why_no_dump(url)
    if reason:
        tell(
            f"{reason}, so the copy is made by CREATE DATABASE ... TEMPLATE, for which "
            "nobody may be connected"
        )
    try:
        if not reason:
            await _create(url, name, "template0")
            await _dump(url, there)
            yield DatabaseCopy(there, "pg_dump")
        else:
            await _copy_by_template(url, name, source, reason)
            yield DatabaseCopy(there, "CREATE DATABASE ... TEMPLATE")
    finally:
        await _run(url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def _why_no_dump(url: str) -> str:
    """Return why ``pg_dump`` cannot make the copy; empty if it can."""
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        return "pg_dump and pg_restore are not installed here"
    asked = await _spawn(url, ("pg_dump", "--version"), out=asyncio.subprocess.PIPE)
    said, _ = await asked.communicate()
    async with _elsewhere(url) as connection:
        server = int((connection.dialect.server_version_info or (0,))[0])
    found = _OF.search(said)
    return "" if found is None else why_unfit(int(found[1]), server)


def why_unfit(tool: int, server: int) -> str:
    """Return why a ``pg_dump`` cannot copy within a server; empty if it can.

    Args:
        tool: Which PostgreSQL it is of.
        server: Which one the database is at.
    """
    here = f"the pg_dump here is of PostgreSQL {tool}"
    if tool < server:
        return f"{here}, which is older than the server's {server} and cannot read it"
    if server < _TIMED <= tool:
        return (
            f"{here}, which begins with SET transaction_timeout, and the server's "
            f"{server} does not know that"
        )
    return ""


async def _copy_by_template(url: str, name: str, source: str, reason: str) -> None:
    try:
        await _create(url, name, source)
    except _InUse:
        raise CopyRefused(
            f"{reason}, and CREATE DATABASE ... TEMPLATE wants nobody connected: "
            "install the pg_dump of the server's version, or stop the service"
        ) from None


class _InUse(Exception):
    """Somebody is connected to what should be a template."""


async def _create(url: str, name: str, template: str) -> None:
    statement = f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)}"
    try:
        await _run(url, statement)
    except (DBAPIError, DatabaseUnavailable) as error:
        state = _state_of(error)
        if state == "55006":  # object_in_use
            raise _InUse from None
        if state == "42501":  # insufficient_privilege
            raise CopyRefused(
                "this role may not make databases: ALTER ROLE ... CREATEDB, or set "
                "AUTH_SERVE_DATABASE_URL to one that may"
            ) from None
        raise


def _state_of(error: BaseException | None) -> str | None:
    """Return the SQLSTATE that is at the bottom of it."""
    while error is not None:
        if found := getattr(error, "sqlstate", None):
            return str(found)
        error = error.__cause__
    return None


async def _run(url: str, statement: str) -> None:
    """Run what no transaction may hold, from a database that is not copied."""
    async with _elsewhere(url) as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql(statement)


@asynccontextmanager
async def _elsewhere(url: str) -> AsyncIterator[AsyncConnection]:
    options = PoolOptions(statement_timeout=None, pool_size=1)
    for name in _ELSEWHERE:
        engine = create_engine(_with_database(url, name), options)
        try:
            async with AsyncExitStack() as stack:
                try:
                    connection = await stack.enter_async_context(engine.connect())
                except DatabaseUnavailable:  # it is not there, or not for this role
                    continue
                yield connection
                return
        finally:
            await engine.dispose()
    raise CopyRefused("neither postgres nor template1 can be connected to")


def _libpq(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _with_database(url: str, name: str) -> str:
    place, _, query = url.strip().partition("?")
    scheme, mark, rest = place.partition("://")
    authority = rest.partition("/")[0]
    options = parse_qsl(query, keep_blank_values=True)
    kept = [pair for pair in options if pair[0] not in ("dbname", "database")]
    tail = f"?{urlencode(kept)}" if kept else ""
    return f"{scheme}{mark}{authority}/{quote(name, safe='')}{tail}"


async def _dump(url: str, there: str) -> None:
    """Pipe one into the other."""
    parts = ("--no-owner", "--no-privileges")
    reading, writing = os.pipe()
    try:
        dump = await _spawn(url, ("pg_dump", "--format=custom", *parts), out=writing)
        os.close(writing)
        writing = -1
        load = await _spawn(
            there, ("pg_restore", "--exit-on-error", _NAMED, *parts), given=reading
        )
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    (_, said), (_, told) = await asyncio.gather(dump.communicate(), load.communicate())
    if dump.returncode or load.returncode:
        why = (said or told).decode(errors="replace").strip().splitlines()
        raise CopyRefused(f"pg_dump: {why[-1] if why else 'it failed'}")


async def _spawn(
    url: str,
    command: Sequence[str],
    *,
    given: int | None = None,
    out: int | None = None,
) -> asyncio.subprocess.Process:
    """Start a program of PostgreSQL; who connects is in no command line."""
    address = read_database_url(url)
    named, hosts = address.url, address.arguments.get("host")
    ports = address.arguments.get("port")
    values = {
        "PGHOST": ",".join(hosts) if hosts else named.host,
        "PGPORT": ",".join(map(str, ports)) if ports else named.port,
        "PGUSER": named.username,
        "PGPASSWORD": named.password,
        "PGDATABASE": named.database,
    }
    for name, value in parse_qsl(url.partition("?")[2]):
        if name in _TLS:
            values[f"PG{name.upper()}"] = value
    program, *arguments = command
    arguments = [
        # A name alone would be read as a list of options where it has an "=".
        f"--dbname=dbname={_libpq(named.database or '')}" if each == _NAMED else each
        for each in arguments
    ]
    return await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        | {name: str(value) for name, value in values.items() if value},
        stdin=given if given is not None else asyncio.subprocess.DEVNULL,
        stdout=out if out is not None else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
