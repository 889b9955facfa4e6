"""How asking a directory ends without an answer that could be used."""


class DirectoryError(Exception):
    """Nothing is known of the person by this.

    Attributes:
        detail: What was seen, for operators; no secret, and no name that was typed.
    """

    def __init__(self, detail: str) -> None:
        """Fail."""
        super().__init__(detail)
        self.detail = detail


class Fault(DirectoryError):
    """The server does what no server should; it counts against it."""


class Down(Fault):
    """No connection, no answer in time, or its own word that it is not available."""


class Untrusted(Fault):
    """It cannot prove to be the server that is meant (TLS)."""


class Oversized(Fault):
    """It sends more than anybody honest does."""


class KeptBack(DirectoryError):
    """It does not tell all of one person, or that is more than anybody honest has.

    The others are told, so it is no fault of the server: else somebody who is in too
    many groups would stop everybody.
    """


class Nonsense(Fault):
    """What it sends is no LDAP, or no answer to what was asked."""


class Failed(DirectoryError):
    """It answered, and what was asked is not done.

    Attributes:
        code: Of the result (RFC 4511, appendix A).
        text: What it says of it.
    """

    def __init__(self, code: int, text: str, doing: str) -> None:
        """Fail.

        Args:
            code: Of the result.
            text: What the server says.
            doing: What was asked, in a word or two.
        """
        super().__init__(f"{doing}: result {code}" + (f", {text}" if text else ""))
        self.code, self.text = code, text
