"""What somebody belongs to: read only where an application is told of it."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select

from app.database import Database
from app.models.user import User
from app.repositories.statements.held_roles import (
    group_names_of,
    held_roles_of,
    weaker_roles_of,
)

_USER = bindparam("user_id", type_=User.id.type)
_MEMBERSHIPS = select(
    group_names_of(_USER).label("groups"),
    held_roles_of(_USER).label("roles"),
    weaker_roles_of(_USER).label("weaker_roles"),
)


class Memberships(NamedTuple):
    """Strings of names: of groups, of all roles, of those that one factor is for."""

    groups: str | None
    roles: str | None
    weaker_roles: str | None


class MembershipStatements:
    """One round trip."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database

    async def of(self, user_id: UUID) -> Memberships:
        """Return what somebody belongs to at this moment."""
        row = await self._database.fetch_one(_MEMBERSHIPS, {"user_id": user_id})
        assert row is not None  # a SELECT without FROM has one
        return Memberships(row.groups, row.roles, row.weaker_roles)
