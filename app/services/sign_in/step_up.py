"""A second factor for somebody who is signed in with one: a step up (RFC 9470)."""

from datetime import timedelta

from app.events.sign_in import SecondStepDemanded
from app.factors.base import MULTI_FACTOR
from app.policies.second_factor import factors_of, has_second_factor
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sign_in.browser_session import BrowserAccount
from app.services.sign_in.errors import MfaRequired
from app.services.sign_in.second_step import TTL, session_data
from app.services.sign_in.second_step_attempt import SecondStepAttemptService
from app.services.sign_in.start import HeldSession

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

        Returns:
            None when the person has to sign in from the start: the session is over or
            too old, or there is no second factor to prove.
        """
        process = self._process
        found = await process.sign_ins.found(account.user_id)
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
            token = await OneTimeTokenService(uow, process).issue(
                Purpose.SECOND_STEP,
                subject=user.email_canonical,
                ttl=TTL,
                user_id=user.id,
                data={
                    "method": _METHOD,
                    "amr": list(account.amr),
                    **session_data(held),
                    **SecondStepAttemptService(process).device_data(user),
                },
            )
            uow.record(SecondStepDemanded(user_id=user.id, method=_METHOD))
        secret = process.secret_key.one_time_token(Purpose.SECOND_STEP, token.id)
        return MfaRequired(secret, factors_of(found))
