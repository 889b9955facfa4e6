"""A small number for each of very many keys, where a dictionary would take too much."""

from array import array

_FIRST = 1_024  # slots
_MOST = 2**64


class Numbers:
    """By 64-bit key, a number below 2**32; 0 is what keys have that were never set.

    Some 20 bytes a key, where a dictionary of numbers takes 130. Keys have to be
    spread, as digests are: whoever chooses them could make it slow.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._keys = array("Q", (0,)) * _FIRST
        self._values = array("I", (0,)) * _FIRST
        self._count = 0

    def __len__(self) -> int:
        """Return how many keys were set."""
        return self._count

    def get(self, key: int) -> int:
        """Return the number of a key."""
        return self._values[self._slot(key)]

    def set(self, key: int, value: int) -> None:
        """Give a key another number, but for 0."""
        slot = self._slot(key)
        if not self._values[slot]:
            self._keys[slot] = key % _MOST
            self._count += 1
        self._values[slot] = value
        if 3 * self._count > 2 * len(self._keys):
            self._grow()

    def _slot(self, key: int) -> int:
        """Return where a key is, or would be."""
        key %= _MOST
        keys, values, last = self._keys, self._values, len(self._keys) - 1
        slot = key & last
        while values[slot] and keys[slot] != key:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._keys = array("Q", (0,)) * (2 * len(keys))
        self._values = array("I", (0,)) * (2 * len(keys))
        for key, value in zip(keys, values, strict=True):
            if value:
                slot = self._slot(key)
                self._keys[slot], self._values[slot] = key, value
