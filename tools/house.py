"""How large the house is, and which of its rooms know one another.

``docs/architecture.md`` ends with this table; ``tests/architecture/test_sizes.py``
holds what is bounded in it.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from tools.source import functions, tree

ROOT = Path(__file__).parents[1]


def modules(house: str) -> dict[Path, ast.Module]:
    """Return the trees of all modules below a folder, by their path from the root."""
    return {
        path.relative_to(ROOT): tree(path)
        for path in sorted((ROOT / house).rglob("*.py"))
    }


def by_folder(house: str) -> Counter[str]:
    """Count the modules that lie in each folder itself."""
    return Counter(path.parent.as_posix() for path in modules(house))


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def two_way_pairs(house: str) -> list[tuple[str, str]]:
    """Return the folders that import one another; one inside of the other is one room.

    A list of what a folder holds, in its ``__init__``, is no use of it.
    """
    trees = modules(house)
    folders = {path.parent.as_posix().replace("/", ".") for path in trees}
    known: set[tuple[str, str]] = set()
    for path, module in trees.items():
        here = path.parent.as_posix().replace("/", ".")
        for name in _imported(module):
            there = name.rpartition(".")[0]
            there = name if name in folders else there
            if there in folders and not _is_within(here, there):
                known.add((here, there))
    pairs = combinations(sorted(folders), 2)
    return [(a, b) for a, b in pairs if {(a, b), (b, a)} <= known]


def _is_within(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def module_lines(house: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of each module, and which it is."""
    for path in modules(house):
        text = (ROOT / path).read_text(encoding="utf-8")
        yield len(text.splitlines()), path.as_posix()


def function_lines(house: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of each function, and which it is."""
    for path in modules(house):
        for node in functions(ROOT / path):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield lines, f"{path}::{node.name}"


def table() -> str:
    """Return the measures as Markdown."""
    lines = ["| Measure | `app` | `tests` | Bound |", "| --- | --- | --- | --- |"]
    houses = "app", "tests"
    counted = [by_folder(house) for house in houses]
    fullest = [max(found.items(), key=lambda each: each[1]) for found in counted]
    pairs = [len(two_way_pairs(house)) for house in houses]
    rows = [
        ("Modules", [str(found.total()) for found in counted], ""),
        ("Folders", [str(len(found)) for found in counted], ""),
        ("Fullest folder", [f"`{name}`: {n}" for name, n in fullest], "25"),
        ("Folders that import one another", [str(n) for n in pairs], "0"),
        ("Longest module, lines", _longest(module_lines), "400"),
        ("Longest function, lines", _longest(function_lines), "50 in `app`"),
    ]
    lines += [f"| {name} | {one} | {two} | {b} |" for name, (one, two), b in rows]
    lines += ["", "Modules of `app` by folder:", ""]
    lines += [f"- `{folder}`: {n}" for folder, n in sorted(counted[0].items())]
    return "\n".join(lines)


def _longest(measure: Callable[[str], Iterator[tuple[int, str]]]) -> list[str]:
    longest = [max(measure(house)) for house in ("app", "tests")]
    return [f"{n} (`{name}`)" for n, name in longest]
