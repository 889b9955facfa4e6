"""Accounts: made, changed, gone."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


@event
class UserRegistered(Event):
    """Somebody made an account."""

    name: ClassVar[str] = "user.registered"

    mode: str


@event
class RegistrationRepeated(MailedEvent):
    """Somebody registered with an address that has an account; its owner is told."""

    name: ClassVar[str] = "user.registration_repeated"
    template: ClassVar[str] = "registration_repeated"

    client_id: str | None = None  # where somebody was on the way to
    redirect_uri: str = ""


@event
class UserCreated(Event):
    """An administrator made an account."""

    name: ClassVar[str] = "user.created"

    roles: tuple[str, ...]


@event
class UserImported(Event):
    """An account came from another system."""

    name: ClassVar[str] = "user.imported"


@event
class UserInvited(MailedEvent):
    """An account waits for its owner to choose a password."""

    name: ClassVar[str] = "user.invited"
    template: ClassVar[str] = "invitation"


@event
class InvitationAccepted(Event):
    """The owner of an invited account chose a password."""

    name: ClassVar[str] = "user.invitation_accepted"


@event
class UserUpdated(Event):
    """Profile fields changed; their names are kept, their values are not."""

    name: ClassVar[str] = "user.updated"

    fields: tuple[str, ...]


@event
class UserStatusChanged(Event):
    """An account was disabled or enabled again."""

    name: ClassVar[str] = "user.status_changed"

    status: str


@event
class UserRolesChanged(Event):
    """An account gained or lost roles."""

    name: ClassVar[str] = "user.roles_changed"

    added: tuple[str, ...]
    removed: tuple[str, ...]


@event
class UserExported(Event):
    """The owner took a copy of everything held about the account."""

    name: ClassVar[str] = "user.exported"


@event
class AccountsExported(Event):
    """An operator wrote all accounts, with what they sign in with, to a file."""

    name: ClassVar[str] = "user.all_exported"

    count: int


@event
class UserExpired(Event):
    """An account that nobody confirmed or used in time is gone."""

    name: ClassVar[str] = "user.expired"


@event
class UserDisplaced(Event):
    """An account that nobody confirmed is gone: its address was proven elsewhere."""

    name: ClassVar[str] = "user.displaced"

    by: UUID


@event
class UserDeleted(MailedEvent):
    """An account and all that belonged to it is gone."""

    name: ClassVar[str] = "user.deleted"
    template: ClassVar[str] = "account_deleted"


@event
class SetupCompleted(Event):
    """The first administrator was made."""

    name: ClassVar[str] = "setup.completed"

    method: str


@event
class AdministratorRecovered(MailedEvent):
    """An operator let a locked-out administrator in again; its owner is told."""

    name: ClassVar[str] = "setup.recovered"
    template: ClassVar[str] = "administrator_recovered"


@event
class UsersChangedTogether(Event):
    """An administrator changed many accounts in one step; each has its own event too.

    ``refused`` has the error code for each account that was left as it was.
    """

    name: ClassVar[str] = "user.changed_together"

    action: str
    role: str
    done: int
    refused: dict[str, str]
