"""The form of a backup: one JSON array a line, the same for both databases (ADR-0040).

The first line says what it is, each other one is a row, and the last one how many rows
of which table there are and the SHA-256 of all lines before. A file without a last line
that fits is not whole, wherever it was cut or changed.
"""

import hashlib
import os
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import orjson
from sqlalchemy import LargeBinary, Table, Uuid

from app.models.base import UtcDateTime
from app.utils.private_file import create_private

FORMAT = "auth-serve-backup"
VERSION = 1
_TOTAL = 2**256


class BackupUnusable(Exception):
    """The file cannot be used; the text says why."""


@dataclass
class Sums:
    """What a set of rows comes to, in whatever order they come.

    Attributes:
        rows: How many, by table.
        content: The sum of their digests, by table.
    """

    rows: Counter[str] = field(default_factory=Counter)
    content: Counter[str] = field(default_factory=Counter)

    def add(self, table: str, line: bytes) -> None:
        """Count one row, as its line in the file."""
        self.rows[table] += 1
        digest = int.from_bytes(hashlib.sha256(line).digest(), "big")
        self.content[table] = (self.content[table] + digest) % _TOTAL


def encoded(table: Table, row: Sequence[Any]) -> bytes:
    """Return a row as a line, alike whichever database it came from."""
    cells = [table.name, *(_plain(value) for value in row)]
    return orjson.dumps(cells, option=orjson.OPT_SORT_KEYS) + b"\n"


def decoded(table: Table, cells: Sequence[Any]) -> dict[str, Any]:
    """Return the columns of a line, as the models have them."""
    pairs = zip(table.columns, cells, strict=True)
    return {column.name: _typed(column.type, value) for column, value in pairs}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return b64decode(value)
    return UUID(value) if isinstance(kind, Uuid) else value


class BackupWriter:
    """Writes a file that has its name only when it is whole, and checked."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        """Begin a draft beside it, which is readable for this user alone.

        Raises:
            BackupUnusable: There is a file of this name.
            OSError: Nothing can be written there.
        """
        if path.exists():
            raise BackupUnusable(f"{path} exists; choose another name")
        self._path = path
        self._draft = path.with_name(f"{path.name}.{os.getpid()}.part")
        # Closed by __exit__.
        self._file = open(create_private(self._draft), "wb")  # noqa: SIM115
        self._digest = hashlib.sha256()
        self.sums = Sums()
        self._put(
            orjson.dumps({"format": FORMAT, "version": VERSION, **header}) + b"\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        """Leave no draft behind."""
        self._file.close()
        self._draft.unlink(missing_ok=True)

    def add(self, table: Table, row: Sequence[Any]) -> None:
        """Write one row."""
        line = encoded(table, row)
        self.sums.add(table.name, line)
        self._put(line)

    def finish(self) -> None:
        """End the file, read all of it again, and give it its name.

        Raises:
            BackupUnusable: What was read is not what was written, or somebody took
                the name meanwhile.
        """
        rows = {str(name): count for name, count in self.sums.rows.items()}
        last = {"rows": rows, "sha256": self._digest.hexdigest()}
        self._file.write(orjson.dumps(last) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        if BackupFile(self._draft).check() != self.sums:
            raise BackupUnusable("what was read again is not what was written")
        try:
            os.link(self._draft, self._path)  # unlike a rename it replaces nothing
        except FileExistsError:
            raise BackupUnusable(f"{self._path} exists; choose another name") from None
        folder = os.open(self._path.absolute().parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _put(self, line: bytes) -> None:
        self._digest.update(line)
        self._file.write(line)


class BackupFile:
    """A file that says of itself that it is a backup."""

    def __init__(self, path: Path) -> None:
        """Read its first line.

        Raises:
            BackupUnusable: It is none.
        """
        self._path = path
        try:
            with path.open("rb") as file:
                self.header: dict[str, Any] = orjson.loads(file.readline())
            is_ours = self.header.get("format") == FORMAT
        except (ValueError, AttributeError):
            is_ours = False
        if not is_ours:
            raise BackupUnusable(f"{path} is no backup of this service")
        if self.header.get("version") != VERSION:
            raise BackupUnusable(f"{path} was made by a later release")

    def check(self) -> Sums:
        """Read all of it, and return what its rows come to.

        Raises:
            BackupUnusable: It is not whole.
        """
        sums, digest, last = Sums(), hashlib.sha256(), b""
        with self._path.open("rb") as file:
            for line in file:
                if last:
                    digest.update(last)
                    if last.startswith(b"["):
                        sums.add(last[2 : last.index(b'"', 2)].decode(), last)
                last = line
        try:
            said = orjson.loads(last) if last.endswith(b"\n") else {}
            is_whole = (
                said["sha256"] == digest.hexdigest() and said["rows"] == sums.rows
            )
        except (ValueError, KeyError, TypeError):
            is_whole = False
        if not is_whole:
            raise BackupUnusable(f"{self._path} is not whole: it was cut or changed")
        return sums

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield the rows of one table, after ``check``."""
        mark = b'["' + table.name.encode() + b'",'
        with self._path.open("rb") as file:
            for line in file:
                if line.startswith(mark):
                    yield decoded(table, orjson.loads(line)[1:])
