"""How many rows tables have, about, and whose indexes there are."""

from sqlalchemy import (
    Connection,
    Float,
    Integer,
    Select,
    String,
    bindparam,
    column,
    func,
    inspect,
    select,
    table,
)

_ESTIMATED: Select[float] = (
    select(column("reltuples", Float))
    .select_from(table("pg_class"))
    .where(column("oid", Integer) == func.to_regclass(bindparam("name", type_=String)))
)


def rows_of(connection: Connection, name: str) -> int:
    """Return about how many rows a table has.

    PostgreSQL's own estimate, which costs nothing, where it ever looked; else counted.
    """
    if connection.dialect.name != "sqlite":
        found = connection.execute(_ESTIMATED, {"name": f'"{name}"'}).scalar()
        if found is not None and found > 0:
            return int(found)
    query = select(func.count()).select_from(table(name))
    return int(connection.execute(query).scalar_one())


def table_of_index(connection: Connection) -> list[tuple[str, str]]:
    """Return each index with the table that it belongs to."""
    seen = inspect(connection)
    return [
        (str(index["name"]), name)
        for name in seen.get_table_names()
        for index in seen.get_indexes(name)
    ]
