"""Addresses: verified and changed."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


@event
class EmailVerificationRequested(MailedEvent):
    """A link and a code went to an address to see whether its owner reads it."""

    name: ClassVar[str] = "email.verification_requested"
    template: ClassVar[str] = "verify_email"


@event
class EmailVerified(Event):
    """The owner of the account reads mail at its address."""

    name: ClassVar[str] = "email.verified"


@event
class EmailChangeRequested(MailedEvent):
    """A link and a code went to the new address."""

    name: ClassVar[str] = "email.change_requested"
    template: ClassVar[str] = "change_email"


@event
class EmailChangeCollided(MailedEvent):
    """Somebody asked to move to an address that has an account; its owner is told."""

    name: ClassVar[str] = "email.change_collided"
    template: ClassVar[str] = "registration_repeated"

    client_id: str | None = None  # where somebody was on the way to
    redirect_uri: str = ""


@event
class EmailSet(MailedEvent):
    """An administrator gave an account this address; its reader is told."""

    name: ClassVar[str] = "email.set"
    template: ClassVar[str] = "email_set"


@event
class EmailCollided(Event):
    """Two accounts have one address now; this one cannot sign in by it any more."""

    name: ClassVar[str] = "email.collided"

    holder: UUID


@event
class EmailChanged(MailedEvent):
    """The account has another address; the old one is told."""

    name: ClassVar[str] = "email.changed"
    template: ClassVar[str] = "email_changed"


@event
class EmailMovedHere(MailedEvent):
    """The account has this address now, as its owner wished; its reader is told."""

    name: ClassVar[str] = "email.moved_here"
    template: ClassVar[str] = "email_moved_here"
