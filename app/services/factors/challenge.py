"""Challenges of passkeys: nothing is stored before one was answered (ADR-0052)."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import UUID

from app.factor_settings import PasskeySettings
from app.factors.attestation import AttestationPolicy
from app.factors.base import Ceremony, FactorRefused
from app.factors.passkey import TIMEOUT
from app.models.one_time_token import OneTimeToken
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import Purpose
from app.services.process.process import Process

_ID, _TIME = 16, 8  # bytes, before the MAC
_TTL = timedelta(milliseconds=TIMEOUT)


async def ready() -> None:
    """Load the library of passkeys where nobody waits for it: it takes 0.3 s."""
    await asyncio.to_thread(import_module, "webauthn")


async def load_models(process: Process) -> None:
    """Read what is known of models of authenticators, where they are looked at.

    For the start of whatever serves: later the event loop would wait for it.

    Raises:
        ValueError: The metadata cannot be read, or somebody else signed it.
        OSError: A file is not there.
    """
    policy = _policy_of(process.settings.passkey)
    if policy is not None:
        await asyncio.to_thread(policy.load)


def ceremony_of(process: Process, user_id: UUID, challenge: bytes = b"") -> Ceremony:
    """Return the circumstances in which an account's factor is judged now."""
    return Ceremony(
        now=process.clock.now(),
        user_id=user_id,
        digest=process.secret_key.digest,
        challenge=challenge,
        rp_id=process.settings.passkey_domain,
        rp_name=process.settings.service_name,
        origins=process.settings.passkey_origins,
        attestation=_policy_of(process.settings.passkey),
    )


def _policy_of(settings: PasskeySettings) -> AttestationPolicy | None:
    metadata, root = settings.metadata_file, settings.metadata_root_file
    if metadata is None or root is None:
        return None
    return AttestationPolicy(metadata, root, tuple(settings.models))


class Challenges:
    """Challenges for one purpose, each an id and its end under a MAC."""

    def __init__(self, process: Process, purpose: Purpose, bound_to: str = "") -> None:
        """Make and take challenges.

        Args:
            process: Whose key they are made with.
            purpose: What they are for; they work for nothing else.
            bound_to: Such as a session: they work for no other.
        """
        self._process = process
        self._purpose = purpose
        self._bound_to = bound_to

    def new(self) -> bytes:
        """Return a challenge that works once, for five minutes."""
        end = self._process.clock.now() + _TTL
        challenge_id = self._process.randomness.uuid7()
        body = challenge_id.bytes + int(end.timestamp()).to_bytes(_TIME, "big")
        return body + self._process.secret_key.tags(*self._bound(body))[0]

    def read(self, challenge: bytes) -> OneTimeToken:
        """Return the row that tells that a challenge was used; it is not stored yet.

        Raises:
            FactorRefused: It is none of ours for this, or its time is over.
        """
        body, mac = challenge[: _ID + _TIME], challenge[_ID + _TIME :]
        if not self._process.secret_key.is_tag(mac, *self._bound(body)):
            raise FactorRefused("not a challenge of ours for this")
        now = self._process.clock.now()
        end = datetime.fromtimestamp(int.from_bytes(body[_ID:], "big"), UTC)
        if end <= now:
            raise FactorRefused("the challenge is too old")
        return OneTimeToken(
            id=UUID(bytes=body[:_ID]),
            purpose=self._purpose,
            user_id=None,
            subject="",
            data={},
            attempts=0,
            created_at=now,
            expires_at=end,
            consumed_at=now,
        )

    async def use_up(self, uow: UnitOfWork, used: OneTimeToken, user_id: UUID) -> bool:
        """Take what ``read`` returned as used; of any number at once one succeeds."""
        used.user_id = user_id
        return await uow.one_time_tokens.add_new(used)

    def _bound(self, body: bytes) -> tuple[bytes, ...]:
        bound_to = self._bound_to.encode()
        return b"passkey challenge", self._purpose.encode(), bound_to, body
