"""Bodies of ``/api/v1/keys``."""

from typing import Any

from app.schemas.base import Instant, Output


class SigningKey(Output):
    """A published key; its private half never leaves the store readable.

    Attributes:
        store: Where that is: `database`, or `pkcs11`.
    """

    kid: str
    algorithm: str
    store: str
    public_jwk: dict[str, Any]
    created_at: Instant
    activates_at: Instant
    expires_at: Instant | None


class SigningKeys(Output):
    """All published keys, oldest first, the new ones among them."""

    items: list[SigningKey]
