"""How an outbound request ends when it brings no response."""

from app.core.exceptions import BadRequest, Unavailable


class OutboundRefused(BadRequest):
    """The guard says no: the URL may not be called from here. Nothing was sent.

    A service that was given the URL by somebody turns this into a field error.
    """

    code = "url_refused"
    title = "This address may not be called"


class OutboundFailed(Unavailable):
    """The destination did not answer in time, in size, in protocol, or said 5xx.

    The hint names the destination and never the path or query, which may be secret.
    """

    code = "dependency_failed"
    title = "A service that this needs did not answer; try again shortly"

    def __init__(
        self, hint: str = "", *, answered: int | None = None, is_too_long: bool = False
    ) -> None:
        """Fail.

        Args:
            hint: What went wrong, for the log.
            answered: The status of the response, if there was one.
            is_too_long: The response was longer than it may be.
        """
        super().__init__(hint)
        self.answered = answered
        self.is_too_long = is_too_long
