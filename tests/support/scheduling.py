"""Which tests a worker runs after each other, and which ones come first.

Tests that share processes of their own run on one worker, so that these start once.
What starts processes takes longest for its number of tests: it comes first, so that no
worker ends with a minute of it while the other has nothing left.
"""

from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARING = ("tests/interop/", "tests/races/")  # fixtures of the scope "package"
LONG = (*SHARING, "tests/operation/", "tests/documents/", "tests/database/")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it is untyped
    """A module after the other to whoever is free, in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Return what runs on one worker: a module, or a folder whose tests share."""
    module = nodeid.partition("::")[0]
    return next((folder for folder in SHARING if module.startswith(folder)), module)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort whole scopes; within one of them, tests stay as they were."""
    sizes = Counter(scope_of(item.nodeid) for item in items)

    def place(item: pytest.Item) -> tuple[bool, bool, int]:
        scope = scope_of(item.nodeid)
        return not scope.startswith(SHARING), not scope.startswith(LONG), -sizes[scope]

    items.sort(key=place)
