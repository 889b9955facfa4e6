"""The protocol engine stands alone, so that another service could use it as it is."""

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.architecture.source import modules

_OURS = ("app.oauth", "app.core.jose")


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield every module that a tree imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            whole = "." * node.level + (node.module or "")
            if whole in ("app", "app.core"):
                yield from (f"{whole}.{alias.name}" for alias in node.names)
            else:
                yield whole


def _is_allowed(name: str) -> bool:
    is_ours = any(name == ours or name.startswith(f"{ours}.") for ours in _OURS)
    return is_ours or name.partition(".")[0] in sys.stdlib_module_names


def test_the_engine_imports_nothing_but_itself_and_jose() -> None:
    engine = {
        path: sorted(name for name in _imported(tree) if not _is_allowed(name))
        for path, tree in modules().items()
        if path.startswith("app/oauth/")
    }

    assert len(engine) > 5
    assert {path: names for path, names in engine.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import fastapi",
        "import app.config",
        "from app import config",
        "from app.core import clock",
        "from app.core.clock import now",
        "from app.core.jose_tools import sign",
        "from app.models.user import User",
        "from joserfc import jws",
        "from ..core import jose",
        "def f():\n    import sqlalchemy",
    ],
)
def test_the_search_sees_what_it_looks_for(line: str) -> None:
    assert not all(_is_allowed(name) for name in _imported(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["import json", "from app.core import jose", "from app.oauth.pkce import x"]
)
def test_the_search_lets_pass_what_it_should(line: str) -> None:
    assert all(_is_allowed(name) for name in _imported(ast.parse(line)))


_WORLD = {"asyncio", "http", "os", "random", "secrets", "socket", "sqlite3", "time"}


def test_the_engine_does_not_reach_outside() -> None:
    reaching = [
        (path, name)
        for path, tree in modules().items()
        if path.startswith("app/oauth/")
        for name in _imported(tree)
        if name.partition(".")[0] in _WORLD
    ]

    assert reaching == []
