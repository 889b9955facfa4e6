"""What an upgrade will do, step by step, and for how long somebody waits for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, inspect
from sqlalchemy.engine import Dialect

from app.database import Database
from app.repositories.schema import SchemaRepository
from app.repositories.upgrade.table_size import rows_of, table_of_index
from app.services.server.schema import SchemaMismatch
from app.services.server.upgrade.backfill import Due, due_backfills
from app.services.server.upgrade.recording import COMMIT, Recorded, record, revisions
from app.services.server.upgrade.statement import (
    Effect,
    Kind,
    Lock,
    effect_of,
    telling,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock of a step, and for how long about it is held."""

    lock: Lock
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One migration.

    Attributes:
        seconds: How long it takes, about.
        beside: Whether the release that the database is of now keeps running.
        runs_from: The first schema whose release keeps running, where not all do.
        after_backfill: Whose backfills have to be done before.
    """

    revision: str
    title: str
    kinds: tuple[Kind, ...]
    statements: tuple[str, ...]
    locks: tuple[Held, ...]
    backfills: tuple[str, ...]
    seconds: float
    beside: bool
    runs_from: str | None
    after_backfill: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps from the database's revision to this release's.

    Attributes:
        due: Rows that are left to do now, or will be after the steps.
    """

    engine: str
    revision: str | None
    steps: tuple[Step, ...]
    due: tuple[Due, ...]

    @property
    def beside(self) -> bool:
        """Tell whether the release of now keeps running until the end, and after."""
        return all(step.beside for step in self.steps)


async def plan_of(database: Database) -> Plan:
    """Look at the database, which stays as it is, and tell what an upgrade will do.

    Raises:
        SchemaMismatch: The database is not of this service.
    """
    revision = await SchemaRepository(database).revision()
    if revision is not None and not revision.isdecimal():
        raise SchemaMismatch("the database has a schema of another program")
    reading = database.engine.execution_options(sqlite_begin="BEGIN")
    async with reading.connect() as connection:
        return await connection.run_sync(_plan, revision)


def recorded_effects(
    recorded: Recorded, dialect: Dialect, indexes: Mapping[str, str]
) -> list[list[Effect]]:
    """Return what a migration's statements do, by transaction.

    Locks of tables that it makes itself are left out: nobody can wait for those.
    """
    known, made = dict(indexes), set[str]()
    transactions: list[list[Effect]] = [[]]
    for sql in recorded.statements:
        if sql == COMMIT:
            transactions.append([])
            continue
        words = sql.replace("(", " ").split()
        effect = effect_of(sql, dialect.name == "sqlite", known.get)
        if words[:2] == ["CREATE", "TABLE"]:
            made.add(words[2])
        if "INDEX" in words[:3] and words[0] == "CREATE" and effect.locks:
            known[words[words.index("ON") - 1]] = effect.locks[0].table
        transactions[-1].append(beyond(effect, made))
    return transactions


def beyond(effect: Effect, made: Collection[str]) -> Effect:
    """Return an effect without locks of tables that its own migration made."""
    locks = tuple(lock for lock in effect.locks if lock.table not in made)
    if locks == effect.locks:
        return effect
    return Effect(effect.sql, Kind.EXPAND, locks)


def _plan(connection: Connection, revision: str | None) -> Plan:
    present = set(inspect(connection).get_table_names())
    rows = {table: rows_of(connection, table) for table in sorted(present)}
    indexes = dict(table_of_index(connection))

    def look(query: Executable) -> Any:
        return connection.execute(query).scalar()

    recorded = [record(r, connection.dialect, look) for r in revisions(revision)]
    steps = []
    open_: list[tuple[str, list[Effect]]] = []
    closed: list[list[tuple[str, list[Effect]]]] = []
    for each in recorded:
        first, *others = recorded_effects(each, connection.dialect, indexes)
        open_.append((each.revision, first))
        for transaction in others:
            closed.append(open_)
            open_ = [(each.revision, transaction)]
    closed.append(open_)
    held = _held(closed, rows)
    for each in recorded:
        mine = [
            e for tx in closed for r, found in tx if r == each.revision for e in found
        ]
        steps.append(_step(each, mine, held.get(each.revision, []), rows, revision))
    due = due_backfills(connection, revision)
    return Plan(connection.dialect.name, revision, tuple(steps), tuple(due))


def _held(
    transactions: Sequence[Sequence[tuple[str, Sequence[Effect]]]],
    rows: Mapping[str, int],
) -> dict[str, list[Held]]:
    """Return the locks of each migration; one is held until its transaction ends."""
    held: dict[str, list[tuple[Lock, float]]] = {}
    for transaction in transactions:
        effects = [(name, effect) for name, found in transaction for effect in found]
        left = sum(effect.seconds(rows) for _, effect in effects)
        for name, effect in effects:
            held.setdefault(name, []).extend((lock, left) for lock in effect.locks)
            left -= effect.seconds(rows)
    return {
        name: [Held(lock, rows.get(lock.table, 0), t) for lock, t in telling(f).items()]
        for name, f in held.items()
    }


def _step(
    recorded: Recorded,
    effects: Sequence[Effect],
    held: Sequence[Held],
    rows: Mapping[str, int],
    revision: str | None,
) -> Step:
    backfills = {
        lock.table
        for effect in effects
        for lock in effect.locks
        if effect.kind is Kind.BACKFILL
    }
    kinds = {effect.kind for effect in effects} or {Kind.EXPAND}
    since = recorded.unused_since or recorded.revision
    return Step(
        recorded.revision,
        recorded.title,
        tuple(kind for kind in Kind if kind in kinds),
        tuple(effect.sql for effect in effects),
        tuple(held),
        tuple(sorted(backfills)),
        sum(effect.seconds(rows) for effect in effects),
        Kind.CONTRACT not in kinds or revision is None or revision >= since,
        since if Kind.CONTRACT in kinds else None,
        recorded.after_backfill,
    )
