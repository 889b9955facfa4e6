"""Secret keys that take each other's place."""

from typing import ClassVar

from app.events.base import Event, event


@event
class SecretKeyRotationBegun(Event):
    """Another secret key seals from now on; what the ones before sealed stays so.

    Attributes:
        key: Mark of the new one; it says nothing about the key.
        before: Marks of those that something is still sealed by.
    """

    name: ClassVar[str] = "secret_key.rotation_begun"

    key: str
    before: tuple[str, ...]


@event
class SecretKeyRotationEnded(Event):
    """Nothing is sealed by the old secret key any more; it can be taken away.

    Attributes:
        key: Mark of the present one.
        before: Mark of the old one.
        resealed: How many values were sealed anew to that end, this time.
    """

    name: ClassVar[str] = "secret_key.rotation_ended"

    key: str
    before: str
    resealed: int
