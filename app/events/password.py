"""Passwords: changed and reset."""

from typing import ClassVar

from app.events.base import Event, MailedEvent, event


@event
class PasswordResetRequested(MailedEvent):
    """A link and a code went to the account's address."""

    name: ClassVar[str] = "password.reset_requested"
    template: ClassVar[str] = "reset_password"


@event
class PasswordResetDemanded(Event):
    """The password signs nobody in any more until it was reset by mail."""

    name: ClassVar[str] = "password.reset_demanded"


@event
class PasswordReset(MailedEvent):
    """A new password was set with a link from a mail."""

    name: ClassVar[str] = "password.reset"
    template: ClassVar[str] = "password_changed"


@event
class PasswordChanged(MailedEvent):
    """The owner set a new password."""

    name: ClassVar[str] = "password.changed"
    template: ClassVar[str] = "password_changed"


@event
class PasswordChangeFailed(Event):
    """The current password was wrong."""

    name: ClassVar[str] = "password.change_failed"


@event
class PasswordCleared(Event):
    """An unverified account lost a password that may have been anybody's."""

    name: ClassVar[str] = "password.cleared"

    reason: str


@event
class PasswordRehashed(Event):
    """A good sign-in moved the hash to today's scheme or cost."""

    name: ClassVar[str] = "password.rehashed"
