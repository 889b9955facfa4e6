"""Bodies of ``/api/v1/users/me/consents``."""

from app.schemas.base import Instant, Output


class ConsentOut(Output):
    """What an application may have of the caller; ``scope`` as RFC 6749 writes it.

    ``resources`` are APIs that it named, each with the scopes that it may have there.
    ``last_used_at`` is when it last got tokens, as far as that is kept.
    """

    client_id: str
    client_name: str
    scope: str
    claims: list[str]
    resources: dict[str, list[str]]
    created_at: Instant
    updated_at: Instant
    last_used_at: Instant | None
