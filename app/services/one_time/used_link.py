"""Links from mails that are opened once more: what became of what they were for.

Whoever holds a link of ours reads the mailbox that it went to, so they may be told. To
anybody else it is a link like any other that does not work.
"""

from datetime import datetime

from app.core.secret_key import SecretKey
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.policies.permission import ADMIN_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import Purpose
from app.typed_text import canonical_email


class UsedLinkService:
    """Tells what a link is for and whether that has happened; it changes nothing."""

    def __init__(self, uow: UnitOfWork, secret_key: SecretKey) -> None:
        """Look in this transaction."""
        self._uow = uow
        self._secret_key = secret_key

    async def owner(self, purpose: Purpose, token: str) -> User | None:
        """Return the active account that a link is about, used up as it may be."""
        row = await self._row(purpose, token)
        return await self._owner(row) if row else None

    async def has_happened(self, purpose: Purpose, token: str) -> bool:
        """Tell whether what a link is for is so already, by it or by another.

        Mails are opened twice, buttons are pressed twice, and of two mails people open
        the older one too. Of an account that has moved on since nothing is told.
        """
        row = await self._row(purpose, token)
        if row is None:
            return False
        if purpose is Purpose.SETUP:
            return row.consumed_at is not None and await self._is_set_up()
        user = await self._owner(row)
        if user is None:
            return False
        match purpose:
            case Purpose.VERIFY_EMAIL:
                return user.email_verified
            case Purpose.CHANGE_EMAIL:
                return user.email_verified and _has_moved(user, row)
            case Purpose.NOT_ME:
                return row.consumed_at is not None and _is_stopped(user, row)
            case Purpose.RESET_PASSWORD | Purpose.INVITATION:
                was_used = row.consumed_at is not None
                return was_used and _chose_since(user, row.created_at)
            case Purpose.FACTOR_RECOVERY_STOP:
                return row.consumed_at is not None
        return False

    async def _is_set_up(self) -> bool:
        return await self._uow.users.count_active_members(ADMIN_ROLE) > 0

    async def _row(self, purpose: Purpose, token: str) -> OneTimeToken | None:
        token_id = self._secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            return None
        row = await self._uow.one_time_tokens.by_id(token_id)
        return row if row is not None and row.purpose == purpose else None

    async def _owner(self, row: OneTimeToken) -> User | None:
        if row.user_id is None:
            return None
        user = await self._uow.users.by_id(row.user_id)
        if user is None or not user.is_active:
            return None
        # The code of a change of address is typed with the account, not the address.
        is_theirs = row.subject in (user.email_canonical, str(user.id))
        return user if is_theirs else None


def _has_moved(user: User, row: OneTimeToken) -> bool:
    return user.email_canonical == canonical_email(row.data["email"])


def _is_stopped(user: User, row: OneTimeToken) -> bool:
    """Tell whether somebody said so, and no administrator ended the link instead."""
    frozen_until, used_at = user.factors_frozen_until, row.consumed_at
    return frozen_until is not None and used_at is not None and used_at < frozen_until


def _chose_since(user: User, at: datetime) -> bool:
    changed_at = user.password_changed_at
    has_chosen = user.password_hash is not None and user.email_verified
    return has_chosen and changed_at is not None and changed_at >= at
