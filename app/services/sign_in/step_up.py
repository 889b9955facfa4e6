"""A second factor for somebody who is signed in with one: a step up (RFC 9470)."""

from datetime import timedelta
from uuid import UUID

from app.core.context import current
from app.events.sign_in import SecondStepDemanded
from app.factors.base import MULTI_FACTOR
from app.models.user import User
from app.policies.second_factor import factors_of, has_second_factor
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sign_in.browser_session import BrowserAccount
from app.services.sign_in.errors import MfaRequired
from app.services.sign_in.second_step import TRIES, TTL, session_data
from app.services.sign_in.second_step_attempt import SecondStepAttemptService
from app.services.sign_in.start import HeldSession
from app.utils.helpers import network_of

_METHOD = "step_up"


def may_step_up(process: Process, account: BrowserAccount) -> bool:
    """Tell whether the first factor was proven a short time ago, and no second one.

    Otherwise both are asked for: nobody stays fresh for ever with one of them.
    """
    recent = timedelta(seconds=process.settings.session.recent_ttl)
    age = process.clock.now() - account.authenticated_at
    return MULTI_FACTOR not in account.amr and age <= recent


class StepUpService:
    """Leads people from one factor to two, in the session that they have."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def demand(self, account: BrowserAccount) -> MfaRequired | None:
        """Return what asks for the second factor; it renews this very session.

        Pages call it as they are opened, so there is one for a sign-in, however often
        one is opened or from whatever link: its id is made of what it is for.

        Returns:
            None when the person has to sign in from the start: the session is over or
            too old, there is no second factor to prove, or every try was used up.
        """
        process = self._process
        found = await process.sign_ins.found(account.user_id, network_of(current().ip))
        if found is None or not has_second_factor(found):
            return None
        if not may_step_up(process, account):
            return None
        async with process.unit_of_work() as uow:
            user = await uow.users.by_id(account.user_id, lock=True)
            if user is None or not user.is_active:
                return None
            is_live = uow.sessions.is_live
            held = HeldSession(account.session_id, account.counter)
            now = uow.clock.now()
            if not await is_live(held.session_id, user.id, now, counter=held.counter):
                return None
            token_id = self._token_id(account)
            token = await uow.one_time_tokens.by_id(token_id)
            if token is None:
                await self._issue(uow, token_id, user, account)
            elif token.consumed_at is not None or token.attempts >= TRIES:
                return None
        secret = process.secret_key.one_time_token(Purpose.SECOND_STEP, token_id)
        return MfaRequired(secret, factors_of(found))

    def _token_id(self, account: BrowserAccount) -> UUID:
        """Return the id of what renews a session at its count, for as long as it lives.

        Another one comes once that is over: the next stretch of time has the next id.
        """
        since = self._process.clock.now() - account.authenticated_at
        parts = (
            account.session_id.bytes,
            account.counter.to_bytes(8, "big"),
            int(since.total_seconds() // TTL).to_bytes(8, "big"),
        )
        digest = self._process.secret_key.digest(b"step up", *parts)
        return UUID(bytes=digest[:16])

    async def _issue(
        self, uow: UnitOfWork, token_id: UUID, user: User, account: BrowserAccount
    ) -> None:
        held = HeldSession(account.session_id, account.counter)
        await OneTimeTokenService(uow, self._process).issue(
            Purpose.SECOND_STEP,
            subject=user.email_canonical,
            ttl=TTL,
            user_id=user.id,
            data={
                "method": _METHOD,
                "amr": list(account.amr),
                **session_data(held),
                **SecondStepAttemptService(self._process).device_data(user),
            },
            token_id=token_id,
        )
        uow.record(SecondStepDemanded(user_id=user.id, method=_METHOD))
