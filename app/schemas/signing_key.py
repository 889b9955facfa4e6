"""Bodies of ``/api/v1/keys``."""

from typing import Any

from pydantic import Field

from app.schemas.base import Input, Instant, Output


class SigningKey(Output):
    """A published key; the private half never leaves the database readable."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    created_at: Instant
    activates_at: Instant
    expires_at: Instant | None


class Rotation(Input):
    """Which keys get a successor: those of one algorithm, or all."""

    algorithm: str | None = Field(None, max_length=16)


class SigningKeys(Output):
    """All published keys, oldest first, the new ones among them."""

    items: list[SigningKey]
