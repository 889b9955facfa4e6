"""Bodies of ``/api/v1/roles``."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from app.schemas.base import Input, Instant, Output, ShownText
from app.schemas.user import RoleName

Permission = Literal[
    "users:read",
    "users:write",
    "roles:read",
    "roles:write",
    "groups:read",
    "groups:write",
    "attributes:read",
    "attributes:write",
    "audit:read",
    "settings:read",
    "keys:read",
    "keys:write",
    "outbox:read",
    "outbox:write",
    "clients:read",
    "clients:write",
    "trusted-issuers:read",
    "trusted-issuers:write",
    "resources:read",
    "resources:write",
    "webhooks:read",
    "webhooks:write",
    "connections:read",
    "connections:write",
]
Permissions = Annotated[list[Permission], Field(max_length=100)]


class Role(Output):
    """A named set of permissions; ``*`` is every permission.

    Who has a role with ``mfa_required`` needs a second factor to sign in.
    """

    name: str
    description: str
    permissions: list[str]
    built_in: bool
    mfa_required: bool
    created_at: Instant
    updated_at: Instant


class PermissionOut(Output):
    """What a role may be allowed, and what that means."""

    name: str
    description: str


class PermissionList(Output):
    """Permissions, all of them: there are few, and they come in no pages."""

    permissions: list[PermissionOut]


class RoleCreate(Input):
    """A new role; its name stays."""

    name: RoleName
    description: ShownText = ""
    permissions: Permissions = []
    mfa_required: StrictBool = False


class RoleChange(Input):
    """What changes; an absent field stays."""

    description: ShownText | None = None
    permissions: Permissions | None = None
    mfa_required: StrictBool | None = None
