"""Counters, gauges and histograms over a block of numbers; no locks, no objects each.

prometheus-client's own take a lock and several calls for each number, and for several
processes a library's folder of files for each. Here a child is a place in the block,
looked up once in a dictionary, and the client writes what is read (ADR-0090).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.core.metrics.family import Family
from app.core.metrics.values import Key, Values, others


@dataclass(frozen=True, slots=True)
class Reading:
    """What one family says for one set of labels.

    Attributes:
        numbers: One; of a histogram what fell into each bucket, and the sum.
    """

    family: Family
    labels: tuple[str, ...]
    numbers: Sequence[float]


class Registry:
    """The numbers of a process by family."""

    def __init__(self, families: Iterable[Family], folder: Path | None = None) -> None:
        """Begin.

        Args:
            families: Everything that may be counted.
            folder: Where processes behind one port put theirs together.

        Raises:
            OSError: The folder cannot be used.
        """
        self._families = {each.name: each for each in families}
        self._folder = folder
        self._values = Values(folder)
        self._view = self._values.view
        self._places: dict[Key, int] = {}
        for (key, width), _ in self._values.slots.items():  # of a process before us
            family = self._families.get(key[0])
            if family is not None and family.kind == "gauge" and width == 1:
                self._view[self._place(family, key[1:])] = 0.0

    def add(
        self, family: Family, labels: tuple[str, ...] = (), by: float = 1.0
    ) -> None:
        """Count."""
        self._view[self._place(family, labels)] += by

    def set(self, family: Family, labels: tuple[str, ...], to: float) -> None:
        """Say what a gauge is now."""
        self._view[self._place(family, labels)] = to

    def observe(self, family: Family, labels: tuple[str, ...], value: float) -> None:
        """Sort a value into a histogram; one on a bound is below it (``le``)."""
        place = self._place(family, labels)
        view, bounds = self._view, family.bounds
        view[place + bisect_left(bounds, value)] += 1.0
        view[place + len(bounds) + 1] += value

    def _place(self, family: Family, labels: tuple[str, ...]) -> int:
        key = (family.name, *labels)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._values.slot(key, family.width)
        return place

    def read(self) -> list[Reading]:
        """Return the numbers of all processes together."""
        found: dict[Key, Reading] = {}
        for key, numbers, is_alive in self._everybodys():
            family = self._families.get(key[0])
            if family is None or len(numbers) != family.width:
                continue  # of another release
            if len(key) != len(family.labels) + 1:
                continue
            if family.kind == "gauge" and not is_alive:
                continue
            known = found.get(key)
            if known is not None:
                numbers = _merged(family, known.numbers, numbers)
            found[key] = Reading(family, key[1:], numbers)
        return list(found.values())

    def close(self) -> None:
        """Give the folder's files to who comes next."""
        self._values.close()

    def _everybodys(self) -> Iterator[tuple[Key, Sequence[float], bool]]:
        for key, numbers in self._values.read():
            yield key, numbers, True
        if self._folder is not None:
            yield from others(self._folder, self._values.number)


def _merged(
    family: Family, ours: Sequence[float], theirs: Sequence[float]
) -> Sequence[float]:
    join = max if family.kind == "gauge" and family.merged == "max" else _sum
    return [join(mine, other) for mine, other in zip(ours, theirs, strict=True)]


def _sum(mine: float, other: float) -> float:
    return mine + other
