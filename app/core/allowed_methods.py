"""Which methods an address takes, over all of its routes (RFC 9110 section 10.2.1)."""

from collections.abc import Iterable
from typing import Any


def allowed_methods(path: str, routes: Iterable[Any]) -> str:
    """Return the value of ``Allow``: a router names those of its first route only.

    Args:
        path: The address.
        routes: Of the router.
    """
    methods = {"OPTIONS"}
    for route in routes:
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(path):
            methods |= set(getattr(route, "methods", None) or ())
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
