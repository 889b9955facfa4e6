"""Several processes behind one port: one page tells of all, whoever is asked."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.core.metrics.family import DURATIONS, Family
from app.core.metrics.registry import Registry
from app.core.metrics.values import CAPACITY

COUNTED = Family("counted", "counter", "What was counted.", ("kind",))
TOOK = Family("took_seconds", "histogram", "How long it took.", (), DURATIONS)
BUSY = Family("busy", "gauge", "What is busy.")
OLDEST = Family("oldest_seconds", "gauge", "Age of the oldest.", (), merged="max")
ALL = (COUNTED, TOOK, BUSY, OLDEST)

_PROCESS = """
import os, sys
from pathlib import Path
from app.core.metrics.family import DURATIONS
from app.core.metrics.registry import Registry
from tests.metrics.test_processes import ALL, BUSY, COUNTED, OLDEST, TOOK

registry = Registry(ALL, Path(sys.argv[1]))
for _ in range(1_000):
    registry.add(COUNTED, ("a",))
    registry.observe(TOOK, (), 0.003)
registry.set(BUSY, (), 2)
registry.set(OLDEST, (), float(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
os._exit(int(sys.argv[2]))  # as one that is killed: nothing is given back
"""


def process(folder: Path, age: int) -> "subprocess.Popen[str]":
    begun = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(folder), str(age)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert begun.stdout is not None
    assert begun.stdout.readline() == "ready\n"
    return begun


def end(begun: "subprocess.Popen[str]") -> None:
    begun.communicate("\n", timeout=30)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Registry]]:
    with ExitStack() as stack:

        def open_one(families: Sequence[Family] = ALL) -> Registry:
            registry = Registry(families, tmp_path)
            stack.callback(registry.close)
            return registry

        yield open_one


def numbers(registry: Registry) -> dict[str, float]:
    return {each.family.name: each.numbers[0] for each in registry.read()}


def test_what_processes_counted_is_there_when_they_are_not(
    opened: Callable[..., Registry], tmp_path: Path
) -> None:
    mine = opened()
    mine.add(COUNTED, ("a",), 5)
    others = [process(tmp_path, age) for age in (7, 3)]

    alive = {each.family.name: each.numbers for each in mine.read()}
    for each in others:
        end(each)
    dead = {each.family.name: each.numbers for each in mine.read()}

    assert list(alive["counted"]) == [2_005]
    assert alive["took_seconds"][2] == 2_000
    assert alive["took_seconds"][-1] == pytest.approx(6.0)
    assert list(alive["busy"]) == [4]
    assert list(alive["oldest_seconds"]) == [7]
    assert dead["counted"] == alive["counted"]
    assert "busy" not in dead


def test_a_successor_goes_on_where_one_ended(
    opened: Callable[..., Registry], tmp_path: Path
) -> None:
    mine = opened()
    end(process(tmp_path, 1))

    successor = process(tmp_path, 1)

    try:
        assert numbers(mine)["counted"] == 2_000
        assert numbers(mine)["busy"] == 2
        assert len([*tmp_path.glob("*.values")]) == 2
    finally:
        end(successor)


def test_what_a_process_died_writing_hides_nothing(
    opened: Callable[..., Registry], tmp_path: Path
) -> None:
    end(process(tmp_path, 1))
    with open(tmp_path / "0.index", "a") as index:
        index.write('[99, 1, "coun')

    successor = opened()
    successor.add(COUNTED, ("b",))
    reader = opened()

    found = {reading.labels: reading.numbers[0] for reading in reader.read()}
    assert found["a",] == 1_000
    assert found["b",] == 1


def test_a_folder_of_another_release_is_understood_as_far_as_it_goes(
    opened: Callable[..., Registry],
) -> None:
    other = Family("took_seconds", "histogram", "How long it took.", (), (1, 2))
    gone = Family("gone", "counter", "What nobody counts any more.")
    before = opened([other, gone, COUNTED])
    before.observe(other, (), 1.5)
    before.add(gone)
    before.add(COUNTED, ("a",))

    now = opened()
    now.observe(TOOK, (), 1.5)

    found = {reading.family.name: reading for reading in now.read()}
    assert set(found) == {"counted", "took_seconds"}
    assert sum(found["took_seconds"].numbers[:-1]) == 1


def test_more_labels_than_there_is_room_for_break_nothing() -> None:
    registry = Registry(ALL)
    for number in range(CAPACITY + 10):
        registry.add(COUNTED, (str(number),))
    registry.add(COUNTED, ("0",))

    found = {reading.labels: reading.numbers[0] for reading in registry.read()}

    assert found["0",] == 2
    assert len(found) < CAPACITY
    assert set(found.values()) == {1, 2}
