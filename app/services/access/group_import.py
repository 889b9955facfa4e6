"""Groups of a realm export of Keycloak, flattened: a group here is in no other."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.policies.permission import ALL
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import GROUP_NAME
from app.services.accounts.change import new_group
from app.services.process.process import Process

_NAME = re.compile(GROUP_NAME)
_MAX_DEPTH = 20  # groups inside of one another


@dataclass(frozen=True, slots=True)
class ForeignGroup:
    """A group of a realm.

    Attributes:
        name: Its whole path, as Keycloak's mapper tells it.
        roles: Its realm roles, and those of the groups that it is in.
    """

    name: str
    roles: tuple[str, ...]


def read_groups(text: str) -> list[ForeignGroup]:
    """Return the groups of a realm export, those inside of others after them.

    Raises:
        ValueError: It is not JSON, or its groups are of no form that is known.
    """
    content = json.loads(text)
    groups = content.get("groups") if isinstance(content, dict) else None
    try:
        return [*_flattened(groups or (), "", (), _MAX_DEPTH)]
    except (AttributeError, KeyError, TypeError):
        raise ValueError(
            "the groups of the realm are of no form that is known"
        ) from None


def _flattened(
    groups: Sequence[Mapping[str, Any]], above: str, roles: tuple[str, ...], depth: int
) -> Iterator[ForeignGroup]:
    if groups and not depth:
        raise ValueError("the groups of the realm are too deep")
    for group in groups:
        path = f"{above}/{group['name']}"
        held = tuple(sorted({*roles, *group.get("realmRoles", ())}))
        yield ForeignGroup(path, held)
        yield from _flattened(group.get("subGroups", ()), path, held, depth - 1)


class GroupImportService:
    """Makes groups that are not there; those that are stay what they are."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def store(
        self, groups: Sequence[ForeignGroup], *, dry_run: bool = False
    ) -> list[str]:
        """Make groups with those of their roles that exist here; say what was left out.

        A role that may do everything is never given so: ``admin`` of a realm is of an
        application, and here it would be of this service.
        """
        async with self._process.unit_of_work() as uow:
            notes = [each for group in groups for each in await _made(uow, group)]
            if dry_run:
                await uow.db.rollback()
        return notes


async def _made(uow: UnitOfWork, group: ForeignGroup) -> list[str]:
    if not _NAME.fullmatch(group.name):
        return [f"group {group.name}: left out, for no group here may have this name"]
    if await uow.groups.by_names([group.name]):
        return []
    known = await uow.roles.by_names(group.roles)
    given = [role.name for role in known if ALL not in role.permissions]
    row = new_group(uow, group.name, roles=given)
    await uow.db.flush()
    await uow.groups.add_roles(row.id, given)
    left = sorted(set(group.roles) - set(given))
    return (
        [f"group {group.name}: made without the roles {', '.join(left)}"]
        if left
        else []
    )
