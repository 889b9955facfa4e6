"""Groups of people, and the roles that they carry."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, NotFound
from app.events.group import (
    GroupDeleted,
    GroupMemberAdded,
    GroupMemberRemoved,
    GroupUpdated,
)
from app.models.access.group import Group
from app.policies.permission import ADMIN_ROLE, Actor
from app.repositories.access.group import Member
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import demand_grantable, existing, new_group
from app.services.accounts.errors import LastAdministrator
from app.services.process.precondition import demand_version


class GroupNotFound(NotFound):
    """There is no such group."""

    code = "group_not_found"
    title = "There is no such group"


class GroupExists(Conflict):
    """The name is in use, perhaps in another case."""

    code = "group_exists"
    title = "A group of this name exists"


class GroupMemberNotFound(NotFound):
    """The account is not in the group."""

    code = "group_member_not_found"
    title = "This person is not in the group"


class GroupInUse(Conflict):
    """A protected host lets its members in by this name; change the host first."""

    code = "group_in_use"
    title = "A protected host names this group; change the host first"


class GroupService:
    """What users with ``groups:read`` and ``groups:write`` may do.

    Nobody gives or takes, through a group, a right that they do not have themselves.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Group]:
        """Return a page of groups by name."""
        return await self._uow.groups.list_page(after=after, limit=limit)

    async def list_of_user(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Group]:
        """Return a page of the groups that somebody is in, by name.

        Raises:
            UserNotFound: There is no such account.
        """
        await existing(self._uow, user_id)
        groups = self._uow.groups
        return await groups.list_of_user(user_id, after=after, limit=limit)

    async def list_members(
        self, group_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Member]:
        """Return a page of the people in a group.

        Raises:
            GroupNotFound: There is none.
        """
        await self.get(group_id)
        groups = self._uow.groups
        return await groups.list_members(group_id, after=after, limit=limit)

    async def roles_of(self, groups: Sequence[Group]) -> dict[UUID, list[str]]:
        """Return the names of the roles that groups carry."""
        return await self._uow.groups.roles_of(group.id for group in groups)

    async def get(self, group_id: UUID, *, lock: bool = False) -> Group:
        """Return a group.

        Raises:
            GroupNotFound: There is none.
        """
        group = await self._uow.groups.by_id(group_id, lock=lock)
        if group is None:
            raise GroupNotFound
        return group

    async def find(self, name: str) -> Group:
        """Return the group of a name.

        Raises:
            GroupNotFound: There is none.
        """
        found = await self._uow.groups.by_names([name])
        if not found:
            raise GroupNotFound
        return found[0]

    async def create(
        self, actor: Actor, name: str, description: str, roles: Sequence[str]
    ) -> Group:
        """Make a group.

        Raises:
            Forbidden: A role may do more than the actor.
            GroupExists: The name is in use.
            Unprocessable: A role does not exist.
        """
        wanted = sorted(set(roles))
        await demand_grantable(self._uow, actor, wanted)
        group = new_group(self._uow, name, description, wanted)
        await self._store()
        await self._uow.groups.add_roles(group.id, wanted)
        return group

    async def update(
        self,
        actor: Actor,
        group_id: UUID,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> Group:
        """Change ``name``, ``description`` or ``roles``; None leaves one as it is.

        Raises:
            Forbidden: A role that it gains or loses, or that it carries when it is
                renamed, may do more than the actor.
            GroupExists: The name is in use.
            GroupInUse: It is renamed, and a protected host names it.
            LastAdministrator: Nobody would be left to administrate.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: A role does not exist.
        """
        async with _keeping_an_administrator(self._uow):
            group = await self.get(group_id, lock=True)
            demand_version(group.version, versions)
            if change.get("name") not in (None, group.name):
                await self._demand_free(actor, group)
            roles = await self._set_roles(actor, group, change.get("roles"))
            for field in ("name", "description"):
                if change.get(field) is not None:
                    setattr(group, field, change[field])
            group.name_key = group.name.lower()
            await self._changed(group, roles)
        return group

    async def change_roles(
        self,
        actor: Actor,
        group_id: UUID,
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> Group:
        """Have a group carry more roles, or fewer; what others change meanwhile stays.

        Raises:
            Forbidden: A role may do more than the actor.
            LastAdministrator: Nobody would be left to administrate.
            Unprocessable: A role does not exist.
        """
        async with _keeping_an_administrator(self._uow):
            group = await self.get(group_id, lock=True)
            wanted = (set(await self._carried(group)) | set(add)) - set(remove)
            roles = await self._set_roles(actor, group, sorted(wanted))
            await self._changed(group, roles)
        return group

    async def _changed(self, group: Group, roles: Sequence[str]) -> None:
        group.version += 1
        group.updated_at = self._uow.clock.now()
        await self._store()
        self._uow.record(
            GroupUpdated(group_id=group.id, group=group.name, roles=tuple(roles))
        )

    async def _store(self) -> None:
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise GroupExists from error

    async def _set_roles(
        self, actor: Actor, group: Group, wanted: Sequence[str] | None
    ) -> list[str]:
        groups, held = self._uow.groups, await self._carried(group)
        if wanted is None:
            return held
        added = sorted(set(wanted) - set(held))
        removed = sorted(set(held) - set(wanted))
        await demand_grantable(self._uow, actor, added + removed)
        await groups.add_roles(group.id, added)
        await groups.remove_roles(group.id, removed)
        return sorted(set(wanted))

    async def delete(
        self, actor: Actor, group_id: UUID, versions: Collection[str] | None
    ) -> None:
        """Delete a group; whoever had a role through it has it no more.

        Raises:
            Forbidden: It carries a role that may do more than the actor.
            GroupInUse: A protected host names it.
            LastAdministrator: Nobody would be left to administrate.
            PreconditionFailed: Somebody changed it since.
        """
        async with _keeping_an_administrator(self._uow):
            group = await self.get(group_id, lock=True)
            demand_version(group.version, versions)
            await self._demand_free(actor, group)
            await self._uow.groups.delete(group)
        self._uow.record(GroupDeleted(group_id=group_id, group=group.name))

    async def add_member(self, actor: Actor, group_id: UUID, user_id: UUID) -> None:
        """Put somebody into a group; who is in it already stays.

        Raises:
            Forbidden: It carries a role that may do more than the actor.
            GroupNotFound: There is none.
            UserNotFound: There is no such account.
        """
        group = await self._shared(actor, group_id)
        user = await existing(self._uow, user_id, lock=True)
        user.unverified_until = None  # somebody vouched for it
        now = self._uow.clock.now()
        if await self._uow.groups.add_member(group.id, user_id, now):
            self._uow.record(
                GroupMemberAdded(user_id=user_id, group_id=group.id, group=group.name)
            )

    async def remove_member(self, actor: Actor, group_id: UUID, user_id: UUID) -> None:
        """Take somebody out of a group.

        Raises:
            Forbidden: It carries a role that may do more than the actor.
            GroupMemberNotFound: They are not in it.
            GroupNotFound: There is none.
            LastAdministrator: Nobody would be left to administrate.
        """
        async with _keeping_an_administrator(self._uow):
            group = await self._shared(actor, group_id)
            if not await self._uow.groups.remove_member(group.id, user_id):
                raise GroupMemberNotFound
        self._uow.record(
            GroupMemberRemoved(user_id=user_id, group_id=group.id, group=group.name)
        )

    async def _shared(self, actor: Actor, group_id: UUID) -> Group:
        group = await self._uow.groups.shared(group_id)
        if group is None:
            raise GroupNotFound
        await self._demand_carried(actor, group)
        return group

    async def _demand_free(self, actor: Actor, group: Group) -> None:
        """Refuse to let go of a name that means something elsewhere.

        Whoever makes another group of it would be let in by what trusts the name.
        """
        await self._demand_carried(actor, group)
        if await self._uow.protected_hosts.names_group(group.name):
            raise GroupInUse

    async def _demand_carried(self, actor: Actor, group: Group) -> None:
        await demand_grantable(self._uow, actor, await self._carried(group))

    async def _carried(self, group: Group) -> list[str]:
        return (await self._uow.groups.roles_of([group.id])).get(group.id, [])


@asynccontextmanager
async def _keeping_an_administrator(uow: UnitOfWork) -> AsyncIterator[None]:
    """Refuse a change of a group that would leave no active administrator.

    The lock is the one of ``accounts.change.keeping_an_administrator``.

    Raises:
        LastAdministrator: Nobody would be left.
    """
    await uow.roles.by_name(ADMIN_ROLE, lock=True)
    had_one = await uow.users.count_active_members(ADMIN_ROLE) > 0
    yield
    await uow.db.flush()
    if had_one and await uow.users.count_active_members(ADMIN_ROLE) == 0:
        raise LastAdministrator
