"""Which accounts a list is about, and accounts as operators look at them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.access.group import Group, GroupMember
from app.models.base import UtcDateTime
from app.models.passkey import Passkey
from app.models.recovery_code import RecoveryCode
from app.models.totp import Totp
from app.models.user import User
from app.repositories.base import Order, Repository, first_id, paged
from app.repositories.statements.held_roles import holders_of, own_roles_of
from app.repositories.statements.user_search import Search, found_by

SORTS = {
    "created_at": Order((User.id,)),
    "-created_at": Order((User.id,), descending=True),
    "email": Order((User.email_canonical, User.id)),
    "-email": Order((User.email_canonical, User.id), descending=True),
}


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which accounts are meant; what is None does not matter.

    Attributes:
        role: Who has it, given to themselves or carried by a group.
        second_factor: Whether they have a passkey or an authenticator app.
        created_from: From then on; the time is read from the id, which is the index.
        created_until: Before then.
        group: Who is in the group of this name.
    """

    search: Search | None = None
    status: str | None = None
    role: str | None = None
    verified: bool | None = None
    second_factor: bool | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    group: str | None = None


async def filtered(
    db: AsyncSession, query: Select[Any], wanted: UserFilter
) -> Select[Any]:
    """Return a query for accounts with the conditions of a filter."""
    if wanted.search:
        query = query.where(await found_by(db, wanted.search))
    if wanted.status:
        query = query.where(User.status == wanted.status)
    if wanted.role:
        query = query.where(User.id.in_(holders_of(wanted.role)))
    if wanted.group is not None:
        members = select(GroupMember.user_id).join(Group)
        members = members.where(Group.name_key == wanted.group.lower())
        query = query.where(User.id.in_(members))
    if wanted.verified is not None:
        query = query.where(User.email_verified.is_(wanted.verified))
    if wanted.second_factor is not None:
        query = query.where(_has_factor(wanted.second_factor))
    if wanted.created_from:
        query = query.where(User.id >= first_id(wanted.created_from))
    if wanted.created_until:
        query = query.where(User.id < first_id(wanted.created_until))
    return query


def _has_factor(has: bool) -> ColumnElement[bool]:
    """Return the condition that an account has a second factor, or that it has none.

    Who has some is one set: PostgreSQL reads it first where they are few, and asks it
    of one account after another where they are many. Of ``EXISTS`` of either it only
    does the second, all through the accounts where nobody has any.
    """
    tables = (Passkey, Totp)
    if has:
        return User.id.in_(union_all(*(select(table.user_id) for table in tables)))
    return ~or_(*(exists().where(table.user_id == User.id) for table in tables))


class ListedUser(NamedTuple):
    """An account, with the roles given to itself, from the same statement."""

    user: User
    roles: tuple[str, ...]


class HeldFactor(NamedTuple):
    """Something that an account can prove; of recovery codes, one row for all left.

    Attributes:
        kind: ``passkey``, ``totp`` or ``recovery_code``.
        name: What its owner calls a passkey.
        left: How many codes are left.
    """

    kind: str
    name: str | None
    created_at: datetime
    last_used_at: datetime | None
    left: int


class UserDirectory(Repository[User]):
    """Accounts as operators look at them: each answer is one statement or two."""

    async def list_page(
        self,
        wanted: UserFilter,
        *,
        sort: str,
        after: Sequence[Any] | None,
        limit: int,
    ) -> list[ListedUser]:
        """Return a page of accounts that meet every filter given."""
        query = await filtered(self.db, _listed(), wanted)
        rows = await self.db.execute(paged(query, SORTS[sort], after, limit))
        return [_named(row) for row in rows]

    async def by_ids(self, user_ids: Collection[UUID]) -> list[ListedUser]:
        """Return those of these accounts that there are, the oldest first."""
        query = _listed().where(User.id.in_(user_ids)).order_by(User.id)
        return [_named(row) for row in await self.db.execute(query)]

    async def factors_of(self, user_id: UUID) -> list[HeldFactor]:
        """Return what an account can prove besides its password."""
        none, one = literal(None, String), literal(1)
        passkeys = select(
            literal("passkey").label("kind"),
            Passkey.name.label("name"),
            Passkey.created_at,
            Passkey.last_used_at,
            one.label("left_over"),
        ).where(Passkey.user_id == user_id)
        totps = select(
            literal("totp"), none, Totp.created_at, Totp.last_used_at, one
        ).where(Totp.user_id == user_id)
        codes = (
            select(
                literal("recovery_code"),
                none,
                func.min(RecoveryCode.created_at),
                literal(None, UtcDateTime()),
                func.count(),
            )
            .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
            .having(func.count() > 0)
        )
        rows = await self.db.execute(passkeys.union_all(totps, codes))
        return sorted(HeldFactor(*row) for row in rows)


def _listed() -> Any:
    return select(User, own_roles_of(User.id).label("roles"))


def _named(row: Any) -> ListedUser:
    return ListedUser(row.User, tuple(sorted((row.roles or "").split())))
