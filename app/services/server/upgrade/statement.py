"""What a statement of a migration locks, for whom, and for how long about.

PostgreSQL 18, "Explicit Locking" and the pages of each statement. SQLite has one lock
for whoever writes, and readers go on beside it (WAL).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

_NAME = r'"?(\w+)"?'
# Seconds a row, on a small machine: on the safe side of what docs/operations.md
# measured with millions. ``schema rehearse`` measures the own machine.
_READING, _BUILDING, _WRITING = 1e-6, 3e-6, 3e-5
_TRIGRAMS = 4e-5
_BRIEF = 0.01


class Kind(StrEnum):
    """What a step is to the release before."""

    EXPAND = "expand"
    BACKFILL = "backfill"
    CONTRACT = "contract"


class Mode(StrEnum):
    """Lock modes of PostgreSQL, the weakest first; one that SQLite has comes last."""

    NONE = "none"
    ACCESS_SHARE = "ACCESS SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
    ONE_WRITER = "the one writer of SQLite"


_KEEPS_OUT = {
    Mode.SHARE: "writers",
    Mode.SHARE_ROW_EXCLUSIVE: "writers",
    Mode.ACCESS_EXCLUSIVE: "readers and writers",
    Mode.ONE_WRITER: "writers",
}


@dataclass(frozen=True, slots=True)
class Lock:
    """A table, and how it is locked until the transaction ends."""

    table: str
    mode: Mode

    @property
    def keeps_out(self) -> str:
        """Say who waits meanwhile; empty when nobody does."""
        return _KEEPS_OUT.get(self.mode, "")


def telling(held: Iterable[tuple[Lock, float]]) -> dict[Lock, float]:
    """Return which locks somebody would notice, and for how many seconds each is held.

    Of a table's locks a weaker one only if it is held for longer than all stronger.
    """
    longest: dict[Lock, float] = {}
    for lock, seconds in held:
        longest[lock] = max(seconds, longest.get(lock, 0.0))
    modes = list(Mode)
    strongest_first = sorted(
        longest, key=lambda lock: (lock.table, -modes.index(lock.mode))
    )
    told: dict[Lock, float] = {}
    so_far: dict[str, float] = {}
    for lock in strongest_first:
        if longest[lock] > so_far.get(lock.table, -1.0):
            told[lock] = so_far[lock.table] = longest[lock]
    return told


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement does to tables that were there before its migration.

    Attributes:
        per_row: Seconds for each row of the first table locked.
        reads_all: It looks at every row, or writes it, while the lock is held.
    """

    sql: str
    kind: Kind
    locks: tuple[Lock, ...] = ()
    per_row: float = 0.0
    reads_all: bool = False

    def seconds(self, rows: Mapping[str, int]) -> float:
        """Estimate how long it takes, with so many rows in each table."""
        table = self.locks[0].table if self.locks else ""
        return _BRIEF + rows.get(table, 0) * self.per_row


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    mode: Mode
    kind: Kind = Kind.EXPAND
    per_row: float = 0.0
    reads_all: bool = False


