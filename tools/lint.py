"""flake8 with all its rules, for less than half of the time.

``flake8-async`` takes nine tenths of it: each of its visitors works out anew where each
node of a module stands. Here that is worked out once, and modules whose text has
nothing that these rules are about are spared them.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import flake8_async
from flake8.main.cli import main
from flake8_async.runner import Flake8AsyncRunner_cst
from libcst import MetadataWrapper

# What any of its rules begins with: a keyword, or a library of that kind.
_MATTER = re.compile("async|await|anyio|trio")


class _AsyncRules(flake8_async.Plugin):  # type: ignore[misc]  # it is untyped
    """The plug-in, where it may find something."""

    def __init__(self, tree: Any, lines: Sequence[str], filename: str) -> None:
        """Take what flake8 gives it."""
        self._concerns = any(map(_MATTER.search, lines))
        if self._concerns:
            super().__init__(tree, lines, filename)

    def run(self) -> Iterable[Any]:
        """Return what the rules found."""
        return super().run() if self._concerns else ()


class _Visits(Flake8AsyncRunner_cst):  # type: ignore[misc]  # it is untyped
    """All visitors over one module that none of them changes."""

    def run(self) -> Iterable[Any]:
        """Return what they found."""
        module = MetadataWrapper(self.module, unsafe_skip_copy=True)
        for visitor in (*self.utility_visitors, *self.visitors):
            module.visit(visitor)
        yield from self.state.problems


if __name__ == "__main__":
    vars(flake8_async).update(Plugin=_AsyncRules, Flake8AsyncRunner_cst=_Visits)
    sys.exit(main())
