"""Why a request is not let in, and how that is said (RFC 6750 section 3)."""

from collections.abc import Mapping

_STATUS = {"invalid_request": 400, "insufficient_scope": 403}


class Refused(Exception):
    """A request is refused; ``hint`` is for the log, and never for the answer."""

    def __init__(
        self, error: str | None = None, hint: str = "", **parameters: str
    ) -> None:
        """Say why.

        Args:
            error: Code of RFC 6750 section 3.1 or RFC 9470 section 3; None if there was
                no token at all.
            hint: What exactly was wrong.
            parameters: What else the challenge has, as ``scope`` or ``acr_values``.
        """
        super().__init__(hint or error or "no token")
        self.error = error
        self.hint = hint
        self.parameters: Mapping[str, str] = parameters

    @property
    def status(self) -> int:
        """The status of the answer."""
        return _STATUS.get(self.error or "", 401)

    def headers(self, resource_metadata: str | None = None) -> dict[str, str]:
        """Return the fields of the answer.

        Args:
            resource_metadata: Where the API says who issues its tokens (RFC 9728
                section 5.1).
        """
        told = {"error": self.error, **self.parameters}
        told["resource_metadata"] = resource_metadata
        parts = [f'{name}="{value}"' for name, value in told.items() if value]
        return {"WWW-Authenticate": f"Bearer {', '.join(parts)}".strip()}


class Unavailable(Exception):
    """Nobody can say now whether the token holds; the request may come again."""

    status = 503

    def headers(self) -> dict[str, str]:
        """Return the fields of the answer."""
        return {"Retry-After": "2"}
