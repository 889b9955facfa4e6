"""Browsers that are remembered for the second step."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class DeviceRemembered(Event):
    """A browser needs no second step for a while; its owner asked for that."""

    name: ClassVar[str] = "device.remembered"

    device_id: UUID


@event
class DeviceForgotten(Event):
    """A remembered browser needs the second step again."""

    name: ClassVar[str] = "device.forgotten"

    device_id: UUID
