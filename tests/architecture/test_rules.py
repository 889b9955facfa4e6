"""House rules that a tree can show, each with the places that may break it."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from app.core.redaction import redact
from app.models import Base
from tests.architecture.source import ROOT, modules

_SYSTEM = {"app/core/clock.py", "app/core/randomness.py"}
_NAMES = {
    "BackgroundTasks": set[str](),
    "BaseHTTPMiddleware": set[str](),
    "create_task": {
        "app/jobs/worker.py",
        "app/repositories/statements/personal_token.py",  # a note; lost, it comes again
        "app/repositories/statements/together.py",  # promised to nobody: all wait
        "app/services/process/closing.py",  # waited for, within bounds
        "app/services/process/refused_request.py",  # lost, the log still says it
        "app/services/server/secret_key/presence.py",  # ended with what it speaks of
    },
    "token_bytes": _SYSTEM,
    "url_for": set[str](),
    "urandom": _SYSTEM,
    "utcnow": set[str](),
    "uuid4": _SYSTEM,
}
_DOTTED = {
    "datetime.now": _SYSTEM,
    "import secrets": _SYSTEM,  # the module: clients of the protocol have secrets too
    "request.url": set[str](),
    # A supervisor keeps no clock for tests: its module would weigh as much as itself.
    "time.monotonic": _SYSTEM | {"app/cli/workers/supervisor.py"},
    "time.time": _SYSTEM,
}
_COMMITS = {
    "app/database.py",
    "app/repositories/unit_of_work.py",
    "app/services/process/process.py",
}


def _mentions(tree: ast.AST) -> Iterator[str]:
    """Yield names and ``owner.name`` pairs that code (not text) speaks of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
            owner = node.value
            if isinstance(owner, ast.Attribute):
                yield f"{owner.attr}.{node.attr}"
            elif isinstance(owner, ast.Name):
                yield f"{owner.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            yield from (f"import {alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield f"import {node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (alias.name for alias in node.names)


@cache
def _mentioned() -> dict[str, frozenset[str]]:
    return {path: frozenset(_mentions(tree)) for path, tree in modules().items()}


@pytest.mark.parametrize("name", sorted(_NAMES | _DOTTED))
def test_what_is_banned_is_used_only_where_it_may(name: str) -> None:
    allowed = (_NAMES | _DOTTED)[name]

    users = {path for path, names in _mentioned().items() if name in names}

    assert users <= allowed


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now()",
        "dt.datetime.now()",
        "from time import time",
        "import secrets",
        "from secrets import token_hex",
    ],
)
def test_the_search_sees_what_it_looks_for(line: str) -> None:
    seen = set(_mentions(ast.parse(line)))

    assert seen & (_NAMES.keys() | _DOTTED.keys())


def _bare_commits(path: str, tree: ast.Module) -> Iterator[str]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            line = lines[node.lineno - 1]
            if "uow.commit()  # " not in line:
                yield f"{path}:{node.lineno}"


def test_only_the_unit_of_work_commits_unless_a_line_says_why() -> None:
    bare = [
        place
        for path, tree in modules().items()
        if path not in _COMMITS
        for place in _bare_commits(path, tree)
    ]

    assert bare == []


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield each text of a tree, with an ellipsis where it has a value."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    elif isinstance(tree, ast.JoinedStr):
        parts = (getattr(part, "value", None) for part in tree.values)
        yield "".join(part if isinstance(part, str) else "…" for part in parts)
    else:
        for child in ast.iter_child_nodes(tree):
            yield from _texts(child)


def _reasons(tree: ast.AST) -> Iterator[str]:
    """Yield what refusals say: what is raised, and what is called a hint."""
    for node in ast.walk(tree):
        named = isinstance(node, ast.keyword) and node.arg == "hint"
        if named or isinstance(node, ast.Raise):
            yield from _texts(node)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "hint":
            yield from _texts(node)


@pytest.mark.parametrize(
    "line",
    [
        "raise InvalidToken(f'no ID token: {error}')",
        "refuse(hint='no ID token: …')",
        "hint = f'no ID token: {error}'",
    ],
)
def test_the_search_sees_reasons(line: str) -> None:
    assert list(_reasons(ast.parse(line))) == ["no ID token: …"]


def test_no_reason_is_taken_for_a_secret() -> None:
    """A hint that the redaction bites into leaves operators without the reason."""
    reasons = [text for tree in modules().values() for text in _reasons(tree)]

    assert len(reasons) > 100
    assert [text for text in reasons if redact(text) != text] == []


def test_every_table_states_how_long_its_rows_are_kept() -> None:
    silent = [
        mapper.class_.__name__
        for mapper in Base.registry.mappers
        if not getattr(mapper.class_, "retention", "")
    ]

    assert len(list(Base.registry.mappers)) > 5
    assert silent == []
