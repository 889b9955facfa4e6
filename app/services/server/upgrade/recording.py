"""Migrations run against nothing, so that their statements are known beforehand."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Executable, text
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.visitors import iterate

from app.models import Base
from app.repositories.schema import MIGRATIONS
from app.repositories.upgrade.backfill import Backfill

COMMIT = "COMMIT"
_FILES = MIGRATIONS / "versions"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a migration would send.

    Attributes:
        statements: In their order; ``COMMIT`` where the transaction ends in between.
        unused_since: For what drops something: the first schema whose release names
            it nowhere.
        after_backfill: Whose backfills have to be done before.
    """

    revision: str
    title: str
    statements: list[str]
    unused_since: str | None
    after_backfill: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration says of rows.

    Attributes:
        backfill: Which it leaves as they were.
        after_backfill: Whose backfills have to be done before.
    """

    revision: str
    backfill: Backfill | None
    after_backfill: tuple[str, ...]


def migrations() -> list[Migration]:
    """Return all of them, the oldest first."""
    loaded = [(number, _load(number)) for number in revisions(None)]
    return [
        Migration(number, getattr(module, "backfill", None), _waits_for(module))
        for number, module in loaded
    ]


def revisions(after: str | None) -> list[str]:
    """Return the numbers of the migrations behind one, the oldest first."""
    numbers = sorted(file.name[:4] for file in _FILES.glob("[0-9]" * 4 + "_*.py"))
    return [number for number in numbers if after is None or number > after]


def record(
    revision: str,
    dialect: Dialect,
    look: Callable[[Executable], Any],
) -> Recorded:
    """Return what a migration would send; nothing of it is sent.

    Args:
        revision: Its number.
        dialect: Of the database.
        look: Answers what is asked of the server's own catalog, as a scalar.
    """
    module = _load(revision)
    since = getattr(module, "unused_since", None)
    return Recorded(
        revision,
        _first_sentences(module),
        _sent(module.upgrade, dialect, look),
        since,
        _waits_for(module),
    )


def record_back(
    revision: str, dialect: Dialect, look: Callable[[Executable], Any]
) -> tuple[str, list[str]]:
    """Return what a migration says of the way back from it, and what that would send.

    Args:
        revision: Its number.
        dialect: Of the database.
        look: Answers what is asked of the server's own catalog, as a scalar.
    """
    module = _load(revision)
    sent = _sent(module.downgrade, dialect, look)
    return _first_sentences(module.downgrade), sent


def _sent(
    work: Callable[[], None], dialect: Dialect, look: Callable[[Executable], Any]
) -> list[str]:
    connection = _Recorder(dialect, look)
    # It stands for a connection, and answers what migrations ask of one.
    context = _Context(dialect, connection, {})  # type: ignore[arg-type]
    with Operations.context(context):
        work()
    return connection.statements


def _first_sentences(of: object) -> str:
    return " ".join((of.__doc__ or "").strip().partition("\n\n")[0].split())


def _waits_for(module: ModuleType) -> tuple[str, ...]:
    numbers: tuple[str, ...] = getattr(module, "after_backfill", ())
    return numbers


def _load(revision: str) -> ModuleType:
    [file] = _FILES.glob(f"{revision}_*.py")
    spec = importlib.util.spec_from_file_location(f"migration_{revision}", file)
    if spec is None or spec.loader is None:
        raise ImportError(str(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Context(MigrationContext):
    """Notes where a transaction ends instead of ending one."""

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        recorder: Any = self.connection
        recorder.statements.append(COMMIT)
        recorder.is_autocommit = True
        yield
        recorder.is_autocommit = False


@dataclass
class _Recorder:
    """Stands where Alembic expects a connection."""

    dialect: Dialect
    look: Callable[[Executable], Any]
    statements: list[str] = field(default_factory=list)
    is_autocommit: bool = False
    _extends: bool = False

    def execute(self, construct: Any, _parameters: Any = None) -> "_Answer":
        """Note a statement; nobody's rows are found."""
        construct = text(construct) if isinstance(construct, str) else construct
        sql = str(construct.compile(dialect=self.dialect)).strip()
        if _is_catalogs(construct, sql):
            # What CREATE EXTENSION would have brought is as good as there.
            return _Answer(self.look(construct) or ("public" if self._extends else 0))
        self._extends |= sql.startswith("CREATE EXTENSION")
        self.statements.append(sql)
        if self.is_autocommit:
            self.statements.append(COMMIT)
        return _Answer(None)

    def in_transaction(self) -> bool:
        """Say that there is one, as there will be."""
        return True


def _is_catalogs(construct: Any, sql: str) -> bool:
    """Tell a question that the server answers from what it knows of itself."""
    if not sql.upper().startswith("SELECT"):
        return False
    ours = {*Base.metadata.tables}
    named = {getattr(part, "name", None) for part in iterate(construct)}
    return not (named & ours or ours & {*sql.replace(",", " ").split()})


@dataclass(frozen=True, slots=True)
class _Answer:
    value: Any

    def scalar(self) -> Any:
        """Return what the catalog said, or nothing."""
        return self.value or None

    scalar_one = scalar

    def all(self) -> list[Any]:
        """Return no row."""
        return []
