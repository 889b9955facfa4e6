"""Refusals about identity from elsewhere."""

from app.core.exceptions import (
    AppError,
    Conflict,
    Forbidden,
    NotFound,
    Unauthenticated,
    Unavailable,
)


class ConnectionNotFound(NotFound):
    """There is no such connection, or nobody comes by it now."""

    code = "connection_not_found"
    title = "There is no such connection"


class ConnectionExists(Conflict):
    """The name is in use."""

    code = "connection_exists"
    title = "A connection of this name exists"


class UpstreamLinkNotFound(NotFound):
    """The account is not known so, or not any more."""

    code = "upstream_link_not_found"
    title = "This account is not connected so any more"


class TooManyConnections(Conflict):
    """Each process holds all of them, so there are no more than it can."""

    code = "too_many_connections"
    title = "No more connections can be made"


class SyncNotPossible(Conflict):
    """Only a directory can be read as a whole, and only while its connection is on."""

    code = "sync_not_possible"
    title = "This connection is off, or no directory that could be read"


class SyncRunning(Conflict):
    """A directory is read once at a time."""

    code = "sync_running"
    title = "This directory is being read already"


class SyncNotFound(NotFound):
    """There is no such reading, or it is too long ago."""

    code = "sync_not_found"
    title = "The directory was not read so, or too long ago"


class UpstreamSignInRefused(AppError):
    """Nobody is signed in by what came from another service, whatever the reason.

    Attributes:
        reason: For the audit trail; one word.
    """

    status = 403
    code = "upstream_refused"
    title = "You could not be signed in that way"

    def __init__(
        self, reason: str, detail: str = "", flow: str = "", section: str = ""
    ) -> None:
        """Refuse.

        Args:
            reason: One word.
            detail: What was seen; for the trail and the log.
            flow: What waits for the person to sign in.
            section: The page of the account that they wanted.
        """
        super().__init__(hint=f"{reason}, {detail}" if detail else reason)
        self.reason, self.seen = reason, detail
        self.flow, self.section = flow, section


class WrongDirectoryPassword(Unauthenticated):
    """Unknown, wrong, locked and disabled look the same to who proved nothing."""

    code = "wrong_directory_password"
    title = "Wrong name or password"


class DirectoryUnavailable(Unavailable):
    """The directory cannot be asked; nothing is said about anybody."""

    code = "directory_unavailable"
    title = "Your organization's directory does not answer; try again shortly"


class DirectoryAccountNotActive(Forbidden):
    """The password was right, and the account is disabled or over."""

    code = "directory_account_not_active"
    title = "This account is disabled or has expired; ask your organization about it"


class DirectoryPasswordExpired(Forbidden):
    """The password was right, and is good for nothing any more."""

    code = "directory_password_expired"
    title = "This password has expired; ask your organization for a new one"


class DirectoryPasswordMustChange(Forbidden):
    """The password was right, and another one has to be chosen first."""

    code = "directory_password_must_change"
    title = "Choose a new password first; your organization asks for it"


class DirectoryPasswordRefused(AppError):
    """The directory does not take a new password."""

    status = 422
    code = "directory_password_refused"
    title = (
        "Your organization does not accept this new password: it is too short, too "
        "simple, or was used before"
    )


class DirectoryPasswordTooYoung(DirectoryPasswordRefused):
    """The one before was chosen too short a time ago."""

    code = "directory_password_too_young"
    title = "This password was changed too short a time ago; try again another day"


class DirectoryPasswordFixed(DirectoryPasswordRefused):
    """People may not change their own passwords there."""

    code = "directory_password_fixed"
    title = "This password cannot be changed here; ask your organization about it"
