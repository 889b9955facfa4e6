"""On which engines a test runs: both, or one of them.

Most tests are about what people see, and which database lies below decides nothing.
Whoever runs the whole suite again and again runs each of them on one engine, always the
same one, half of them on each (``turns``). The gate runs ``others`` besides, each test
on the other engine; who names the tests to run gets them on both. What is about
databases runs on both always.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from zlib import crc32

ENGINES = ("sqlite", "postgresql")
CHOICES = {
    "both": "each test on both",
    "turns": "taking turns",
    "others": "each where it is not by turns",
}
ALWAYS_BOTH = ("tests/database/", "tests/operation/test_backup.py")


def left_out(nodeids: Iterable[str], choice: str) -> set[str]:
    """Return the tests whose other half, on the other engine, stands for them.

    Args:
        nodeids: As pytest names tests: ``tests/x/test_y.py::test_z[sqlite-more]``.
        choice: One of `CHOICES`.
    """
    if choice == "both":
        return set()
    pairs: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for nodeid in nodeids:
        test, _, case = nodeid.removesuffix("]").partition("[")
        parts = case.split("-")
        for engine in ENGINES:
            if engine in parts and not test.startswith(ALWAYS_BOTH):
                pairs["-".join([test, *_without(parts, engine)])][engine] = nodeid
    return {
        pair[ENGINES[(crc32(name.encode()) + (choice == "others")) % 2]]
        for name, pair in pairs.items()
        if len(pair) == len(ENGINES)
    }


def _without(parts: Sequence[str], engine: str) -> list[str]:
    at = parts.index(engine)
    return [*parts[:at], *parts[at + 1 :]]