_ALTER = rf"ALTER TABLE (?:ONLY )?(?:IF EXISTS )?{_NAME} "
_CHANGE = rf"{_ALTER}ALTER (?:COLUMN )?"
_EXCLUSIVE, _BESIDE = Mode.ACCESS_EXCLUSIVE, Mode.SHARE_UPDATE_EXCLUSIVE
_CONTRACT, _BACKFILL = Kind.CONTRACT, Kind.BACKFILL
# The first that fits counts.
_RULES = tuple(
    (re.compile(rule.pattern, re.IGNORECASE | re.DOTALL), rule)
    for rule in (
        _Rule(rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME}", Mode.NONE),
        _Rule(
            rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*? ON {_NAME} USING gin",
            _BESIDE,
            per_row=_TRIGRAMS,
        ),
        _Rule(
            rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*? ON {_NAME}",
            _BESIDE,
            per_row=_BUILDING,
        ),
        _Rule(
            rf"CREATE (?:UNIQUE )?INDEX .*? ON {_NAME}",
            Mode.SHARE,
            per_row=_BUILDING,
            reads_all=True,
        ),
        _Rule(r"DROP INDEX CONCURRENTLY (?:IF EXISTS )?(\w+)", _BESIDE),
        _Rule(r"DROP INDEX (?:IF EXISTS )?(\w+)", _EXCLUSIVE),
        _Rule(rf"DROP TABLE (?:IF EXISTS )?{_NAME}", _EXCLUSIVE, _CONTRACT),
        _Rule(rf"{_ALTER}DROP (?:COLUMN )?(?!CONSTRAINT)", _EXCLUSIVE, _CONTRACT),
        _Rule(rf"{_ALTER}DROP CONSTRAINT", _EXCLUSIVE),
        _Rule(rf"{_ALTER}RENAME", _EXCLUSIVE, _CONTRACT),
        # A constant default is kept beside the rows; what varies is written into each.
        _Rule(
            rf"{_ALTER}ADD (?:COLUMN )?(?!CONSTRAINT).*(?:DEFAULT [\w.]*\w+ ?\("
            r"|DEFAULT CURRENT_|GENERATED ALWAYS|SERIAL|UNIQUE|PRIMARY KEY)",
            _EXCLUSIVE,
            per_row=_WRITING,
            reads_all=True,
        ),
        # Whoever does not know the column cannot write a row.
        _Rule(
            rf"{_ALTER}ADD (?:COLUMN )?(?!CONSTRAINT)(?!.*DEFAULT).*NOT NULL",
            _EXCLUSIVE,
            _CONTRACT,
            per_row=_READING,
            reads_all=True,
        ),
        _Rule(rf"{_ALTER}ADD (?:COLUMN )?(?!CONSTRAINT)", _EXCLUSIVE),
        _Rule(rf"{_ALTER}ADD CONSTRAINT .*NOT VALID", _EXCLUSIVE),
        _Rule(
            rf"{_ALTER}ADD CONSTRAINT .*FOREIGN KEY.* REFERENCES {_NAME}",
            Mode.SHARE_ROW_EXCLUSIVE,
            _CONTRACT,
            per_row=_BUILDING,
            reads_all=True,
        ),
        _Rule(
            rf"{_ALTER}ADD CONSTRAINT",
            _EXCLUSIVE,
            _CONTRACT,
            per_row=_BUILDING,
            reads_all=True,
        ),
        _Rule(rf"{_ALTER}VALIDATE CONSTRAINT", _BESIDE, per_row=_READING),
        _Rule(
            rf"{_CHANGE}\w+ SET NOT NULL",
            _EXCLUSIVE,
            _CONTRACT,
            per_row=_READING,
            reads_all=True,
        ),
        # Widening writes nothing anew; that it only widens is the migration's word.
        _Rule(rf"{_CHANGE}\w+ (?:SET DATA )?TYPE (?:VARCHAR|TEXT)", _EXCLUSIVE),
        _Rule(
            rf"{_CHANGE}\w+ (?:SET DATA )?TYPE",
            _EXCLUSIVE,
            _CONTRACT,
            per_row=_WRITING,
            reads_all=True,
        ),
        _Rule(rf"{_CHANGE}\w+ SET STATISTICS", _BESIDE),
        _Rule(_CHANGE, _EXCLUSIVE),
        _Rule(_ALTER, _EXCLUSIVE, _CONTRACT),
        _Rule(rf"ANALYZE {_NAME}", _BESIDE),
        _Rule(
            rf"(?:UPDATE|DELETE FROM) {_NAME}",
            Mode.ROW_EXCLUSIVE,
            _BACKFILL,
            per_row=_WRITING,
            reads_all=True,
        ),
        _Rule(rf"INSERT INTO {_NAME}", Mode.ROW_EXCLUSIVE),
        # What reads rows does so to change them; how many, only its run knows.
        _Rule(
            rf"SELECT .* FROM {_NAME}",
            Mode.ACCESS_SHARE,
            _BACKFILL,
            per_row=_WRITING,
        ),
        _Rule(r"CREATE EXTENSION", Mode.NONE),
    )
)


class UnknownStatement(ValueError):
    """No rule says what it locks: write one before a migration uses it."""


def effect_of(
    sql: str, is_sqlite: bool, table_of: Callable[[str], str | None] | None = None
) -> Effect:
    """Say what a statement does.

    Args:
        sql: One statement.
        is_sqlite: Whose locks are told.
        table_of: The table of an index, by its name; None when there is no such index.

    Raises:
        UnknownStatement: No rule knows it.
    """
    line = " ".join(sql.split())
    rule, tables = _rule_for(line)
    if line.upper().startswith("DROP INDEX"):
        tables = [table_of(tables[0] or "") if table_of else None]
    mode = rule.mode
    if line.upper().startswith("CREATE TABLE"):  # what it refers to is locked, briefly
        tables = re.findall(rf"REFERENCES {_NAME}", line)
        mode = Mode.SHARE_ROW_EXCLUSIVE
    if is_sqlite and mode not in (Mode.NONE, Mode.ACCESS_SHARE):
        mode = Mode.ONE_WRITER
    named = [table for table in dict.fromkeys(tables) if table and mode != Mode.NONE]
    locks = tuple(Lock(table, mode) for table in named)
    return Effect(line, rule.kind, locks, rule.per_row, rule.reads_all)


def _rule_for(line: str) -> tuple[_Rule, list[str | None]]:
    """Return the rule, and the tables or the index that the statement names."""
    for pattern, rule in _RULES:
        if found := pattern.match(line):
            return rule, list(found.groups())
    raise UnknownStatement(line[:200])
