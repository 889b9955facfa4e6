"""Codes that people type."""

from typing import ClassVar

from app.events.base import Event, event


@event
class CodeRefused(Event):
    """A typed code was wrong, or there was none with tries left."""

    name: ClassVar[str] = "one_time_code.refused"

    purpose: str
