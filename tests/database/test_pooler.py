"""A pooler in transaction mode: another server process may run each transaction."""

from sqlalchemy import Integer, bindparam, select, text

from app.database import Database, PoolOptions

_KEPT = text("SELECT name FROM pg_prepared_statements")
_ECHO = select(bindparam("number", type_=Integer))


async def test_no_statement_is_kept_where_the_next_server_process_lacks_it(
    postgres_url: str,
) -> None:
    options = PoolOptions(pool_size=1, prepared_statements=False)
    database = Database(postgres_url, options)

    async with database.session() as db:
        for number in range(3):
            await db.execute(_ECHO, {"number": number})
        kept = (await db.scalars(_KEPT)).all()
    echoed = [await database.fetch_one(_ECHO, {"number": n}) for n in range(3)]
    async with database.session() as db:
        kept_later = (await db.scalars(_KEPT)).all()

    await database.close()
    assert [list(kept), list(kept_later)] == [[], []]
    assert [list(row) for row in echoed if row] == [[0], [1], [2]]
