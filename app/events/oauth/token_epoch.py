"""Ends of everything that was issued."""

from typing import ClassVar

from app.events.base import Event, event


@event
class TokenEpochBegun(Event):
    """Every session, grant, link, code and token made before was ended at once."""

    name: ClassVar[str] = "token.epoch_begun"

    reason: str
    sessions: int
    grants: int
    one_time_tokens: int
    personal_tokens: int
