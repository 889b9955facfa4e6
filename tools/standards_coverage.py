"""Make docs/standards.md: which rules of the standards have a test, and where.

A test of the protocol, of the engine or over HTTP, begins its docstring with the
sections that it holds the server to, and then the rule:
``RFC 6749 §4.1.2.1, RFC 9700 §4.11: no redirect without a known client``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.source import functions

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
_STANDARD = r"(?:RFC \d+|(?:OIDC|OAuth) [A-Z][A-Za-z -]*?)"
_SECTION = r"(?:§\d[\d.]*(?:-§?[\d.]+)?|appendix [A-Z](?:\.\d+)*)"
_MORE = rf"(?:(?:, | and ){_SECTION})*"
_CITATION = re.compile(rf"({_STANDARD}) ({_SECTION}{_MORE})")
_FIRST = re.compile(rf"({_CITATION.pattern}(?:, {_CITATION.pattern})*): (.+)")
_HEAD = """# Standards

<!-- Made by `python -m tools.generate_docs`; do not edit. -->

What the standards demand of a server, section by section, and the test that shows it.
`oauth/` is the engine alone; the others ask the running service. Tests are named from
`tests/`.
"""


class Rule(NamedTuple):
    """One row: a section, what it demands, and the test."""

    standard: str
    section: str
    text: str
    test: str


def read_rules(docstring: str, test: str) -> Iterator[Rule]:
    """Yield what a docstring cites; nothing if it cites nothing."""
    first = " ".join(docstring.split("\n\n")[0].split())
    found = _FIRST.fullmatch(first)
    if found is None:
        return
    text = found.groups()[-1].rstrip(".")
    for standard, sections in _CITATION.findall(found[1]):
        for section in re.findall(_SECTION, sections):
            yield Rule(standard, section, text, test)


def docstrings(folder: Path = TESTS) -> Iterator[tuple[str, str]]:
    """Yield every test by its name, with its docstring."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in functions(path):
            if node.name.startswith("test_"):
                place = f"{path.relative_to(folder).as_posix()}::{node.name}"
                yield place, ast.get_docstring(node) or ""


def _order(rule: Rule) -> tuple[bool, list[int], str, str]:
    numbers = [int(digits) for digits in re.findall(r"\d+", rule.section)]
    return rule.section.startswith("appendix"), numbers, rule.section, rule.test


def _rank(standard: str) -> tuple[bool, int, str]:
    """Put RFCs first, by number, then the others by name."""
    number = re.fullmatch(r"RFC (\d+)", standard)
    return number is None, int(number[1]) if number else 0, standard


def standards() -> str:
    """Return the page."""
    rules = [rule for test, words in docstrings() for rule in read_rules(words, test)]
    lines = [_HEAD]
    for standard in sorted({rule.standard for rule in rules}, key=_rank):
        lines += [
            f"## {standard}",
            "",
            "| Section | Rule | Test |",
            "| --- | --- | --- |",
        ]
        for rule in sorted((r for r in rules if r.standard == standard), key=_order):
            text = rule.text.replace("|", "\\|")
            lines.append(f"| {rule.section} | {text} | `{rule.test}` |")
        lines.append("")
    return "\n".join(lines)
