"""Connections to the database: the ordinary session, and one short way for hot paths.

SQLite and PostgreSQL behave alike from here on: foreign keys are on, and a writing
transaction waits for its turn instead of failing. On SQLite that takes ``BEGIN
IMMEDIATE``: without it two transactions that read and then write lose one of the
writes, and no error says so.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from sqlalchemy import Executable, event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DisconnectionError, MissingGreenlet
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

from app.database_errors import (
    DatabaseUnavailable,
    is_drivers_own_cancellation,
    is_outage,
    is_refusal,
)
from app.database_url import DatabaseAddress, read_database_url
from app.driver.password import PasswordFile
from app.driver.pool import PoolState, WatchedPool
from app.driver.prepared_statement import Prepared, prepare
from app.driver.sqlite import prepare_sqlite
from app.tracing.statement import statement as traced

_SQLITE_PATIENCE = 3_600.0  # seconds; SQLite cannot wait without a limit
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How connections behave; the names are those of ``DatabaseSettings``.

    Without a ``statement_timeout`` a statement takes, and waits, as long as it must.
    """

    pool_size: int = 15
    pool_overflow: int = 0
    pool_timeout: float = 2.0
    statement_timeout: int | None = 10
    prepared_statements: bool = True
    password_file: Path | None = None


def create_engine(url: str, options: PoolOptions | None = None) -> AsyncEngine:
    """Return an engine for either database; nothing is connected yet."""
    options = options or PoolOptions()
    address = read_database_url(url)
    parsed = address.url
    is_sqlite = parsed.get_backend_name() == "sqlite"
    patience = float(options.statement_timeout or _SQLITE_PATIENCE)
    connect: dict[str, Any] = {"isolation_level": None, "timeout": patience}
    if not is_sqlite:
        connect = _asyncpg_arguments(options, address)
    engine = create_async_engine(
        parsed,
        connect_args=connect,
        pool_size=options.pool_size,
        max_overflow=options.pool_overflow,
        pool_timeout=options.pool_timeout,
        hide_parameters=True,  # an error text must not carry what people typed
        json_deserializer=_read_json,
        poolclass=WatchedPool,
    )
    if is_sqlite:
        prepare_sqlite(engine, parsed.database or "", patience)
    else:
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _translate)
    return engine


def _asyncpg_arguments(
    options: PoolOptions, address: DatabaseAddress
) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "timeout": 5.0,
        "command_timeout": options.statement_timeout,
        "server_settings": address.server_settings,
        **address.arguments,
    }
    if options.password_file is not None:
        arguments["password"] = PasswordFile(options.password_file)
    if options.prepared_statements and not address.is_pooled:
        milliseconds = str((options.statement_timeout or 0) * 1000)
        arguments["server_settings"] = {
            "application_name": "auth-serve",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            **address.server_settings,
        }
        return arguments
    # A pooler in transaction mode hands every statement to another server process:
    # nothing may be kept there. A name would be: SQLAlchemy closes it later, at
    # another process. What has none is gone with the next, and asyncpg parses it
    # again in the message that runs it.
    arguments["statement_cache_size"] = 0
    arguments["prepared_statement_cache_size"] = 0
    arguments["prepared_statement_name_func"] = str
    return arguments


def _read_json(text: str) -> Any:
    """Return the same as ``json.loads``, whose preparations cost more than most values.

    Columns hold what was written without blanks around it.
    """
    try:
        value, end = _JSON.raw_decode(text)
    except json.JSONDecodeError:
        end = -1
    return value if end == len(text) else json.loads(text)


def _connect(
    dialect: Dialect, _record: Any, arguments: Any, options: dict[str, Any]
) -> Any:
    """Connect; whatever keeps it from happening is an outage."""
    if not in_greenlet():
        raise MissingGreenlet("connecting waits")  # for the second try of _lend()
    try:
        try:
            return dialect.connect(*arguments, **options)
        except Exception:
            password = options.get("password")
            if not isinstance(password, PasswordFile) or not password.has_changed():
                raise
            return dialect.connect(*arguments, **options)
    except Exception as error:
        cause = error
        if isinstance(error, dialect.loaded_dbapi.Error):
            cause = error.__cause__ or error  # type: ignore[assignment]
        raise DatabaseUnavailable(type(cause).__name__) from error


