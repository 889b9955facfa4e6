"""Attributes: defined, changed, gone."""

from typing import ClassVar

from app.events.base import Event, event


@event
class AttributeCreated(Event):
    """An attribute was defined."""

    name: ClassVar[str] = "attribute.created"

    attribute: str
    type: str
    owner_access: str


@event
class AttributeUpdated(Event):
    """The definition of an attribute changed; the fields that did."""

    name: ClassVar[str] = "attribute.updated"

    attribute: str
    fields: tuple[str, ...]


@event
class AttributeDeleted(Event):
    """An attribute is gone, and with it what it was of people."""

    name: ClassVar[str] = "attribute.deleted"

    attribute: str
