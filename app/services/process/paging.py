"""Lists that come in pages, and the cursors that lead from one to the next."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from app.core.exceptions import BadRequest
from app.services.process.process import Process

Row = TypeVar("Row")


class InvalidCursor(BadRequest):
    """The cursor was not made by this listing, or was changed."""

    code = "invalid_cursor"
    title = "This cursor is not one of this list; start again without it"


class Pages:
    """Cursors of one request."""

    def __init__(self, process: Process, cursor: str | None, limit: int) -> None:
        """Hold what the caller sent."""
        self._process = process
        self._cursor = cursor
        self._limit = limit
        self.fetch = limit + 1  # the one more row tells whether there is a next page

    def after(self, listing: str) -> list[str] | None:
        """Return the key to go on behind.

        Raises:
            InvalidCursor: It belongs to another listing, or was changed.
        """
        if self._cursor is None:
            return None
        parts = self._process.secret_key.read_cursor(listing, self._cursor)
        if parts is None:
            raise InvalidCursor
        return parts

    async def by_id(
        self, listing: str, read: Callable[..., Awaitable[Sequence[Row]]]
    ) -> tuple[Sequence[Row], str | None]:
        """Return a page of a list in the order of ids, and the cursor as ``cut`` does.

        Args:
            listing: What is listed, and in which order.
            read: Returns rows; is given ``after`` and ``limit``.

        Raises:
            InvalidCursor: It belongs to another listing, or was changed.
        """
        after = self.after(listing)
        rows = await read(after=after and [UUID(after[0])], limit=self.fetch)
        return self.cut(listing, rows, lambda row: [str(row.id)])

    def cut(
        self, listing: str, rows: Sequence[Row], key: Callable[[Any], list[str]]
    ) -> tuple[Sequence[Row], str | None]:
        """Return the rows of this page, and the cursor if there is a next one.

        Args:
            listing: What is listed, and in which order.
            rows: Up to ``fetch`` of them.
            key: What the next page begins behind, taken from a row.
        """
        if len(rows) <= self._limit:
            return rows, None
        shown = rows[: self._limit]
        return shown, self._process.secret_key.cursor(listing, key(shown[-1]))
