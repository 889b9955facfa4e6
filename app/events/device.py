"""Browsers that are remembered for the second step."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemembered(Event):
    """A browser needs no second step for a while; its owner asked for that."""

    name: ClassVar[str] = "device.remembered"

    device_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceForgotten(Event):
    """A remembered browser needs the second step again."""

    name: ClassVar[str] = "device.forgotten"

    device_id: UUID
