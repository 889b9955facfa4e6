"""The statements behind every page that asks who sits at the browser.

One round trip each, as those of the API (see ``session.py``).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, exists, select, update

from app.database import Database
from app.models.session import Session
from app.models.user import User

MAX_ACCOUNTS = 5
_IDS = tuple(f"id{number}" for number in range(MAX_ACCOUNTS))
_NOW = bindparam("now", type_=Session.expires_at.type)
_LIVE = (Session.revoked_at.is_(None), Session.expires_at > _NOW)
_ACCOUNTS = (
    select(
        Session.id.label("session_id"),
        Session.user_id,
        Session.counter,
        Session.amr,
        Session.authenticated_at,
        Session.refreshed_at,
        User.email,
        User.name,
        User.locale,
    )
    .join(User, User.id == Session.user_id)
    .where(
        Session.id.in_([bindparam(name, type_=Session.id.type) for name in _IDS]),
        User.status == "active",
        *_LIVE,
    )
)
_IDLE_END = bindparam("idle_end", type_=Session.expires_at.type)
_PROLONG = (
    update(Session)
    .where(
        Session.id == bindparam("id", type_=Session.id.type),
        Session.refreshed_at <= bindparam("before", type_=Session.refreshed_at.type),
        *_LIVE,
        exists().where(User.id == Session.user_id, User.status == "active"),
    )
    .values(
        refreshed_at=_NOW,
        expires_at=case(
            (Session.absolute_expires_at < _IDLE_END, Session.absolute_expires_at),
            else_=_IDLE_END,
        ),
    )
    .returning(Session.id)
)


class BrowserSessionStatements:
    """What is read with each page, and the one write that it may cause."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database

    async def accounts(self, session_ids: Sequence[UUID], now: datetime) -> list[Any]:
        """Return the live sessions of active accounts among these, in any order.

        Args:
            session_ids: One to five.
            now: When a session has to be live.
        """
        surplus = MAX_ACCOUNTS - len(session_ids)
        ids = [*session_ids, *[session_ids[0]] * surplus]
        parameters = {**dict(zip(_IDS, ids, strict=True)), "now": now}
        return await self._database.fetch_all(_ACCOUNTS, parameters)

    async def prolong(
        self, session_id: UUID, *, now: datetime, before: datetime, idle_end: datetime
    ) -> bool:
        """Note that a session is in use; tell whether this was the call that did.

        An ended session stays ended, and none lasts past its absolute end.

        Args:
            session_id: Which.
            now: When it is used.
            before: It was last noted at this instant or earlier; else nothing happens.
            idle_end: When it will end unless it is used again.
        """
        parameters = {
            "id": session_id,
            "now": now,
            "before": before,
            "idle_end": idle_end,
        }
        return await self._database.fetch_one(_PROLONG, parameters) is not None
