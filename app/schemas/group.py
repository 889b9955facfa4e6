"""Bodies of ``/api/v1/groups``."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas.base import Input, Instant, Output, ShownText
from app.schemas.user import GroupName, RoleName, Status

_Roles = Annotated[list[RoleName], Field(max_length=50)]


class Group(Output):
    """Some people; its members have the roles that it carries."""

    id: UUID
    name: str
    description: str
    roles: list[str]
    created_at: Instant
    updated_at: Instant


class GroupCreate(Input):
    """A new group."""

    name: GroupName
    description: ShownText = ""
    roles: _Roles = []


class GroupChange(Input):
    """What changes; an absent field stays."""

    name: GroupName | None = None
    description: ShownText | None = None
    roles: _Roles | None = None


class GroupMember(Output):
    """Somebody in a group."""

    id: UUID
    email: str
    name: str | None
    status: Status
    added_at: Instant
