"""Numbers in one block of memory, which other processes can read while they change.

A process alone keeps them to itself. Processes behind one port keep them in files of
one folder, mapped into memory: adding costs the same, whoever is asked for metrics can
add up all of them, and what a process counted is there still when it is not.

Only the event loop's thread writes. A double that another process reads half-written
does not exist: it is aligned, and stored in one instruction.
"""

import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CAPACITY = 32_768  # numbers; what is never used takes no memory
_SPARE = 64  # at the beginning: where what has no place any more is written
_MOST_PROCESSES = 1_024
Key = tuple[str, ...]
"""Name of the family, then the values of its labels."""


class Values:
    """The numbers of this process."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin with none, or go on with what a process before left in the folder.

        Args:
            folder: Of all processes behind one port; it has to exist.

        Raises:
            OSError: The folder cannot be written to.
        """
        self._index: BinaryIO | None = None
        self._next = _SPARE
        self._held: BinaryIO | None = None
        self.number: int | None = None
        self.slots: dict[tuple[Key, int], int] = {}
        block: Any = bytearray(CAPACITY * 8)
        if folder is not None:
            block = self._take(folder)
        self.view: memoryview[float] = memoryview(block).cast("d")

    def slot(self, key: Key, width: int) -> int:
        """Return where the numbers of a key begin; made when it is first asked for."""
        known = self.slots.get((key, width))
        if known is not None:
            return known
        if self._next + width > CAPACITY:
            return 0  # in the spare room: counted nowhere, and nothing breaks
        made = self.slots[key, width] = self._next
        self._next += width
        for place in range(made, made + width):  # who died here may have begun there
            self.view[place] = 0.0
        if self._index is not None:
            self._index.write(json.dumps([made, width, *key]).encode() + b"\n")
            self._index.flush()
        return made

    def read(self) -> Iterator[tuple[Key, list[float]]]:
        """Yield each key and its numbers."""
        for (key, width), slot in self.slots.items():
            yield key, list(self.view[slot : slot + width])

    def close(self) -> None:
        """Let a successor go on with the files; what is counted still is in memory."""
        for file in (self._index, self._held):
            if file is not None:
                file.close()
        self._index = self._held = None

    def _take(self, folder: Path) -> mmap.mmap:
        """Map the first file that no living process holds."""
        for number in range(_MOST_PROCESSES):
            held = open(folder / f"{number}.values", "a+b")  # noqa: SIM115  (kept)
            if _hold(held):
                break
            held.close()
        else:
            raise OSError(f"{folder} is full")
        os.ftruncate(held.fileno(), CAPACITY * 8)
        self._held, self.number = held, number
        index = folder / f"{number}.index"
        for key, slot, width in _indexed(index):
            self.slots[key, width] = slot
            self._next = max(self._next, slot + width)
        self._index = open(index, "ab")  # noqa: SIM115  (kept open)
        self._index.write(b"\n")  # after what a process died writing
        return mmap.mmap(held.fileno(), CAPACITY * 8)


def others(folder: Path, mine: int | None) -> Iterator[tuple[Key, list[float], bool]]:
    """Yield what the other processes of a folder have.

    Returns:
        Each key, its numbers, and whether its process is alive: what it counted
        counts in any case, and what it was like does not.
    """
    for file in sorted(folder.glob("*.values")):
        if file.stem == str(mine):
            continue
        with open(file, "rb") as values:
            is_alive = not _hold(values, shared=True)
            numbers = memoryview(values.read(CAPACITY * 8).ljust(CAPACITY * 8, b"\0"))
        block: memoryview[float] = numbers.cast("d")
        for key, slot, width in _indexed(file.with_suffix(".index")):
            yield key, list(block[slot : slot + width]), is_alive


def _hold(file: Any, *, shared: bool = False) -> bool:
    """Lock a file until it is closed, or tell that a living process has it."""
    import fcntl  # here: no Windows has it, where one process serves alone

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _indexed(file: Path) -> Iterator[tuple[Key, int, int]]:
    """Yield key, place and width of what a file's neighbour holds."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            slot, width, *key = json.loads(line)
        except ValueError:
            continue  # it is being written, or was when its process died
        yield tuple(key), slot, width