def _translate(context: ExceptionContext) -> Exception | None:
    """Turn an outage into the one error that says so; SQLAlchemy wraps the others."""
    original = context.original_exception
    cause = original.__cause__ or original  # asyncpg's own, below SQLAlchemy's adapter
    if not isinstance(original, Exception):  # for SQLAlchemy a disconnect as well
        lost = is_drivers_own_cancellation(original)
        return DatabaseUnavailable(type(original).__name__) if lost else None
    if context.is_disconnect or is_outage(cause):
        return DatabaseUnavailable(type(cause).__name__)
    return None


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool replace what the server hung up on, without a ping per request."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """The engine, its sessions, and statements without a session for hot paths."""

    def __init__(self, url: str, options: PoolOptions | None = None) -> None:
        """Prepare the pool; the first use connects."""
        self.engine = create_engine(url, options)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._prepared: dict[Executable, Prepared] = {}
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        reading = self.engine.execution_options(
            sqlite_begin="BEGIN", postgresql_readonly=not self.is_sqlite
        )
        self._reading = async_sessionmaker(reading, expire_on_commit=False)

    def session(self, *, read_only: bool = False) -> AsyncSession:
        """Return a new session; it takes a connection at its first statement."""
        return self._reading() if read_only else self._sessions()

    async def fetch_one(
        self, statement: Executable, parameters: Mapping[str, Any]
    ) -> Any | None:
        """Run one statement in its own transaction; return its first row or None.

        The way of the hot paths (ADR-0005): the statement is compiled once and
        runs as the driver's own prepared statement on a connection of the pool.

        Args:
            statement: A Core statement that is a constant of its module.
            parameters: Values of its ``bindparam`` names.

        Raises:
            DatabaseUnavailable: No connection, no answer, or the answer came too late.
        """
        rows = await self.fetch_all(statement, parameters)
        return rows[0] if rows else None

    async def fetch_all(
        self, statement: Executable, parameters: Mapping[str, Any]
    ) -> list[Any]:
        """Run one statement in its own transaction; return its rows, as fetch_one."""
        prepared = self._prepare(statement)
        arguments = prepared.arguments(parameters)
        async with self._driver() as driver:
            with traced(prepared.sql, self.engine.dialect.name):
                if self.is_sqlite:
                    rows = await driver.execute_fetchall(prepared.sql, arguments)
                else:
                    rows = await driver.fetch(prepared.sql, *arguments)
        return [prepared.convert(row) for row in rows]

    async def run_guarded(
        self, statements: Sequence[Executable], parameters: Mapping[str, Any]
    ) -> bool:
        """Run statements in one transaction on SQLite, if the first returns a row.

        PostgreSQL does the same in one statement with data-modifying CTEs, which
        SQLite does not have.
        """
        return await self._guarded(statements, parameters) is not None

    async def fetch_guarded(
        self, statements: Sequence[Executable], parameters: Mapping[str, Any]
    ) -> Any | None:
        """Do the same and return the first row of the last statement, or None."""
        rows = await self._guarded(statements, parameters)
        return self._prepare(statements[-1]).convert(rows[0]) if rows else None

    async def fetch_each(
        self, steps: Sequence[tuple[Executable, Mapping[str, Any]]]
    ) -> list[Any]:
        """Run statements in one transaction on SQLite.

        Args:
            steps: What returns a row when it may go on, and its values, in this order.

        Returns:
            The first row of each. The first None is the last: nothing ran after it,
            and what ran before it is kept.
        """
        found: list[Any] = []
        async with self._immediate() as driver:
            for statement, values in steps:
                prepared = self._prepare(statement)
                arguments = prepared.arguments(values)
                with traced(prepared.sql, "sqlite"):
                    rows = list(await driver.execute_fetchall(prepared.sql, arguments))
                found.append(prepared.convert(rows[0]) if rows else None)
                if not rows:
                    break
            await driver.execute_fetchall("COMMIT")
        return found

    async def _guarded(
        self, statements: Sequence[Executable], parameters: Mapping[str, Any]
    ) -> list[Any] | None:
        prepared = [self._prepare(statement) for statement in statements]
        rows: list[Any] = []
        async with self._immediate() as driver:
            for number, step in enumerate(prepared):
                arguments = step.arguments(parameters)
                with traced(step.sql, "sqlite"):
                    rows = list(await driver.execute_fetchall(step.sql, arguments))
                if number == 0 and not rows:
                    return None
            await driver.execute_fetchall("COMMIT")
        return rows

    @asynccontextmanager
    async def _immediate(self) -> AsyncIterator[Any]:
        """Lend SQLite's connection in a transaction; undo what is not committed."""
        async with self._driver() as driver:
            await driver.execute_fetchall("BEGIN IMMEDIATE")
            try:
                yield driver
            finally:
                if driver.in_transaction:
                    await driver.execute_fetchall("ROLLBACK")

    def _prepare(self, statement: Executable) -> Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = prepare(statement, self.engine.dialect)
            self._prepared[statement] = prepared
        return prepared

    @asynccontextmanager
    async def _driver(self) -> AsyncIterator[Any]:
        """Lend the driver's connection; whatever goes wrong is one kind of error."""
        try:
            connection = await self._lend()
        except Exception as error:
            raise DatabaseUnavailable(type(error).__name__) from error
        try:
            yield connection.driver_connection
        except Exception as error:
            if not is_refusal(error):
                connection.invalidate()  # stopped half-way: its state is unknown
            if is_outage(error):
                raise DatabaseUnavailable(type(error).__name__) from error
            raise
        except BaseException as error:
            connection.invalidate()
            if is_drivers_own_cancellation(error):
                lost = DatabaseUnavailable(type(error).__name__)
                raise lost from error  # noqa: ASYNC104  (nobody cancelled us)
            raise
        finally:
            if self.is_sqlite:  # whose driver rolls back, and waits for that
                await greenlet_spawn(connection.close)
            else:
                connection.close()

    async def _lend(self) -> PoolProxiedConnection:
        """Take a connection of the pool.

        Only waiting takes a greenlet, whose stack is mapped and unmapped each time:
        one connection that lies ready is taken without.
        """
        pool: Any = self.engine.sync_engine.pool
        if not self.is_sqlite and pool.checkedin():
            with suppress(MissingGreenlet):  # the server hung up on it: connect anew
                ready: PoolProxiedConnection = pool.connect()
                return ready
        lent: PoolProxiedConnection = await greenlet_spawn(pool.connect)
        return lent

    def pool_state(self) -> PoolState | None:
        """Return what becomes of the connections at this moment."""
        pool = self.engine.sync_engine.pool
        return pool.state() if isinstance(pool, WatchedPool) else None

    async def close(self) -> None:
        """Close every connection; who does not answer within a second is let go."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.engine.dispose(), timeout=1.0)


async def get_db(request: Request) -> AsyncIterator[AsyncSession]:
    """Lend a session and commit it before the answer leaves.

    Use it as ``Depends(get_db, scope="function")``: a failing commit is then a 5xx and
    never a 200. This is the one commit of a request.
    """
    database: Database = request.app.state.runtime.database
    async with database.session(read_only=request.method in _SAFE_METHODS) as db:
        yield db
        await db.commit()
