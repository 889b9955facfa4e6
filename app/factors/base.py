"""What every second factor does: it asks, and judges an answer. Nothing here stores.

A factor sees what is stored of one account and says which of it was proven and what
that moves on to. Whoever called it makes the proof count once: the state that is stored
must still be the one that was judged (architecture, rule 2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

MULTI_FACTOR = "mfa"  # RFC 8176: more than one factor was proven


class FactorRefused(Exception):
    """The answer proves nothing; the reason is for the log, never for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One authenticator of an account, as it is stored.

    Attributes:
        id: Of its row.
        secret: What an answer is judged by: a shared secret, a public key, a digest.
        state: What moves on with every use: a time step, a counter.
        data: What only this factor knows of, such as digits or a credential's id.
    """

    id: UUID
    secret: bytes = field(repr=False)
    state: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Attestation(Protocol):
    """Which models of authenticators are taken (``factors/attestation.py``)."""

    def check(self, attestation: bytes, client_data: bytes, now: datetime) -> None:
        """Return if the maker of a new passkey is known and its model taken.

        Raises:
            FactorRefused: They are not.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """The circumstances in which a factor is asked for and answered.

    Attributes:
        now: The present instant.
        user_id: Whose factors these are.
        digest: A keyed hash (``SecretKey.digest``).
        challenge: 32 random bytes that work once; only some factors need them.
        rp_id: The domain that passkeys are bound to.
        rp_name: What the operator calls the service; empty for the domain.
        origins: Where a page of ours may be, as browsers write it.
        attestation: Judges the model of a new passkey; None takes any.
    """

    now: datetime
    user_id: UUID
    digest: Callable[..., bytes]
    challenge: bytes = b""
    rp_id: str = ""
    rp_name: str = ""
    origins: tuple[str, ...] = ()
    attestation: Attestation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an answer proved.

    Attributes:
        id: Of the authenticator.
        state: What its stored state becomes; it counts only if that is still possible.
        amr: RFC 8176 values, without ``mfa``.
        is_multi_factor: Whether it proves two factors by itself (a passkey that
            verified its user).
        data: What else is to be stored, such as a flag that changed.
    """

    id: UUID
    state: int | None
    amr: tuple[str, ...]
    is_multi_factor: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


class Factor(Protocol):
    """A kind of authenticator; each is one file in this folder.

    Attributes:
        name: As ``factors`` of a sign-in lists it.
    """

    name: ClassVar[str]

    def begin(
        self, enrolled: Sequence[Enrolled], ceremony: Ceremony
    ) -> dict[str, Any] | None:
        """Return what the other side needs for an answer, as JSON; None is nothing.

        Args:
            enrolled: What the account has of this kind.
            ceremony: When, and with which challenge.
        """

    def verify(
        self, enrolled: Sequence[Enrolled], answer: Any, ceremony: Ceremony
    ) -> Proof:
        """Judge an answer.

        Args:
            enrolled: What the account has of this kind.
            answer: As it came: a code as text, or the JSON of a passkey.
            ceremony: When, and for which challenge.

        Raises:
            FactorRefused: It is wrong, or was used before.
        """
