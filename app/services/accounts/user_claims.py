"""Standard claims about people beyond the columns of their accounts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, Forbidden
from app.core.rate_limit import subject_key
from app.events.user import UserUpdated
from app.models.user_claims import UserClaims
from app.policies.permission import Actor
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import check_editable, existing, touch
from app.services.process.process import Process
from app.typed_text import username_key

USERNAME = "preferred_username"
_NUMBER, _VERIFIED = "phone_number", "phone_number_verified"
Claims = Mapping[str, Any]


class UsernameTaken(Conflict):
    """Somebody else has the name, perhaps in another spelling."""

    code = "username_taken"
    title = "Somebody else has this preferred_username"


class UsernameNotOwn(Forbidden):
    """Applications find accounts by it, so it is nobody's own word (ADR-0019)."""

    code = "username_not_own"
    title = "An administrator sets preferred_username"


class UserClaimsService:
    """Reads and replaces the claims of an account."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def of(self, user_id: UUID) -> Claims:
        """Return the claims of an account.

        Raises:
            UserNotFound: There is none.
        """
        await existing(self._uow, user_id)
        return await self.held(user_id)

    async def held(self, user_id: UUID) -> Claims:
        """Return the same of whoever is known to be there."""
        row = await self._uow.user_claims.of(user_id)
        return {} if row is None else row.claims

    async def replace_own(self, owner_id: UUID, claims: Claims) -> Claims:
        """Replace the claims of one's own account.

        Args:
            owner_id: Whose.
            claims: All of them; a number that changes is not verified any more. The
                preferred_username stays, whether it is among them or not.

        Raises:
            UsernameNotOwn: They name another preferred_username.
            TooManyRequests: The profile was changed too often.
        """
        limiter, limits = self._process.limiter, self._process.limits
        await limiter.take((limits.profile_account, subject_key("user", str(owner_id))))
        row = await self._uow.user_claims.of(owner_id)
        name = None if row is None else row.claims.get(USERNAME)
        if claims.get(USERNAME) not in (None, name):
            raise UsernameNotOwn
        key = None if row is None else row.username_key
        return await self._replace(owner_id, {**claims, USERNAME: name}, key)

    async def replace_for(self, actor: Actor, user_id: UUID, claims: Claims) -> Claims:
        """Replace the claims of somebody's account.

        Args:
            actor: Who asks.
            user_id: Whose.
            claims: All of them, and whether the number is verified.

        Raises:
            UsernameTaken: Somebody else has the preferred_username.
            Forbidden: The account may do more than the actor.
            UserNotFound: There is none.
        """
        await existing(self._uow, user_id, lock=True)
        await check_editable(self._uow, actor, user_id)
        name = claims.get(USERNAME)
        key = None if name is None else username_key(name)
        try:
            return await self._replace(user_id, claims, key)
        except IntegrityError as error:
            raise UsernameTaken from error

    async def _replace(self, user_id: UUID, claims: Claims, key: str | None) -> Claims:
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
        if not changed and (row is None or row.username_key == key):
            return after
        now = self._uow.clock.now()
        if row is None:
            self._uow.user_claims.add(
                UserClaims(
                    user_id=user_id, claims=after, username_key=key, updated_at=now
                )
            )
        else:
            row.claims, row.username_key, row.updated_at = after, key, now
        await self._uow.db.flush()
        touch(user, self._uow)
        self._uow.record(UserUpdated(user_id=user_id, fields=tuple(changed)))
        return after
