"""Files that pages load, each at an address that holds its digest and never changes."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fastapi import Request

FOLDER = Path(__file__).parents[1] / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_COMMENT = re.compile(rb"/\*.*?\*/\n?", re.DOTALL)
_BETWEEN = re.compile(rb"\s*([{};>])\s*|(?<=[,:]) +|\n+")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """What is served under a name.

    Attributes:
        tag: Begins the digest of the content; part of the address.
    """

    content: bytes
    media_type: str
    tag: str


@cache
def names() -> frozenset[str]:
    """Return the files that may be asked for: ours, not those of others."""
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in _TYPES)


def _squeezed(sheet: bytes) -> bytes:
    """Return a sheet of ours without what is for who reads the file."""
    dense = _BETWEEN.sub(lambda found: found[1] or b"", _COMMENT.sub(b"", sheet))
    return dense.replace(b";}", b"}")


@cache
def static_file(name: str) -> StaticFile:
    """Return a file of ``names``."""
    path = FOLDER / name
    content = path.read_bytes()
    if path.suffix == ".css":
        content = _squeezed(content)
    tag = hashlib.sha256(content).hexdigest()[:16]
    return StaticFile(content, _TYPES[path.suffix], tag)


def in_transit(content: bytes, request: Request) -> tuple[bytes, dict[str, str]]:
    """Return what is sent of a public file, packed where the browser takes that.

    Nothing else is packed: a page has secrets and what others wrote beside each other,
    and its length would tell of them (BREACH).
    """
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return content, headers
    return _packed(content), headers | {"Content-Encoding": "gzip"}


@lru_cache(maxsize=8)
def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def address(name: str) -> str:
    """Return where a file is served, for as long as it is this one."""
    place = "" if name.startswith("favicon") else "/static"
    return f"{place}/{name}?v={static_file(name).tag}"
