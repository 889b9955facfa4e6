"""Roles: named sets of permissions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, Forbidden, NotFound
from app.events.role import RoleCreated, RoleDeleted, RoleUpdated
from app.models.role import Role
from app.policies.permission import MEANINGS, PERMISSIONS, Actor, covers
from app.policies.role import may_change
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.precondition import demand_version


class RoleNotFound(NotFound):
    """There is no role of this name."""

    code = "role_not_found"
    title = "There is no such role"


class RoleExists(Conflict):
    """The name is in use."""

    code = "role_exists"
    title = "A role of this name exists"


class RoleInUse(Conflict):
    """A protected host lets in who has it, by this name; change the host first."""

    code = "role_in_use"
    title = "A protected host names this role; change the host first"


@dataclass(frozen=True, slots=True)
class DescribedPermission:
    """A permission, and what it means to people."""

    name: str
    description: str


def described(names: Iterable[str]) -> list[DescribedPermission]:
    """Return permissions with their meanings."""
    return [DescribedPermission(name, MEANINGS[name]) for name in names]


class RoleService:
    """What users with ``roles:read`` and ``roles:write`` may do."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Role]:
        """Return a page of roles by name."""
        return await self._uow.roles.list_page(after=after, limit=limit)

    async def get(self, name: str, *, lock: bool = False) -> Role:
        """Return a role.

        Raises:
            RoleNotFound: There is none.
        """
        role = await self._uow.roles.by_name(name, lock=lock)
        if role is None:
            raise RoleNotFound
        return role

    async def permissions_of(self, name: str) -> list[str]:
        """Return all that a role may do; ``*`` is spelled out.

        Raises:
            RoleNotFound: There is none.
        """
        held = (await self.get(name)).permissions
        return [each for each in PERMISSIONS if covers(held, (each,))]

    async def create(
        self,
        actor: Actor,
        name: str,
        description: str,
        permissions: Sequence[str],
        *,
        mfa_required: bool = False,
    ) -> Role:
        """Make a role.

        Raises:
            Forbidden: It would hold a permission that the actor does not.
            RoleExists: The name is in use.
        """
        _check(actor, False, (), permissions)
        now = self._uow.clock.now()
        role = Role(
            name=name,
            description=description,
            permissions=sorted(set(permissions)),
            built_in=False,
            mfa_required=mfa_required,
            version=1,
            created_at=now,
            updated_at=now,
        )
        self._uow.roles.add(role)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise RoleExists from error
        granted = tuple(role.permissions)
        self._uow.record(
            RoleCreated(role=name, permissions=granted, mfa_required=mfa_required)
        )
        return role

    async def update(
        self,
        actor: Actor,
        name: str,
        *,
        description: str | None,
        permissions: Sequence[str] | None,
        versions: Collection[str] | None,
        mfa_required: bool | None = None,
    ) -> Role:
        """Change a role; None leaves a field as it is.

        Of a built-in role only ``mfa_required`` can be changed.

        Raises:
            Forbidden: It is built in, or holds or would hold more than the actor.
            PreconditionFailed: Somebody changed it since.
        """
        role = await self.get(name, lock=True)
        demand_version(role.version, versions)
        after = role.permissions if permissions is None else sorted(set(permissions))
        is_what_it_is = description is None and permissions is None
        built_in = role.built_in and not is_what_it_is
        _check(actor, built_in, role.permissions, after)
        role.permissions = list(after)
        role.description = role.description if description is None else description
        if mfa_required is not None:
            role.mfa_required = mfa_required
        role.version += 1
        role.updated_at = self._uow.clock.now()
        granted, wanted = tuple(role.permissions), role.mfa_required
        self._uow.record(
            RoleUpdated(role=name, permissions=granted, mfa_required=wanted)
        )
        return role

    async def delete(
        self, actor: Actor, name: str, versions: Collection[str] | None
    ) -> None:
        """Delete a role; whoever had it loses it.

        Raises:
            Forbidden: It is built in, or holds more than the actor.
            PreconditionFailed: Somebody changed it since.
            RoleInUse: A protected host names it: whoever made another one of its name
                would be let in.
        """
        role = await self.get(name, lock=True)
        demand_version(role.version, versions)
        _check(actor, role.built_in, role.permissions, ())
        if await self._uow.protected_hosts.names_role(name):
            raise RoleInUse
        await self._uow.roles.delete(role)
        self._uow.record(RoleDeleted(role=name))


def _check(
    actor: Actor, built_in: bool, before: Sequence[str], after: Sequence[str]
) -> None:
    refusal = may_change(actor, built_in, before, after)
    if refusal is not None:
        raise Forbidden(hint=refusal)
