"""Codes that people type."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRefused(Event):
    """A typed code was wrong, or there was none with tries left."""

    name: ClassVar[str] = "one_time_code.refused"

    purpose: str
