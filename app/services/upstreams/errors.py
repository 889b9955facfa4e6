"""Refusals about identity from elsewhere."""

from app.core.exceptions import AppError, Conflict, NotFound


class ConnectionNotFound(NotFound):
    """There is no such connection, or nobody comes by it now."""

    code = "connection_not_found"
    title = "There is no such connection"


class ConnectionExists(Conflict):
    """The name is in use."""

    code = "connection_exists"
    title = "A connection of this name exists"


class TooManyConnections(Conflict):
    """Each process holds all of them, so there are no more than it can."""

    code = "too_many_connections"
    title = "No more connections can be made"


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
