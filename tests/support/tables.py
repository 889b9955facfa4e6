"""What all tables hold, for tests that demand that a request changed nothing."""

from sqlalchemy import select

from app.models import Base
from app.services.server.runtime import Runtime

Contents = dict[str, list[str]]


async def contents(runtime: Runtime) -> Contents:
    """Return every column of every row, by table, seen from outside.

    Attempts are counted even for what is refused, and the reason is kept beside it, as
    in a log: these tables are left out.
    """
    beside = ("answered_requests", "rate_limits", "refused_requests")
    found: Contents = {}
    async with runtime.database.session(read_only=True) as db:
        for table in Base.metadata.sorted_tables:
            if table.name not in beside:
                rows = await db.execute(select(table))
                found[table.name] = sorted(repr(tuple(row)) for row in rows)
    return found
