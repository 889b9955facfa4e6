"""How each second factor is read from the database, and how a proof of it is spent."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol
from uuid import UUID

from app.core.secret_key import SealBroken
from app.events.factor import RecoveryCodeUsed
from app.factors.base import Enrolled, Factor, Proof
from app.factors.passkey import NewPasskey, PasskeyFactor
from app.factors.recovery_code import RecoveryCode
from app.factors.totp import Totp, seal_context
from app.models.passkey import Passkey
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import MAX_PASSKEYS
from app.services.factors.foreign_code import is_ours
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process

_log = logging.getLogger(__name__)


class StoredFactor(Protocol):
    """One kind of second factor, with its rows.

    Attributes:
        factor: What asks and judges.
    """

    factor: Factor

    async def enrolled(
        self, uow: UnitOfWork, process: Process, user_id: UUID
    ) -> Sequence[Enrolled]:
        """Return what an account has of it."""

    async def spend(
        self, uow: UnitOfWork, process: Process, user: User, proof: Proof
    ) -> bool:
        """Make a proof count: one guarded update; False when one counted before."""


class StoredPasskey:
    """The passkeys of an account."""

    factor: Factor = PasskeyFactor()

    async def enrolled(
        self, uow: UnitOfWork, process: Process, user_id: UUID
    ) -> Sequence[Enrolled]:
        """Return all of them, the oldest first."""
        rows = await uow.passkeys.list_for_user(user_id, None, MAX_PASSKEYS)
        return [passkey_of(row) for row in rows]

    async def spend(
        self, uow: UnitOfWork, process: Process, user: User, proof: Proof
    ) -> bool:
        """Move the counter on, and keep what the authenticator says of backups."""
        return await uow.passkeys.spend(
            proof.id, proof.state or 0, now=uow.clock.now(), **proof.data
        )


def passkey_row(
    uow: UnitOfWork,
    user_id: UUID,
    handle: bytes,
    made: NewPasskey,
    columns: Mapping[str, Any],
) -> Passkey:
    """Return a row for a passkey; it is not stored yet.

    Args:
        uow: The caller's transaction.
        user_id: Whose.
        handle: What the authenticator calls them.
        made: What it told when it made the passkey.
        columns: Others, such as its name.
    """
    values = {
        "id": uow.randomness.uuid7(),
        "user_id": user_id,
        "user_handle": handle,
        **asdict(made),
        "transports": list(made.transports),
        "name": "Passkey",
        "created_at": uow.clock.now(),
        "last_used_at": None,
    }
    return Passkey(**{**values, **columns})


def passkey_of(row: Passkey) -> Enrolled:
    """Return a passkey as it is judged."""
    names = (
        *("credential_id", "user_handle", "transports"),
        *("is_backup_eligible", "is_user_verified"),
    )
    return Enrolled(
        id=row.id,
        secret=row.public_key,
        state=row.sign_count,
        data={name: getattr(row, name) for name in names},
    )


def sealed(process: Process, secret: bytes, user_id: UUID) -> bytes:
    """Return the secret of an app as it is stored: readable for this account alone."""
    nonce = process.randomness.bytes(12)
    return process.secret_key.seal(secret, nonce, seal_context(user_id))


def unsealed(process: Process, value: bytes, user_id: UUID) -> bytes | None:
    """Return the secret, or None for one that another secret key sealed."""
    try:
        return process.secret_key.unseal(value, seal_context(user_id))
    except SealBroken:
        _log.error("the secret of an authenticator app cannot be read")
        return None


class StoredTotp:
    """The authenticator application of an account."""

    factor: Factor = Totp()

    async def enrolled(
        self, uow: UnitOfWork, process: Process, user_id: UUID
    ) -> Sequence[Enrolled]:
        """Return it, unsealed, or nothing."""
        row = await uow.totps.of(user_id)
        if row is None:
            return ()
        secret = unsealed(process, row.sealed_secret, user_id)
        if secret is None:
            return ()
        data = {"algorithm": row.algorithm, "digits": row.digits, "period": row.period}
        return (Enrolled(id=row.id, secret=secret, state=row.last_step, data=data),)

    async def spend(
        self, uow: UnitOfWork, process: Process, user: User, proof: Proof
    ) -> bool:
        """Accept the time step of a code."""
        return await uow.totps.spend(proof.id, proof.state or 0, uow.clock.now())


class StoredRecoveryCode:
    """The recovery codes of an account that are left."""

    factor: Factor = RecoveryCode()

    async def enrolled(
        self, uow: UnitOfWork, process: Process, user_id: UUID
    ) -> Sequence[Enrolled]:
        """Return those that were made here."""
        rows = await uow.recovery_codes.list_unused(user_id)
        return [
            Enrolled(id=row.id, secret=bytes.fromhex(row.code_hash))
            for row in rows
            if is_ours(row.code_hash)
        ]

    async def spend(
        self, uow: UnitOfWork, process: Process, user: User, proof: Proof
    ) -> bool:
        """Use a code up, and tell the owner how many are left."""
        if not await uow.recovery_codes.spend(proof.id, uow.clock.now()):
            return False
        left = len(await uow.recovery_codes.list_unused(user.id))
        uow.record(
            RecoveryCodeUsed(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                left=left,
                not_me_id=not_me_link(uow, process, user),
            )
        )
        return True


_ALL: tuple[StoredFactor, ...] = (StoredPasskey(), StoredTotp(), StoredRecoveryCode())
STORED: Mapping[str, StoredFactor] = {each.factor.name: each for each in _ALL}
