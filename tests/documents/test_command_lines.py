"""Command lines that documents have people type are taken by the real commands."""

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from app.cli.commands import app
from tests.architecture.source import ROOT

_FENCE = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:^ {4}\S.*\n)+", re.MULTILINE)
_ANY_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
# What calls us: by the name, by the function of production.md, or by a path.
_CALLED = re.compile(r"(?:^|[\s(;|&])(?:\S*/)?(?:auth|new|auth-serve) ([a-z].*)")
# In a section that leaves the name of the program out.
_SHORT = re.compile(r"`((?:audit|key|mail|session|setup|user|webhook) [^`\n:]+)`")
_TREE: Any = typer.main.get_command(app)


def pages() -> list[Path]:
    """Return all pages that people write."""
    made = "<!-- Made by"
    every = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return [page for page in every if made not in page.read_text(encoding="utf-8")]


def typed(page: Path) -> Iterator[str]:
    """Yield what a page has people type, after the name of the program."""
    text = page.read_text(encoding="utf-8")
    prose = _ANY_FENCE.sub("", text)
    blocks = [*_FENCE.findall(text), *_INDENTED.findall(prose), *_CODE.findall(prose)]
    for block in blocks:
        for line in _whole(block.replace("\\\n", " ").splitlines()):
            called = _CALLED.search(line.split(" #")[0])
            if called and called[1].split()[0] in _TREE.commands:
                yield called[1]


def _whole(lines: list[str]) -> Iterator[str]:
    """Yield lines, those that a quotation mark leaves open with what follows."""
    kept = ""
    for line in lines:
        kept = f"{kept} {line}".strip()
        if kept.count("'") % 2 == kept.count('"') % 2 == 0:
            yield kept
            kept = ""


def _words(line: str) -> list[str]:
    """Return the words of a line up to where the shell goes on with another."""
    plain = re.sub(r"\$\([^)]*\)", "X", line).replace(" ...", "").replace(" …", "")
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    return list(takewhile(lambda word: word[0] not in ");<>|&", filter(None, lexer)))


def refusal(line: str) -> str | None:
    """Return why a command does not take a line, or nothing where it does."""
    command, words, name = _TREE, _words(line), ""
    while hasattr(command, "commands") and words:
        name, *words = words
        command = command.commands.get(name)
        if command is None:
            return f"no command {name}"
    try:
        context = command.context_class(command, info_name=name)
        _, too_many, _ = command.make_parser(context).parse_args(words)
    except TyperException as error:
        return error.format_message()
    return f"too many: {too_many}" if too_many else None


@pytest.mark.parametrize(
    "page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_each_line_is_taken(page: Path) -> None:
    refused = {line: why for line in typed(page) if (why := refusal(line))}

    assert refused == {}


@pytest.mark.parametrize(
    "line", ["user resett x", "schema plan --rows", "audit why a b c", "key list x"]
)
def test_a_wrong_line_is_noticed(line: str) -> None:
    assert refusal(line)


def test_what_nights_need_is_taken_by_its_short_name() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    night = text.partition("## Something is wrong at night\n")[2].partition("\n## ")[0]
    lines = _SHORT.findall(night)

    assert len(lines) > 5
    assert {line: why for line in lines if (why := refusal(line))} == {}


def test_lines_are_found() -> None:
    found = {page.name: len(list(typed(page))) for page in pages()}
    assert found["operations.md"] > 40
    assert found["production.md"] > 10
