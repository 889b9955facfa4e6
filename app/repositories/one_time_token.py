"""SQL for everything that may be used once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update

from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.base import Order, Repository, chosen, upserting

# More than a mailbox can have been sent while the longest-lived of them works.
MAX_CODES = 200
_OLDEST_FIRST = Order((OneTimeToken.id,))
_NEWEST_FIRST = OneTimeToken.user_id.is_(None), OneTimeToken.id.desc()


class OneTimeTokenRepository(Repository[OneTimeToken]):
    """One-time tokens: added, superseded, tried and consumed, each in one statement."""

    async def consume(
        self, token_id: UUID, purpose: str, now: datetime
    ) -> OneTimeToken | None:
        """Use a token up and return it; None for one that is used, expired or unknown.

        Of any number of callers at once exactly one gets the row. Its account is locked
        before it, as by everybody else who ends tokens of an account: in the other
        order the two would wait for one another.
        """
        owner = select(User.id).join(OneTimeToken, OneTimeToken.user_id == User.id)
        owner = owner.where(OneTimeToken.id == token_id)
        await self.db.execute(owner.with_for_update(of=User))
        this = _usable(purpose, now) & (OneTimeToken.id == token_id)
        query = update(OneTimeToken).where(this).values(consumed_at=now)
        rows = await self.db.scalars(query.returning(OneTimeToken))
        return rows.one_or_none()

    async def count_try(
        self, token_id: UUID, purpose: str, now: datetime, most: int
    ) -> int | None:
        """Count a try at a usable token; return which it is, None when none is left.

        Parallel guesses cannot outrun it: each has counted before anybody compares.
        """
        this = _usable(purpose, now) & (OneTimeToken.id == token_id)
        query = update(OneTimeToken).where(this, OneTimeToken.attempts < most)
        query = query.values(attempts=OneTimeToken.attempts + 1)
        counted = await self.db.scalars(query.returning(OneTimeToken.attempts))
        return counted.one_or_none()

    async def by_id(self, token_id: UUID) -> OneTimeToken | None:
        """Return a token, usable or not."""
        query = select(OneTimeToken).where(OneTimeToken.id == token_id)
        return await self.one_or_none(query)

    async def add_new(self, row: OneTimeToken) -> bool:
        """Store a row at once, unless one with its id is there; tell whether it was.

        Of any number of callers at once exactly one stores it.
        """
        names = OneTimeToken.__table__.columns.keys()
        values = {name: getattr(row, name) for name in names}
        insert = upserting(self.db.get_bind().dialect.name)
        adding = insert(OneTimeToken).values(values).on_conflict_do_nothing()
        rows = await self.db.scalars(adding.returning(OneTimeToken.id))
        return rows.one_or_none() is not None

    async def peek(
        self, token_id: UUID, purpose: str, now: datetime
    ) -> OneTimeToken | None:
        """Return a token that could be consumed now; it decides nothing."""
        this = _usable(purpose, now) & (OneTimeToken.id == token_id)
        return await self.one_or_none(select(OneTimeToken).where(this))

    async def lock_usable(
        self, purpose: str, subject: str, now: datetime
    ) -> Sequence[OneTimeToken]:
        """Return the tokens that a typed code may belong to, newest first, locked.

        Whoever tries counts under the lock before anybody compares, so that parallel
        guesses cannot outrun it. Those of no account come last: strangers make them.
        """
        mine = _usable(purpose, now) & (OneTimeToken.subject == subject)
        query = select(OneTimeToken).where(mine).order_by(*_NEWEST_FIRST)
        query = query.limit(MAX_CODES)
        query = query.with_for_update().execution_options(populate_existing=True)
        return (await self.db.scalars(query)).all()

    async def is_pending(self, purpose: str, subject: str, now: datetime) -> bool:
        """Tell whether a subject has a usable token of a purpose."""
        mine = _usable(purpose, now) & (OneTimeToken.subject == subject)
        return bool(await self.db.scalar(select(exists().where(mine))))

    async def revoke(self, purpose: str, subject: str, now: datetime) -> None:
        """Use up all tokens of a subject for one purpose: a newer one replaces them."""
        await self._revoke(
            (OneTimeToken.purpose == purpose) & (OneTimeToken.subject == subject), now
        )

    async def revoke_for_user(
        self, user_id: UUID, now: datetime, spared: Collection[str] = ()
    ) -> None:
        """Use up every token of a user, but those of ``spared`` purposes."""
        mine = OneTimeToken.user_id == user_id
        if spared:
            mine &= OneTimeToken.purpose.not_in(spared)
        await self._revoke(mine, now)

    async def count_about(
        self, user_id: UUID, purpose: str, about: str, since: datetime
    ) -> int:
        """Count a user's tokens for a purpose that tell of one thing, used or not."""
        mine = (OneTimeToken.user_id == user_id) & (OneTimeToken.purpose == purpose)
        mine &= OneTimeToken.data["about"].as_string() == about
        mine &= OneTimeToken.created_at > since
        found = await self.db.scalar(select(func.count()).where(mine))
        return found or 0

    async def revoke_after(
        self, user_id: UUID, purpose: str, since: datetime, now: datetime
    ) -> None:
        """Use up a user's tokens for one purpose that were issued after an instant."""
        mine = (OneTimeToken.user_id == user_id) & (OneTimeToken.purpose == purpose)
        await self._revoke(mine & (OneTimeToken.created_at > since), now)

    async def revoke_purposes_for_user(
        self, user_id: UUID, purposes: Collection[str], now: datetime
    ) -> int:
        """Use up a user's tokens for these purposes; return how many there were."""
        mine = (OneTimeToken.user_id == user_id) & OneTimeToken.purpose.in_(purposes)
        return await self._revoke(mine, now)

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[OneTimeToken]:
        """Return a page of all that is stored about the user's tokens."""
        query = select(OneTimeToken).where(OneTimeToken.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def latest(
        self, purpose: str, now: datetime, subject: str | None = None
    ) -> OneTimeToken | None:
        """Return the newest usable token of a purpose, perhaps of one subject."""
        query = select(OneTimeToken).where(_usable(purpose, now))
        if subject is not None:
            query = query.where(OneTimeToken.subject == subject)
        query = query.order_by(OneTimeToken.id.desc()).limit(1)
        return await self.one_or_none(query)

    async def revoke_purpose(self, purpose: str, now: datetime) -> None:
        """Use up every token of a purpose."""
        await self._revoke(OneTimeToken.purpose == purpose, now)

    async def _revoke(self, which: ColumnElement[bool], now: datetime) -> int:
        """Use up several at once, locked in the order in which codes are tried."""
        unused = which & OneTimeToken.consumed_at.is_(None)
        rows = select(OneTimeToken.id).where(unused).order_by(*_NEWEST_FIRST)
        ids = chosen(rows.with_for_update())
        query: Any = update(OneTimeToken).where(OneTimeToken.id.in_(ids), unused)
        query = query.values(consumed_at=now).returning(OneTimeToken.id)
        return len((await self.db.scalars(query)).all())

    async def delete_expired(
        self, before: datetime, limit: int, purpose: str | None = None
    ) -> int:
        """Delete a batch of tokens that expired before an instant.

        Args:
            before: The instant.
            limit: How many at most.
            purpose: Of which; None means all.
        """
        expired = OneTimeToken.expires_at < before
        if purpose is not None:
            expired &= OneTimeToken.purpose == purpose
        return await self.delete_batch(OneTimeToken, OneTimeToken.id, expired, limit)


def _usable(purpose: str, now: datetime) -> ColumnElement[bool]:
    unused = OneTimeToken.consumed_at.is_(None) & (OneTimeToken.purpose == purpose)
    return unused & (OneTimeToken.expires_at > now)
