"""Refusals of what works once."""

from app.core.exceptions import BadRequest
from app.core.language import gettext


class InvalidOneTimeToken(BadRequest):
    """Unknown, forged, used, expired and superseded links look the same outside."""

    code = "invalid_token"
    title = "This link is not valid any more; ask for a new one"


class InvalidCode(BadRequest):
    """Wrong, used, expired and superseded codes look the same outside."""

    code = "invalid_code"
    title = "This code is not valid; check it or ask for a new one"

    @property
    def detail(self) -> str | None:
        """What to do depends on where the code is from."""
        return gettext("Check the digits, or ask for a new code: it may have expired.")


class InvalidAppCode(InvalidCode):
    """Wrong, or used already; an authenticator app shows the next one soon."""

    title = "This code is not valid; try the next one"

    @property
    def detail(self) -> str | None:
        """Nobody sends another one."""
        return gettext(
            "Type the code that your app shows now. Each works once, so wait for the "
            "next one; check that the phone's clock is right."
        )


class InvalidRecoveryCode(InvalidCode):
    """Wrong, or used already."""

    title = "This code is not valid; check it or use another"

    @property
    def detail(self) -> str | None:
        """There are more where it is from."""
        return gettext("Check the code, or use another from your list.")


class RefusedPasskeyAnswer(InvalidCode):
    """What a passkey answered proves nothing at this step."""

    title = "This passkey was not accepted"

    @property
    def detail(self) -> str | None:
        """There is no code to type."""
        return gettext("Try again, or another way.")
