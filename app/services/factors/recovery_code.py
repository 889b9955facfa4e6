"""Recovery codes: made, and shown once."""

from uuid import UUID

from app.events.factor import RecoveryCodesMade
from app.factors.recovery_code import (
    CODE_BYTES,
    COUNT,
    code_of,
    stored_form,
)
from app.models.recovery_code import RecoveryCode
from app.repositories.unit_of_work import UnitOfWork
from app.services.factors.change import (
    changeable,
    charge_change,
    end_others,
)
from app.services.factors.errors import NoSecondFactor
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process


class RecoveryCodeService:
    """The set of codes of an account."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def make(self, owner_id: UUID, session_id: UUID) -> list[str]:
        """Replace the set by a new one; nobody sees these codes again.

        Raises:
            FactorsFrozen: Factors cannot be changed now.
            InvalidAccessToken: The session ended meanwhile.
            NoSecondFactor: There is nothing that they would stand in for.
            TooManyRequests: There were too many changes.
        """
        await charge_change(self._process, owner_id)
        user = await changeable(self._uow, owner_id, session_id)
        if not await self._uow.users.has_second_factor(user.id):
            raise NoSecondFactor
        await self._uow.recovery_codes.delete_for_user(user.id)
        link = not_me_link(self._uow, self._process, user)
        chance = self._process.randomness.bytes
        codes = [code_of(chance(CODE_BYTES)) for _ in range(COUNT)]
        for code in codes:
            add_code(self._uow, user.id, self._stored(code, user.id))
        await end_others(self._uow, user, session_id)
        self._uow.record(
            RecoveryCodesMade(
                user_id=user.id, to=user.email, locale=user.locale, not_me_id=link
            )
        )
        return codes

    def _stored(self, code: str, user_id: UUID) -> str:
        digest = stored_form(code, user_id, self._process.secret_key.digest)
        return digest.hex()


def add_code(uow: UnitOfWork, user_id: UUID, code_hash: str) -> None:
    """Store one code of a set, in the form that it is recognised by."""
    uow.recovery_codes.add(
        RecoveryCode(
            id=uow.randomness.uuid7(),
            user_id=user_id,
            code_hash=code_hash,
            created_at=uow.clock.now(),
            used_at=None,
        )
    )
