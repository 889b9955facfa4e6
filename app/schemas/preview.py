"""Bodies of previews: what a client would be told of a person."""

from typing import Any

from app.schemas.base import Output


class ClaimsPreview(Output):
    """Claims as they would be signed at this moment; nothing is.

    Identifiers of the session, the grant and the token are zeros. ``sizes`` are bytes
    of each as JSON, of which a token may hold ``max_bytes``.
    """

    scope: str
    id_token: dict[str, Any] | None
    access_token: dict[str, Any]
    userinfo: dict[str, Any] | None
    sizes: dict[str, int]
    max_bytes: int
