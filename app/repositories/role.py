"""SQL for roles."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.models.role import Role
from app.repositories.base import Order, Repository
from app.repositories.statements.held_roles import roles_held_by


class RoleRepository(Repository[Role]):
    """Roles, found by name."""

    async def by_name(self, name: str, *, lock: bool = False) -> Role | None:
        """Return the role; with ``lock``, those who change its members wait in line."""
        query = select(Role).where(Role.name == name)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def by_names(self, names: Iterable[str]) -> Sequence[Role]:
        """Return the roles of these names that exist, and keep them from being deleted.

        The lock is the one that a new member takes on its role (foreign key).
        """
        query = select(Role).where(Role.name.in_(list(names))).order_by(Role.name)
        locked = query.with_for_update(read=True, key_share=True)
        return (await self.db.scalars(locked)).all()

    async def permissions_of(self, user_id: UUID) -> frozenset[str]:
        """Return what a user may do, through all of their roles and groups."""
        rows = await self.db.scalars(roles_held_by(user_id, (Role.permissions,)))
        return frozenset(permission for row in rows for permission in row)

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Role]:
        """Return a page of roles by name."""
        order = Order((Role.name,))
        return await self.page(select(Role), order, after=after, limit=limit)

    async def delete(self, role: Role) -> None:
        """Delete a role; memberships go with it (foreign keys)."""
        await self.db.execute(delete(Role).where(Role.name == role.name))
        self.db.expunge(role)
