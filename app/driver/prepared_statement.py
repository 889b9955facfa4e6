"""Core statements in the driver's own words, compiled once."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.engine import Dialect


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as the driver takes it.

    Attributes:
        sql: Its text, with the driver's own placeholders.
        names: Parameters in the order of the placeholders.
        fixed: Values that the statement brings itself.
        binders: What turns a value into the driver's, by parameter.
        converters: What turns the driver's value into ours, by place of the column.
        row: Makes a named row of the values of the columns.
    """

    sql: str
    names: Sequence[str]
    fixed: Mapping[str, Any]
    binders: Mapping[str, Callable[[Any], Any]]
    converters: Sequence[tuple[int, Callable[[Any], Any]]]
    row: Callable[[Iterable[Any]], Any]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the values of the placeholders, in order."""
        values = {**self.fixed, **parameters}
        binders = self.binders
        return [
            binders[name](values[name]) if name in binders else values[name]
            for name in self.names
        ]

    def convert(self, raw: Sequence[Any]) -> Any:
        """Return a row of the driver with the types of the columns."""
        values = list(raw)
        for at, to in self.converters:
            values[at] = to(values[at])
        return self.row(values)


def prepare(statement: Executable, dialect: Dialect) -> Prepared:
    """Compile a statement; the result is kept, for it takes as long as running it."""
    assert isinstance(statement, ClauseElement)
    compiled: Any = statement.compile(dialect=dialect)
    columns = compiled._result_columns
    fixed = {
        name: bind.effective_value
        for name, bind in compiled.binds.items()
        if not bind.required
    }
    return Prepared(
        sql=compiled.string,
        names=tuple(compiled.positiontup or ()),
        fixed=fixed,
        binders=dict(compiled._bind_processors),
        converters=tuple(
            (at, convert)
            for at, column in enumerate(columns)
            if (convert := column.type._cached_result_processor(dialect, None))
        ),
        row=_maker([column.keyname for column in columns]),
    )


def _maker(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    kind: Any = namedtuple
    make: Callable[[Iterable[Any]], Any] = kind("Row", names)._make
    return make
