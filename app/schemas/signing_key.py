"""Bodies of ``/api/v1/keys``."""

from typing import Any, Literal

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


class SecretKey(Output):
    """A secret key that something may be sealed by; of the key itself nothing is told.

    Attributes:
        mark: Tells it apart from others.
        given: Which of the keys of the process that answers it is.
        began_at: When it sealed something for the first time.
        processes: How many say that they seal with it; none is ended before that.
        values_left: Values that may still be sealed by it, once `key reseal` counted.
    """

    mark: str
    given: Literal["first", "second", "missing"]
    began_at: Instant
    processes: int
    values_left: int | None
    counted_at: Instant | None


class SecretKeys(Output):
    """The secret keys that are needed now, the oldest first: two during a rotation."""

    keys: list[SecretKey]


class SigningKeys(Output):
    """All published keys, oldest first, the new ones among them."""

    items: list[SigningKey]
