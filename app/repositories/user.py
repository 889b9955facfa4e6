"""SQL for accounts and their roles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, or_, select

from app.models.oauth.grant import OAuthGrant
from app.models.passkey import Passkey
from app.models.role import UserRole
from app.models.session import Session
from app.models.totp import Totp
from app.models.user import User
from app.repositories.base import Repository, chosen
from app.repositories.statements.held_roles import held_roles_of, holders_of
from app.repositories.statements.user_directory import SORTS
from app.typed_text import PARKED


class UserRepository(Repository[User]):
    """Accounts, found by id or by the canonical form of their address."""

    async def by_id(self, user_id: UUID, *, lock: bool = False) -> User | None:
        """Return the account, and with ``lock`` keep others from changing it."""
        query = select(User).where(User.id == user_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def locked(self, user_ids: Iterable[UUID]) -> dict[UUID, User]:
        """Return accounts by id; others wait in line, and nobody for two of them."""
        query = select(User).where(User.id.in_(list(user_ids))).order_by(User.id)
        found = await self.db.scalars(query.with_for_update())
        return {user.id: user for user in found}

    async def by_email(self, canonical: str, *, lock: bool = False) -> User | None:
        """Return the account with this canonical address."""
        query = select(User).where(User.email_canonical == canonical)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def has_second_factor(
        self, user_id: UUID, *, before: datetime | None = None
    ) -> bool:
        """Tell whether an account has a passkey or an app, perhaps one of before."""
        passkey = exists().where(Passkey.user_id == user_id)
        totp = exists().where(Totp.user_id == user_id)
        if before is not None:
            passkey = passkey.where(Passkey.created_at < before)
            totp = totp.where(Totp.created_at < before)
        return bool(await self.db.scalar(select(or_(passkey, totp))))

    async def roles_of(self, user_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
        """Return the sorted names of roles that each user was given themselves.

        Users without any are absent.
        """
        query = select(UserRole).where(UserRole.user_id.in_(list(user_ids)))
        roles: dict[UUID, list[str]] = {}
        for row in await self.db.scalars(query.order_by(UserRole.role)):
            roles.setdefault(row.user_id, []).append(row.role)
        return roles

    async def held_roles_of(self, user_id: UUID) -> list[str]:
        """Return the sorted names of all roles of a user, those of groups too."""
        held = await self.db.scalar(select(held_roles_of(user_id)))
        return sorted((held or "").split())

    async def emails_of(self, user_ids: Iterable[UUID]) -> dict[UUID, str]:
        """Return the addresses of accounts that still exist."""
        query = select(User.id, User.email).where(User.id.in_(list(user_ids)))
        return {row.id: row.email for row in await self.db.execute(query)}

    async def add_roles(self, user_id: UUID, roles: Iterable[str]) -> None:
        """Make the user a member of these roles."""
        rows = [{"user_id": user_id, "role": role} for role in roles]
        if rows:
            await self.db.execute(insert(UserRole), rows)

    async def add_role_of_all(self, user_ids: Iterable[UUID], role: str) -> None:
        """Make all these users members of a role."""
        rows = [{"user_id": user_id, "role": role} for user_id in user_ids]
        if rows:
            await self.db.execute(insert(UserRole), rows)

    async def remove_roles(self, user_id: UUID, roles: Iterable[str]) -> None:
        """End the user's membership in these roles."""
        mine = UserRole.user_id == user_id
        query = delete(UserRole).where(mine, UserRole.role.in_(list(roles)))
        await self.db.execute(query)

    async def count_active_members(self, role: str) -> int:
        """Return how many active accounts with a role somebody can sign in to.

        An invitation that nobody accepted is not one: its address may be mistyped.
        """
        query = select(func.count()).select_from(User)
        usable = User.email_verified | User.password_hash.is_not(None)
        query = query.where(
            User.id.in_(holders_of(role)), User.status == "active", usable
        )
        return await self.db.scalar(query) or 0

    async def list_international(
        self, after: UUID | None, limit: int
    ) -> Sequence[User]:
        """Return a page of accounts whose address is not ASCII alone.

        No index helps: whoever asks does so seldom.
        """
        query = select(User).where(User.email.regexp_match("[^\\x01-\\x7f]"))
        key = None if after is None else [after]
        return await self.page(query, SORTS["created_at"], after=key, limit=limit)

    async def list_parked(self, after: UUID | None, limit: int) -> Sequence[User]:
        """Return a page of accounts whose address is another's (ADR-0018)."""
        query = select(User).where(User.email_canonical.startswith(PARKED))
        key = None if after is None else [after]
        return await self.page(query, SORTS["created_at"], after=key, limit=limit)

    async def delete_unverified(
        self, now: datetime, used_since: datetime, limit: int
    ) -> Sequence[UUID]:
        """Delete accounts that wait for a proof no longer; return which.

        An account that somebody uses is none of them, confirmed or not: it signed in
        lately, or has a session or a grant that lives.

        Args:
            now: What waited until before it is over.
            used_since: A sign-in since then is a use.
            limit: How many at most.
        """
        over = User.email_verified.is_(False) & (User.unverified_until < now)
        over &= func.coalesce(User.last_sign_in_at, User.created_at) < used_since
        for table in (Session, OAuthGrant):
            lives = table.revoked_at.is_(None) & (table.expires_at > now)
            over &= ~exists().where(table.user_id == User.id, lives)
        some = chosen(select(User.id).where(over).limit(limit))
        query = delete(User).where(User.id.in_(some), over).returning(User.id)
        options = {"synchronize_session": False}
        return (await self.db.scalars(query, execution_options=options)).all()

    async def delete(self, user: User) -> None:
        """Delete the account; what belongs to it goes with it (foreign keys)."""
        await self.db.execute(delete(User).where(User.id == user.id))
        self.db.expunge(user)
