"""Asking for the way back at the second step, by who lost every factor (ADR-0057)."""

from datetime import datetime
from uuid import UUID

from app.core.exceptions import AppError
from app.core.rate_limit import subject_key
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.factors.errors import (
    FactorRecoveryUnavailable,
    MailboxNotProven,
    PasswordNotProven,
    demand_unfrozen,
)
from app.services.factors.recovery import FactorRecoveryService
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.second_step import SecondStepService


class LostFactorsService:
    """Whoever stands at a second step with the password and nothing else."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process
        self._steps = SecondStepService(process)

    async def check(self, mfa_token: str) -> None:
        """Refuse as ``ask`` would, without beginning anything.

        Args:
            mfa_token: What the first step gave.
        """
        row = await self._steps.waiting(mfa_token)
        assert row.user_id is not None
        async with self._process.unit_of_work(read_only=True) as uow:
            user = await uow.users.by_id(row.user_id)
            if user is None:
                raise InvalidMfaToken(hint="the account is gone")
            await self._demand_possible(uow, user, row.data["amr"])

    async def ask(self, mfa_token: str) -> datetime:
        """Begin a recovery; return when its link leaves, of one that waits too.

        Args:
            mfa_token: What the first step gave; the sign-in may go on all the same.

        Raises:
            InvalidMfaToken: No sign-in waits under this token.
            FactorRecoveryUnavailable: An administrator has to do it.
            FactorsFrozen: Somebody is looking into a sign-in.
            TooManyRequests: It was stopped too often of late.
        """
        row = await self._steps.waiting(mfa_token)
        assert row.user_id is not None
        key = subject_key("factor_recovery", str(row.user_id))
        limit = self._process.limits.mail_recipient
        charge = await self._process.limiter.take((limit, key))
        try:
            due_at, is_announced = await self._begin(row, row.user_id)
        except AppError as error:
            refusal = error
        else:
            if not is_announced:
                await charge.give_back()
            return due_at
        await charge.give_back()
        raise refusal

    async def _begin(self, row: OneTimeToken, user_id: UUID) -> tuple[datetime, bool]:
        """Return when the link leaves, and whether that is announced only now."""
        async with self._process.unit_of_work() as uow:
            user = await uow.users.by_id(user_id, lock=True)
            peek, now = uow.one_time_tokens.peek, uow.clock.now()
            if user is None or await peek(row.id, Purpose.SECOND_STEP, now) is None:
                raise InvalidMfaToken(hint="the account changed meanwhile")
            await self._demand_possible(uow, user, row.data["amr"])
            recoveries = FactorRecoveryService(uow, self._process)
            waiting = await recoveries.pending(user)
            return waiting or await recoveries.begin(user), waiting is None

    async def _demand_possible(
        self, uow: UnitOfWork, user: User, amr: list[str]
    ) -> None:
        """Refuse who can never prove both mailbox and password, each by itself."""
        demand_unfrozen(user, uow.clock.now())
        if not self._process.settings.mfa.has_recovery:
            raise FactorRecoveryUnavailable(hint="switched off")
        if user.password_mailed:
            raise FactorRecoveryUnavailable(hint="the mailbox is all that was proven")
        if not user.email_verified:
            raise MailboxNotProven(hint="nobody may read the mails")
        if "pwd" not in amr:
            raise PasswordNotProven(hint="the mailbox is all that was proven")
        if not await uow.users.has_second_factor(user.id):
            raise FactorRecoveryUnavailable(hint="there is no factor to lose")
