"""Groups: made, changed, gone; and who belongs to them."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class GroupCreated(Event):
    """A group was made."""

    name: ClassVar[str] = "group.created"

    group_id: UUID
    group: str
    roles: tuple[str, ...]


@event
class GroupUpdated(Event):
    """A group's name, description or roles changed; how they are then."""

    name: ClassVar[str] = "group.updated"

    group_id: UUID
    group: str
    roles: tuple[str, ...]


@event
class GroupDeleted(Event):
    """A group is gone, and with it every membership."""

    name: ClassVar[str] = "group.deleted"

    group_id: UUID
    group: str


@event
class GroupMemberAdded(Event):
    """Somebody was put into a group."""

    name: ClassVar[str] = "group.member_added"

    group_id: UUID
    group: str


@event
class GroupMemberRemoved(Event):
    """Somebody was taken out of a group."""

    name: ClassVar[str] = "group.member_removed"

    group_id: UUID
    group: str
