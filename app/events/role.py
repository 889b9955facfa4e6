"""Roles: made, changed, gone."""

from typing import ClassVar

from app.events.base import Event, event


@event
class RoleCreated(Event):
    """A role was made."""

    name: ClassVar[str] = "role.created"

    role: str
    permissions: tuple[str, ...]
    mfa_required: bool = False


@event
class RoleUpdated(Event):
    """A role's description or permissions changed, or whether it wants two factors."""

    name: ClassVar[str] = "role.updated"

    role: str
    permissions: tuple[str, ...]
    mfa_required: bool = False


@event
class RoleDeleted(Event):
    """A role is gone, and with it every membership."""

    name: ClassVar[str] = "role.deleted"

    role: str
