"""APIs that tokens are asked for by name: registered, changed, gone."""

from typing import ClassVar

from app.events.base import Event, event


@event
class OAuthResourceCreated(Event):
    """An API was registered."""

    name: ClassVar[str] = "oauth_resource.created"

    resource: str
    access: str


@event
class OAuthResourceUpdated(Event):
    """An API changed; names of what changed are kept, values are not."""

    name: ClassVar[str] = "oauth_resource.updated"

    resource: str
    fields: tuple[str, ...]


@event
class OAuthResourceDeleted(Event):
    """An API is gone: no new token is for it, whatever was granted."""

    name: ClassVar[str] = "oauth_resource.deleted"

    resource: str
