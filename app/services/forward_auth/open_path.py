"""Paths of a host that are open to all: compared by characters, and never guessed at.

Proxy and program each read a path in their own way: one decodes ``%2e``, another joins
``//``, a third cuts off ``;x``. What two of them could read differently is not open,
and nobody loses more by that than a sign-in.
"""

import re
from collections.abc import Iterable

# As RFC 3986 section 3.3 has it, less ``;`` and everything encoded.
_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@/-]+")
_ODD = re.compile(r"//|/\.{1,2}(?:/|\Z)")


def is_plain(path: str) -> bool:
    """Tell whether everybody who reads a path reads the same."""
    return path[:1] == "/" and bool(_PLAIN.fullmatch(path)) and not _ODD.search(path)


def is_open(path: str, open_paths: Iterable[str]) -> bool:
    """Tell whether a path needs no sign-in.

    Args:
        path: As it came, without its query.
        open_paths: One that ends in ``/`` opens all below it, any other itself alone.
    """
    found = any(
        path.startswith(each) if each[-1] == "/" else path == each
        for each in open_paths
    )
    return found and is_plain(path)
