"""What the drivers raise: what may pass is an outage, the rest is a defect of ours.

An outage is answered with 503 and ``Retry-After``. A defect is a statement that can
never work, however often it is tried: it is named here, and whatever is not named is an
outage. So an error that nobody thought of is never a 500.
"""

import asyncio

import asyncpg

# Classes of SQLSTATE (PostgreSQL, appendix A): what is not supported, too many rows,
# data, constraints, syntax and names, views, limits of a statement.
_DEFECTS = ("0A", "21", "22", "23", "42", "44", "54")
_NOT_ALLOWED = "42501"  # of class 42, and cured by whoever grants it
_CLIENT = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a server that dies half-way leaves behind
    asyncpg.InvalidCachedStatementError,  # a migration ran meanwhile
)
# Of the standard library: sockets and time limits, streams that end, a transport that
# is closed (uvloop), memory, a future that was given two ends.
_BENEATH = (
    OSError,
    EOFError,
    RuntimeError,
    MemoryError,
    BufferError,
    asyncio.InvalidStateError,
)
_SQLITE_PRIMARY = 0xFF  # of an error's code: the rest of it says why
_SQLITE_BUSY = 5
_SQLITE_FAULTY = (1, 25)  # SQLITE_ERROR: faulty SQL, no such table; SQLITE_RANGE
_SQLITE_DEFECTS = ("IntegrityError", "DataError", "NotSupportedError")
_AIOSQLITE_CLOSED = ("no active connection", "connection closed")


class DatabaseUnavailable(Exception):
    """No answer from the database; whether a write happened is unknown."""


def is_sqlite_error(error: BaseException, name: str = "Error") -> bool:
    """Tell whether it is one of SQLite's driver, of the class of this name.

    By name: where PostgreSQL is used, the driver and SQLite itself stay unloaded.
    """
    kinds = type(error).__mro__
    return any(kind.__module__ == "sqlite3" and kind.__name__ == name for kind in kinds)


def is_outage(error: BaseException) -> bool:
    """Tell whether a driver's error may pass; any other is a defect of ours."""
    if is_sqlite_error(error):
        return _is_sqlite_outage(error)
    if isinstance(error, _CLIENT):
        return True
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        return state == _NOT_ALLOWED or not state.startswith(_DEFECTS)
    closed = isinstance(error, ValueError) and str(error).lower() in _AIOSQLITE_CLOSED
    return closed or isinstance(error, _BENEATH)


def _is_sqlite_outage(error: BaseException) -> bool:
    """Locks, disks, files and memory pass, and so does a connection that is closed."""
    if any(is_sqlite_error(error, name) for name in _SQLITE_DEFECTS):
        return False
    if is_sqlite_error(error, "ProgrammingError"):
        return "closed" in str(error)
    code = getattr(error, "sqlite_errorcode", 0) & _SQLITE_PRIMARY
    return code not in _SQLITE_FAULTY


def is_sqlite_busy(error: BaseException) -> bool:
    """Tell whether SQLite refused because another holds a lock."""
    code = getattr(error, "sqlite_errorcode", 0) & _SQLITE_PRIMARY
    return is_sqlite_error(error) and code == _SQLITE_BUSY


def is_refusal(error: BaseException) -> bool:
    """Tell whether the database itself said no, on a connection that goes on."""
    return isinstance(error, asyncpg.PostgresError) or is_sqlite_error(error)


def is_drivers_own_cancellation(error: BaseException) -> bool:
    """Tell whether it looks like a cancellation, and nobody cancelled this task.

    A driver cancels what it waits for when its connection is lost.
    """
    task = asyncio.current_task()
    is_ours = task is not None and task.cancelling() > 0
    return isinstance(error, asyncio.CancelledError) and not is_ours
