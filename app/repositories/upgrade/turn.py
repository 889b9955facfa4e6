"""One process at a time, for what takes long: until its end, however that comes."""

import os
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from app.database import PoolOptions, create_engine
from app.database_url import read_database_url


@asynccontextmanager
async def alone(url: str, options: PoolOptions, name: str) -> AsyncIterator[bool]:
    """Yield whether nobody else is at it; as long as this one is, nobody else will be.

    PostgreSQL holds the lock in a transaction of its own, which poolers leave where it
    is, and which has no snapshot that would keep dead rows. SQLite has no such lock:
    there it is one of the folder that the database is in.

    Args:
        url: Of the database.
        options: How to connect to it.
        name: Of what is done.
    """
    address = read_database_url(url).url
    async with AsyncExitStack() as stack:
        if address.get_backend_name() == "sqlite":
            yield _locked(Path(address.database or "").absolute().parent, stack)
            return
        engine = create_engine(url, options)
        stack.push_async_callback(engine.dispose)
        turn = await stack.enter_async_context(engine.connect())
        number = zlib.crc32(f"auth-serve:{name}".encode())
        query = text(f"SELECT pg_try_advisory_xact_lock({number})")
        mine = bool(await turn.scalar(query))
        # Not before: what was selected last keeps its snapshot until what is next.
        await turn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield mine


def _locked(folder: Path, stack: AsyncExitStack) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows; batches of two at once do no harm
        return True
    opened = os.open(folder, os.O_RDONLY)
    stack.callback(os.close, opened)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
