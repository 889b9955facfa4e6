"""All factors of an account: listed, and taken away by administrators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.exceptions import Forbidden
from app.models.passkey import Passkey
from app.models.totp import Totp
from app.models.user import User
from app.policies.permission import Actor
from app.policies.user import may_edit
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.user import MAX_PASSKEYS
from app.services.accounts.change import delete_factors, existing
from app.services.accounts.unverified import is_unclaimed
from app.services.factors.change import factor_removed
from app.services.factors.errors import FactorNotFound
from app.services.process.process import Process


@dataclass(frozen=True, slots=True)
class CodesLeft:
    """What is left of a set of recovery codes."""

    left: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Factors:
    """What an account can prove besides its password."""

    totp: Totp | None
    passkeys: Sequence[Passkey]
    recovery_codes: CodesLeft | None


@dataclass(frozen=True, slots=True)
class Closed:
    """Why an owner cannot change factors now.

    Attributes:
        until: When they may again, after "this wasn't me"; None where the address has
            to be confirmed first.
    """

    until: datetime | None


class FactorService:
    """Every kind of factor together."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    async def list_all(self, user_id: UUID) -> Factors:
        """Return the factors of an account, without any secret being read."""
        codes = await self._uow.recovery_codes.list_unused(user_id)
        return Factors(
            totp=await self._uow.totps.of(user_id),
            passkeys=await self._uow.passkeys.list_for_user(
                user_id, None, MAX_PASSKEYS
            ),
            recovery_codes=(
                CodesLeft(len(codes), codes[0].created_at) if codes else None
            ),
        )

    def closed(self, user: User) -> Closed | None:
        """Return what keeps the owner from changing factors; None if nothing does."""
        if is_unclaimed(user):
            return Closed(until=None)
        if user.is_frozen(self._uow.clock.now()):
            return Closed(until=user.factors_frozen_until)
        return None

    async def remove(self, actor: Actor, user_id: UUID, factor: str) -> None:
        """Take every factor of a kind from somebody who lost it; they are told.

        Nothing else ends: who has the password still needs what is left. While the
        account is frozen this works all the same, for it is the way out.

        Args:
            actor: Who asks. Their own factors they change as every owner does, who
                has to have signed in just now.
            user_id: Whose.
            factor: ``totp``, ``passkey`` or ``recovery_code``.

        Raises:
            FactorNotFound: The account has none of this kind.
            Forbidden: The account may do more than the actor, or is theirs.
            UserNotFound: There is no such account.
        """
        if actor.user_id == user_id:
            raise Forbidden(hint="one's own factors are changed at /users/me")
        user = await existing(self._uow, user_id, lock=True)
        refusal = may_edit(actor, await self._uow.roles.permissions_of(user_id))
        if refusal is not None:
            raise Forbidden(hint=refusal)
        if not await delete_factors(self._uow, user_id, only=factor):
            raise FactorNotFound
        await factor_removed(self._uow, self._process, user, factor)
