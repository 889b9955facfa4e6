"""SQL for groups, their members and their roles."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select

from app.models.access.group import Group, GroupMember, GroupRole
from app.models.user import User
from app.repositories.base import Order, Repository, paged, upserting


class Member(NamedTuple):
    """Somebody in a group, and since when."""

    user: User
    added_at: Any


class GroupRepository(Repository[Group]):
    """Groups, found by id or by name; case makes no difference."""

    async def by_id(self, group_id: UUID, *, lock: bool = False) -> Group | None:
        """Return the group; with ``lock``, nobody else changes it or its roles."""
        query = select(Group).where(Group.id == group_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def shared(self, group_id: UUID) -> Group | None:
        """Return the group, and keep its roles what they are; members may change."""
        query = select(Group).where(Group.id == group_id)
        return await self.one_or_none(query.with_for_update(read=True))

    async def by_names(
        self, names: Iterable[str], *, shared: bool = False
    ) -> Sequence[Group]:
        """Return the groups of these names that exist; ``shared`` ones stay so."""
        keys = [name.lower() for name in names]
        query = select(Group).where(Group.name_key.in_(keys)).order_by(Group.name)
        if shared:
            query = query.with_for_update(read=True)
        return (await self.db.scalars(query)).all()

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Group]:
        """Return a page of groups by name."""
        order = Order((Group.name,))
        return await self.page(select(Group), order, after=after, limit=limit)

    async def list_of_user(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Group]:
        """Return a page of the groups that somebody is in, by name."""
        query = select(Group).join(GroupMember, GroupMember.group_id == Group.id)
        query = query.where(GroupMember.user_id == user_id)
        return await self.page(query, Order((Group.name,)), after=after, limit=limit)

    async def names_of_user(self, user_id: UUID) -> list[str]:
        """Return the sorted names of all groups that somebody is in."""
        query = select(Group.name).join(GroupMember, GroupMember.group_id == Group.id)
        query = query.where(GroupMember.user_id == user_id)
        return [*await self.db.scalars(query.order_by(Group.name))]

    async def names_among(
        self, user_ids: Iterable[UUID], names: Iterable[str]
    ) -> dict[UUID, set[str]]:
        """Return in which of these groups people are; who is in none is absent."""
        keys = [name.lower() for name in names]
        query = select(GroupMember.user_id, Group.name).join(
            Group, GroupMember.group_id == Group.id
        )
        query = query.where(
            GroupMember.user_id.in_(list(user_ids)), Group.name_key.in_(keys)
        )
        held: dict[UUID, set[str]] = {}
        for user_id, name in (await self.db.execute(query)).all():
            held.setdefault(user_id, set()).add(name)
        return held

    async def list_members(
        self, group_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Member]:
        """Return a page of the people in a group, in the order of their ids."""
        query = select(User, GroupMember.added_at)
        query = query.join(GroupMember, GroupMember.user_id == User.id)
        query = query.where(GroupMember.group_id == group_id)
        order = Order((GroupMember.user_id,))
        rows = await self.db.execute(paged(query, order, after, limit))
        return [Member(row.User, row.added_at) for row in rows]

    async def add_member(self, group_id: UUID, user_id: UUID, at: Any) -> bool:
        """Put somebody into a group; tell whether they were not in it."""
        adding = upserting(self.db.get_bind().dialect.name)(GroupMember)
        values = {"group_id": group_id, "user_id": user_id, "added_at": at}
        adding = adding.values(values).on_conflict_do_nothing()
        added = adding.returning(GroupMember.user_id)
        return await self.db.scalar(added) is not None

    async def add_members(
        self, members: Iterable[tuple[UUID, UUID]], at: Any
    ) -> set[tuple[UUID, UUID]]:
        """Put people into groups; return which pairs of both are new."""
        rows = [{"group_id": g, "user_id": u, "added_at": at} for g, u in members]
        if not rows:
            return set()
        adding = upserting(self.db.get_bind().dialect.name)(GroupMember)
        query = adding.on_conflict_do_nothing()
        query = query.returning(GroupMember.group_id, GroupMember.user_id)
        return {(row[0], row[1]) for row in await self.db.execute(query, rows)}

    async def remove_member(self, group_id: UUID, user_id: UUID) -> bool:
        """Take somebody out of a group; tell whether they were in it."""
        mine = (GroupMember.group_id == group_id) & (GroupMember.user_id == user_id)
        query = delete(GroupMember).where(mine).returning(GroupMember.user_id)
        return await self.db.scalar(query) is not None

    async def roles_of(self, group_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
        """Return the sorted names of the roles of groups; those without are absent."""
        query = select(GroupRole).where(GroupRole.group_id.in_(list(group_ids)))
        roles: dict[UUID, list[str]] = {}
        for row in await self.db.scalars(query.order_by(GroupRole.role)):
            roles.setdefault(row.group_id, []).append(row.role)
        return roles

    async def with_roles(self, group_id: UUID) -> tuple[Group, list[str]] | None:
        """Return a group with the sorted names of its roles, or None."""
        query = select(Group, GroupRole.role).where(Group.id == group_id)
        query = query.outerjoin(GroupRole, GroupRole.group_id == Group.id)
        rows = (await self.db.execute(query.order_by(GroupRole.role))).all()
        return (rows[0][0], [role for _, role in rows if role]) if rows else None

    async def add_roles(self, group_id: UUID, roles: Iterable[str]) -> None:
        """Have a group carry these roles."""
        rows = [{"group_id": group_id, "role": role} for role in roles]
        if rows:
            await self.db.execute(insert(GroupRole), rows)

    async def remove_roles(self, group_id: UUID, roles: Iterable[str]) -> None:
        """Have it carry them no more."""
        mine = GroupRole.group_id == group_id
        query = delete(GroupRole).where(mine, GroupRole.role.in_(list(roles)))
        await self.db.execute(query)

    async def delete(self, group: Group) -> None:
        """Delete a group; memberships go with it (foreign keys)."""
        await self.db.execute(delete(Group).where(Group.id == group.id))
        self.db.expunge(group)
