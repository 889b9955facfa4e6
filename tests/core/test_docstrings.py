"""Libraries of a server come without docstrings, and with everything else."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.late.docstrings import without
from tests.servers.service import ROOT

_SOURCE = '''
"""What the module says."""
first = "What the module says, used once more."

class Thing:
    """What the class says."""
    kind = "a kind"

    def told(self):
        """What the method says."""
        return "told"

    def again(self):
        """Said, and given back."""
        return "Said, and given back."

    def silent(self):
        return "first constant of a function without a docstring"

    async def later(self):
        """What the coroutine says."""

class Described:
    """Said, and kept as a text."""
    title = "Said, and kept as a text."

class Silent:
    kind = "first constant of a class without a docstring"

several = ["first constant of a comprehension" for _ in range(1)]
shorter = lambda: "first constant of a lambda"
'''
_SERVER = """
import sys
from app.core.late.docstrings import leave_out
leave_out()
sys.path.insert(0, sys.argv[1])
import app.core.clock
from sqlalchemy.orm import Session
assert "left out" == Session.__doc__ == Session.get.__doc__
from app.core.clock import SystemClock
assert "left out" == app.core.clock.__doc__ == SystemClock.now.__doc__
assert "left out" not in SystemClock.__doc__
import app.api.health
assert "left out" != app.api.health.live.__doc__
import checks
"""


def _docstrings(names: dict[str, Any]) -> set[str | None]:
    thing = names["Thing"]
    told = thing, *(getattr(thing, name) for name in ("told", "later"))
    return {each.__doc__ for each in told} | {str(names["__doc__"])}


def test_nothing_but_docstrings_is_left_out() -> None:
    names: dict[str, Any] = {}
    code = without(compile(_SOURCE, "source", "exec"))
    exec(code, names)
    assert _docstrings(names) == {"left out"}
    assert names["first"] == "What the module says, used once more."
    thing, silent = names["Thing"](), names["Silent"]
    assert (thing.kind, thing.told(), silent.__doc__) == ("a kind", "told", None)
    assert thing.again() == "Said, and given back."
    assert names["Described"].title == "Said, and kept as a text."
    assert thing.silent() == "first constant of a function without a docstring"
    assert silent.kind == "first constant of a class without a docstring"
    assert names["several"] == ["first constant of a comprehension"]
    assert names["shorter"]() == "first constant of a lambda"


@pytest.mark.parametrize("claim, status", [("True", 0), ("False", 1)])
def test_a_server_keeps_what_libraries_assert(
    tmp_path: Path, claim: str, status: int
) -> None:
    (tmp_path / "checks.py").write_text(f'"""Left out."""\nassert {claim}, "kept"\n')
    command = [sys.executable, "-c", _SERVER, str(tmp_path)]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert (b"AssertionError: kept" in done.stderr) is bool(status)
