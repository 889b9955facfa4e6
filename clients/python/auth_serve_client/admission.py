"""Whether a request is let in: what every framework asks, and answers if not."""

import logging
from collections.abc import Collection, Sequence

from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.resource_server import ResourceServer
from auth_serve_client.token import AccessToken

_log = logging.getLogger("auth_serve_client")


class NotAdmitted(Exception):
    """A request is not let in.

    Attributes:
        status: Of the answer.
        error: What the answer says; None if there was no token at all.
        headers: Fields of the answer.
    """

    def __init__(self, status: int, error: str | None, headers: dict[str, str]) -> None:
        """Say what is answered."""
        super().__init__(error or "no token")
        self.status, self.error, self.headers = status, error, headers


async def admit(
    server: ResourceServer,
    authorization: Sequence[str],
    *,
    scope: Collection[str],
    acr: Sequence[str],
    max_age: int | None,
) -> AccessToken:
    """Return the token of a request, and have the log say why there is none.

    Args:
        server: Who judges.
        authorization: All fields of that name. Two of them are none: which one counts,
            nobody could know.
        scope: What the token needs.
        acr: One of these the sign-in needs (RFC 9470).
        max_age: Seconds that it may lie back.

    Raises:
        NotAdmitted: The token does not hold, is not enough, or nobody can say now.
    """
    try:
        only = authorization[0] if len(authorization) == 1 else None
        token = await server.authenticate(only)
        token.demand_scope(*scope)
        token.demand_sign_in(acr=acr, max_age=max_age)
    except Refused as error:
        _log.info("refused: %s", error)
        headers = error.headers(server.metadata_url)
        raise NotAdmitted(error.status, error.error, headers) from error
    except Unavailable as error:
        _log.warning("unavailable: %s", error)
        said = "temporarily_unavailable"
        raise NotAdmitted(error.status, said, error.headers()) from error
    return token
