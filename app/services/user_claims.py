"""Standard claims about people beyond the columns of their accounts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.exceptions import Forbidden
from app.core.rate_limit import subject_key
from app.events.user import UserUpdated
from app.models.user_claims import UserClaims
from app.policies.permission import Actor
from app.policies.user import may_edit
from app.repositories.unit_of_work import UnitOfWork
from app.services.runtime import Runtime
from app.services.user_change import existing, touch

_NUMBER, _VERIFIED = "phone_number", "phone_number_verified"
Claims = Mapping[str, Any]


class UserClaimsService:
    """Reads and replaces the claims of an account."""

    def __init__(self, uow: UnitOfWork, runtime: Runtime) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._runtime = runtime

    async def of(self, user_id: UUID) -> Claims:
        """Return the claims of an account.

        Raises:
            UserNotFound: There is none.
        """
        await existing(self._uow, user_id)
        row = await self._uow.user_claims.of(user_id)
        return {} if row is None else row.claims

    async def replace_own(self, owner_id: UUID, claims: Claims) -> Claims:
        """Replace the claims of one's own account.

        Args:
            owner_id: Whose.
            claims: All of them; a number that changes is not verified any more.

        Raises:
            TooManyRequests: The profile was changed too often.
        """
        limiter, limits = self._runtime.limiter, self._runtime.limits
        await limiter.take((limits.profile_account, subject_key("user", str(owner_id))))
        return await self._replace(owner_id, claims)

    async def replace_for(self, actor: Actor, user_id: UUID, claims: Claims) -> Claims:
        """Replace the claims of somebody's account.

        Args:
            actor: Who asks.
            user_id: Whose.
            claims: All of them, and whether the number is verified.

        Raises:
            Forbidden: The account may do more than the actor.
            UserNotFound: There is none.
        """
        await existing(self._uow, user_id, lock=True)
        held = await self._uow.roles.permissions_of(user_id)
        refusal = may_edit(actor, held)
        if refusal is not None and user_id != actor.user_id:
            raise Forbidden(hint=refusal)
        return await self._replace(user_id, claims)

    async def _replace(self, user_id: UUID, claims: Claims) -> Claims:
        """Store claims under the lock on the account, which makes writers take turns.

        ``updated_at`` of the account is a claim as well (OIDC Core 5.1).
        """
        user = await existing(self._uow, user_id, lock=True)
        row = await self._uow.user_claims.of(user_id)
        before = {} if row is None else row.claims
        after = {
            name: value for name, value in claims.items() if value not in (None, {})
        }
        if _NUMBER in after and _VERIFIED not in after:
            is_same = before.get(_NUMBER) == after[_NUMBER]
            after[_VERIFIED] = is_same and before.get(_VERIFIED, False)
        names = before.keys() | after.keys()
        changed = sorted(n for n in names if before.get(n) != after.get(n))
        if not changed:
            return after
        now = self._uow.clock.now()
        if row is None:
            self._uow.user_claims.add(
                UserClaims(user_id=user_id, claims=after, updated_at=now)
            )
        else:
            row.claims, row.updated_at = after, now
        touch(user, self._uow)
        self._uow.record(UserUpdated(user_id=user_id, fields=tuple(changed)))
        return after
