"""Losing every second factor: a slow way back, announced by mail (ADR-0057).

What waits is a row of the one-time tokens, so that whatever ends those of an account
ends it too; its mails leave when their time has come, unless it is over by then.
"""

from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from app.events.factor import (
    FactorRecoveryRequested,
    FactorRecoveryScheduled,
    FactorRecoveryStopped,
    FactorsRecovered,
)
from app.events.sign_in import Refusal, SignInFailed
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import MAIL, UnitOfWork
from app.services.accounts.change import delete_factors, end_everything, owner_of
from app.services.accounts.password import PasswordService, WrongPassword
from app.services.factors.errors import demand_unfrozen
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.setting_groups import DAY

LINK_TTL = timedelta(seconds=DAY)  # of the link that ends it
TRIES = 5  # at the password, with one link
_REASON = "factors_recovered"
_PURPOSES = (Purpose.FACTOR_RECOVERY, Purpose.FACTOR_RECOVERY_STOP)


class FactorRecoveryService:
    """Recoveries: announced, stopped, and carried out."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._tokens = OneTimeTokenService(uow, process)

    async def pending(self, user: User) -> datetime | None:
        """Return when the link of the recovery that waits leaves, if one does."""
        latest = self._uow.one_time_tokens.latest
        now = self._uow.clock.now()
        row = await latest(Purpose.FACTOR_RECOVERY, now, user.email_canonical)
        return _due_at(row) if row else None

    async def begin(self, user: User) -> datetime:
        """Announce a recovery; return when its link leaves.

        Args:
            user: Whose; locked since ``pending`` said that none waits.
        """
        now = self._uow.clock.now()
        delay = timedelta(seconds=self._process.settings.mfa.recovery_delay)
        due_at = now + delay
        await self._announce(user, due_at, reminded_at=now + delay / 2)
        link = await self._issue(Purpose.FACTOR_RECOVERY, user, due_at)
        self._uow.record(
            FactorRecoveryScheduled(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                token_id=link.id,
                expires_at=link.expires_at,
            ),
            available_at=due_at,
        )
        return due_at

    async def _announce(
        self, user: User, due_at: datetime, reminded_at: datetime
    ) -> None:
        """Tell the owner at once and once more, each time with what stops it."""
        stop = await self._issue(Purpose.FACTOR_RECOVERY_STOP, user, due_at)
        announced = FactorRecoveryRequested(
            user_id=user.id,
            actor_id=user.id,
            to=user.email,
            locale=user.locale,
            token_id=stop.id,
            expires_at=due_at,
        )
        self._uow.record(announced)
        self._uow.promise(
            MAIL, announced.payload(), available_at=reminded_at, expires_at=due_at
        )

    async def _issue(
        self, purpose: Purpose, user: User, due_at: datetime
    ) -> OneTimeToken:
        lives = due_at + LINK_TTL - self._uow.clock.now()
        return await self._tokens.issue(
            purpose,
            subject=user.email_canonical,
            user_id=user.id,
            ttl=int(lives.total_seconds()),
            data={"due_at": due_at.isoformat()},
        )

    async def stop(self, token: str) -> None:
        """End a recovery with the link from its first mails.

        Raises:
            InvalidOneTimeToken: There is none that it could end.
        """
        row = await self._tokens.consume(Purpose.FACTOR_RECOVERY_STOP, token)
        assert row.user_id is not None
        await end_recovery(self._uow, row.user_id, "link", actor_id=row.user_id)

    async def finish(self, token: str, password: str) -> None:
        """Take every second factor away, for who reads the mailbox and has a password.

        Tries count for the link alone, which nobody guesses: a count of the network
        could be used up by whoever sends rubbish from there.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
            WrongPassword: The link works on, for five tries in all.
            FactorsFrozen: Somebody is looking into a sign-in.
        """
        token_id = await self._tokens.find(Purpose.FACTOR_RECOVERY, token)
        owner, tries = await self._try(token_id)
        passwords = PasswordService(self._process)
        if not (await passwords.verify(password, owner.password_hash, owner.id)).ok:
            await self._refuse(owner, tries)
        row = await self._tokens.consume_found(Purpose.FACTOR_RECOVERY, token_id)
        user = await owner_of(self._uow, row)
        if user is None:
            raise InvalidOneTimeToken(hint="the account changed since")
        demand_unfrozen(user, self._uow.clock.now())
        await self._take_away(user)

    async def _try(self, token_id: UUID) -> tuple[User, int]:
        """Count a try before anything is compared; it counts whatever happens next."""
        async with self._process.unit_of_work() as uow:
            now = uow.clock.now()
            row = await uow.one_time_tokens.by_id(token_id)
            user = await owner_of(uow, row) if row else None
            if row is None or user is None or not self._is_due(row, now):
                raise InvalidOneTimeToken(hint="too early, off, or another account")
            count = uow.one_time_tokens.count_try
            tries = await count(row.id, Purpose.FACTOR_RECOVERY, now, TRIES)
        if tries is None:
            raise InvalidOneTimeToken(hint="used, or out of tries")
        return user, tries

    def _is_due(self, row: OneTimeToken, now: datetime) -> bool:
        """Tell whether its time has come; a mail that left too early is of no use."""
        return self._process.settings.mfa.has_recovery and now >= _due_at(row)

    async def _refuse(self, owner: User, tries: int) -> NoReturn:
        """Leave evidence; who used up every try has to begin anew."""
        async with self._process.unit_of_work() as uow:
            await uow.users.by_id(owner.id, lock=True)
            uow.record(SignInFailed(user_id=owner.id, reason=Refusal.WRONG_PASSWORD))
            if tries >= TRIES:
                await end_recovery(uow, owner.id, "tries")
        raise WrongPassword

    async def _take_away(self, user: User) -> None:
        await delete_factors(self._uow, user.id)
        user.factors_version += 1
        await end_everything(self._uow, user, self._uow.clock.now(), _REASON)
        self._uow.record(
            FactorsRecovered(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                not_me_id=not_me_link(self._uow, self._process, user),
            )
        )


async def end_recovery(
    uow: UnitOfWork, user_id: UUID, reason: str, actor_id: UUID | None = None
) -> None:
    """End the recovery of an account that waits, if one does.

    Args:
        uow: The caller's transaction, which has locked the account.
        user_id: Whose.
        reason: Why, for the trail.
        actor_id: Who did it, if it is not the caller of the request.
    """
    now = uow.clock.now()
    ended = await uow.one_time_tokens.revoke_purposes_for_user(user_id, _PURPOSES, now)
    if ended:
        uow.record(
            FactorRecoveryStopped(user_id=user_id, actor_id=actor_id, reason=reason)
        )


def _due_at(row: OneTimeToken) -> datetime:
    return datetime.fromisoformat(row.data["due_at"])
