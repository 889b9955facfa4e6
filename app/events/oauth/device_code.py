"""Devices that asked to be let in, and what people said to them."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class DeviceApproved(Event):
    """A person let a device in; from where it had asked is in the data."""

    name: ClassVar[str] = "oauth.device_approved"

    client_id: str
    session_id: UUID
    scope: tuple[str, ...]
    device_ip: str
    device_user_agent: str


@event
class DeviceDenied(Event):
    """A person turned a device away."""

    name: ClassVar[str] = "oauth.device_denied"

    client_id: str
    scope: tuple[str, ...]
    device_ip: str
    device_user_agent: str


@event
class DeviceCodeRefused(Event):
    """A person typed a code that does not work; ``hint`` is why exactly."""

    name: ClassVar[str] = "oauth.device_code_refused"

    hint: str


@event
class DeviceCodeReused(Event):
    """A device code came a second time: all that came of it was ended."""

    name: ClassVar[str] = "oauth.device_code_reused"

    client_id: str
    grant_id: UUID
