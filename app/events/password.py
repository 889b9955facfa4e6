"""Passwords: changed and reset."""

from dataclasses import dataclass
from typing import ClassVar

from app.events.base import Event, MailedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(MailedEvent):
    """A link and a code went to the account's address."""

    name: ClassVar[str] = "password.reset_requested"
    template: ClassVar[str] = "reset_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetDemanded(Event):
    """The password signs nobody in any more until it was reset by mail."""

    name: ClassVar[str] = "password.reset_demanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(MailedEvent):
    """A new password was set with a link from a mail."""

    name: ClassVar[str] = "password.reset"
    template: ClassVar[str] = "password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(MailedEvent):
    """The owner set a new password."""

    name: ClassVar[str] = "password.changed"
    template: ClassVar[str] = "password_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangeFailed(Event):
    """The current password was wrong."""

    name: ClassVar[str] = "password.change_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCleared(Event):
    """An unverified account lost a password that may have been anybody's."""

    name: ClassVar[str] = "password.cleared"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRehashed(Event):
    """A good sign-in moved the hash to today's scheme or cost."""

    name: ClassVar[str] = "password.rehashed"
