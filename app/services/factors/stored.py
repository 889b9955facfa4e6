"""How each second factor is read from the database, and how a proof of it is spent."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from app.factors.base import Enrolled, Factor, Proof
from app.factors.recovery_code import RecoveryCode
from app.factors.totp import Totp
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process


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

    async def spend(self, uow: UnitOfWork, user: User, proof: Proof) -> bool:
        """Make a proof count: one guarded update; False when one counted before."""


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
        secret = process.secret_key.unseal(row.sealed_secret, f"totps {user_id}")
        data = {"algorithm": row.algorithm, "digits": row.digits, "period": row.period}
        return (Enrolled(id=row.id, secret=secret, state=row.last_step, data=data),)

    async def spend(self, uow: UnitOfWork, user: User, proof: Proof) -> bool:
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
            Enrolled(id=row.id, secret=bytes.fromhex(row.code_hash)) for row in rows
        ]

    async def spend(self, uow: UnitOfWork, user: User, proof: Proof) -> bool:
        """Use a code up."""
        return await uow.recovery_codes.spend(proof.id, uow.clock.now())


_ALL: tuple[StoredFactor, ...] = (StoredTotp(), StoredRecoveryCode())
STORED: Mapping[str, StoredFactor] = {each.factor.name: each for each in _ALL}
