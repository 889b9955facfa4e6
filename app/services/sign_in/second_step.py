"""A second step: demanded after the first factor, and answered once.

What was proven first is remembered in a one-time token, so that nobody gets to the
second step by any other way. Tries are counted before an answer is looked at: at the
token, for the account and for the network, each by counts of their own, which nobody
can use up who does not know the first factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from app.core.context import current
from app.events.sign_in import (
    Refusal,
    SecondStepDemanded,
    SecondStepGuessed,
    SignInFailed,
)
from app.factors.base import MULTI_FACTOR, Ceremony, FactorRefused
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.policies.second_factor import (
    PASSKEY,
    RECOVERY_CODE,
    TOTP,
    factors_of,
    is_demanded,
)
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.errors import InvalidCredentials
from app.services.factors.challenge import ceremony_of, ready
from app.services.factors.errors import SecondFactorExists
from app.services.factors.foreign_code import adopt
from app.services.factors.stored import STORED, StoredFactor
from app.services.factors.totp import TotpSetup
from app.services.one_time.errors import (
    InvalidAppCode,
    InvalidCode,
    InvalidRecoveryCode,
    RefusedPasskeyAnswer,
)
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sessions.session import IssuedTokens
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.enrolment import FirstTotp
from app.services.sign_in.errors import ENROL, InvalidMfaToken, MfaRequired
from app.services.sign_in.second_step_attempt import (
    COUNTED_FOR,
    SecondStepAttemptService,
)
from app.services.sign_in.start import (
    HeldSession,
    Known,
    Proven,
    SessionStart,
    StartedSession,
)
from app.utils.helpers import network_of

TTL = 600  # seconds from one factor to the other
TRIES = 5  # at one token
_REFUSALS = {
    PASSKEY: RefusedPasskeyAnswer,
    TOTP: InvalidAppCode,
    RECOVERY_CODE: InvalidRecoveryCode,
}


@dataclass(frozen=True, slots=True)
class FactorAnswer:
    """How somebody goes about their second step.

    Attributes:
        factor: Its name, one of those that were offered.
        value: A code as it was typed, or what a passkey answered.
    """

    factor: str
    value: Any

    def reason(self, refusal: FactorRefused) -> str:
        """Return why it proves nothing, for the log.

        "NAME: TEXT" would not arrive there: it looks like a secret of that name.
        """
        return f"{refusal}, by {self.factor}"


@dataclass(frozen=True, slots=True)
class Offer:
    """How a sign-in that waits may go on.

    Attributes:
        factors: By which, the strongest first; none where one is to be set up.
        may_be_remembered: Whether that would excuse from anything.
    """

    factors: tuple[str, ...]
    may_be_remembered: bool


def step_cookie(process: Process, mfa_token: str = "") -> str:
    """Return the field that keeps a sign-in that waits at a browser, or forgets it."""
    cookies = BrowserCookies(process.settings.public_url)
    return cookies.write(cookies.step, mfa_token, TTL if mfa_token else 0)


class SecondStepService:
    """Sign-ins that wait for a second factor. Each step is a transaction of its own."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._attempts = SecondStepAttemptService(process)
        self._start = SessionStart(process)

    async def demand(
        self, found: Any, password_hash: str | None, proven: Proven
    ) -> MfaRequired | None:
        """Remember the first step; return the refusal that asks for the second.

        Args:
            found: The account, with the columns of ``statements.second_factor``.
            password_hash: What the account must still have.
            proven: What was proven.

        Returns:
            None when the account is not the same any more.
        """
        async with self._process.unit_of_work() as uow:
            user = await uow.users.by_id(found.id, lock=True)
            if user is None or not user.is_active:
                return None
            if user.password_hash != password_hash:
                return None
            token = await OneTimeTokenService(uow, self._process).issue(
                Purpose.SECOND_STEP,
                subject=user.email_canonical,
                ttl=TTL,
                user_id=user.id,
                data={
                    "method": proven.method,
                    "amr": list(proven.amr),
                    **({"came_by": proven.came_by} if proven.came_by else {}),
                    **self._attempts.device_data(user),
                },
            )
            enrol = () if user.is_frozen(uow.clock.now()) else ENROL
            uow.record(SecondStepDemanded(user_id=user.id, method=proven.method))
        secret = self._process.secret_key.one_time_token(Purpose.SECOND_STEP, token.id)
        return MfaRequired(secret, factors_of(found), enrol)

    async def waiting(self, mfa_token: str) -> OneTimeToken:
        """Return the first step that was remembered under a token.

        Raises:
            InvalidMfaToken: None waits under it any more.
        """
        read = self._process.secret_key.read_one_time_token
        token_id = read(Purpose.SECOND_STEP, mfa_token)
        if token_id is None:
            raise InvalidMfaToken(hint="not a token of ours for this purpose")
        async with self._process.unit_of_work(read_only=True) as uow:
            row = await uow.one_time_tokens.peek(
                token_id, Purpose.SECOND_STEP, uow.clock.now()
            )
        if row is None or row.attempts >= TRIES:
            raise InvalidMfaToken(hint="unknown, used, expired, or out of tries")
        return row

    async def offer(self, mfa_token: str) -> Offer:
        """Return how a sign-in that waits may go on.

        Raises:
            InvalidMfaToken: None waits under this token.
        """
        row = await self.waiting(mfa_token)
        assert row.user_id is not None
        found = await self._process.sign_ins.found(
            row.user_id, network_of(current().ip)
        )
        if found is None:
            raise InvalidMfaToken(hint="the account is gone")
        settings = self._process.settings.mfa
        excuses = settings.remember_ttl > 0 and not is_demanded(found, settings)
        return Offer(factors_of(found), excuses)

    async def first_totp(self, mfa_token: str) -> TotpSetup:
        """Return the authenticator app that a sign-in which waits may be ended with.

        For whoever is to have a second factor and has none; it counts once a code of it
        finishes the sign-in.

        Raises:
            InvalidMfaToken: No sign-in waits under this token.
            SecondFactorExists: The account has one, which is to be used.
            FactorsFrozen: Somebody is looking into a sign-in.
        """
        row = await self.waiting(mfa_token)
        assert row.user_id is not None
        async with self._process.unit_of_work(read_only=True) as uow:
            user = await uow.users.by_id(row.user_id)
            if user is None:
                raise InvalidMfaToken(hint="the account is gone")
            if await uow.users.has_second_factor(row.user_id):
                raise SecondFactorExists
            return FirstTotp(self._process, row).setup(user)

    async def passkey_options(self, mfa_token: str) -> dict[str, Any]:
        """Return what a browser needs to answer with a passkey of the account.

        Raises:
            InvalidMfaToken: No sign-in waits under this token.
            InvalidCode: The account has no passkey.
        """
        row = await self.waiting(mfa_token)
        assert row.user_id is not None
        await ready()
        stored = STORED[PASSKEY]
        async with self._process.unit_of_work(read_only=True) as uow:
            enrolled = await stored.enrolled(uow, self._process, row.user_id)
        options = stored.factor.begin(enrolled, self._ceremony(row))
        if options is None:
            raise InvalidCode(hint="the account has no passkey")
        return options

    async def finish(self, mfa_token: str, answer: FactorAnswer) -> IssuedTokens:
        """Start a session for whoever proves a second factor.

        Args:
            mfa_token: What the first step gave.
            answer: By which factor, and what it says.

        Raises:
            InvalidMfaToken: No sign-in waits under this token any more.
            InvalidCode: The answer proves nothing.
            TooManyRequests: Too many wrong ones for the account or from the address.
        """
        return await self._start.tokens(
            await self.browser_finish(mfa_token, answer, {})
        )

    async def browser_finish(
        self, mfa_token: str, answer: FactorAnswer, held: Mapping[UUID, HeldSession]
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``finish``.

        Args:
            mfa_token: What the first step gave.
            answer: By which factor, and what it says.
            held: By account, what the browser has of it.
        """
        row = await self.waiting(mfa_token)
        charge, is_known = await self._attempts.count(row)
        if answer.factor == PASSKEY:
            await ready()
        await self._try(row)
        if answer.factor == RECOVERY_CODE and row.user_id is not None:
            await adopt(self._process, row.user_id, answer.value)
        try:
            async with self._process.unit_of_work() as uow:
                begun = await self._redeem(uow, row, answer, Known(held, is_known))
        except FactorRefused as refusal:
            await self._refuse(row, answer, refusal)
        await charge.give_back()
        return begun

    async def _try(self, row: OneTimeToken) -> None:
        """Count a try at the token, before anything is compared."""
        async with self._process.unit_of_work() as uow:
            tries = await uow.one_time_tokens.count_try(
                row.id, Purpose.SECOND_STEP, uow.clock.now(), TRIES
            )
        if tries is None:
            raise InvalidMfaToken(hint="used, expired, or out of tries")

    async def _redeem(
        self,
        uow: UnitOfWork,
        row: OneTimeToken,
        answer: FactorAnswer,
        known: Known,
    ) -> StartedSession:
        """Use up the proof and the token, and begin the session: all of it, or none."""
        assert row.user_id is not None
        user = await uow.users.by_id(row.user_id, lock=True)
        if user is None or not user.is_active or user.must_reset_password:
            raise InvalidMfaToken(hint="the account is gone, disabled or to be reset")
        own = _of_session(row, known.held.get(user.id))
        stored = await self._stored(uow, user, row, answer.factor)
        enrolled = await stored.enrolled(uow, self._process, user.id)
        proof = stored.factor.verify(enrolled, answer.value, self._ceremony(row))
        now = uow.clock.now()
        if await uow.one_time_tokens.consume(row.id, row.purpose, now) is None:
            raise InvalidMfaToken(hint="used by somebody else just now")
        if not await stored.spend(uow, self._process, user, proof):
            raise FactorRefused("used by somebody else just now")
        amr = dict.fromkeys((*row.data["amr"], *proof.amr, MULTI_FACTOR))
        came = row.data.get("came_by")
        proven = Proven(row.data["method"], tuple(amr), row.created_at, came_by=came)
        try:
            begun = await self._start.within(uow, user, proven, known)
        except InvalidCredentials as refusal:
            raise InvalidMfaToken(hint=refusal.hint) from refusal
        if own is not None and begun.session_id != own.session_id:
            raise InvalidMfaToken(hint="the session that steps up ended meanwhile")
        return begun

    async def _stored(
        self, uow: UnitOfWork, user: User, row: OneTimeToken, factor: str
    ) -> StoredFactor:
        """Return what a factor is read from; the first one is being set up."""
        if factor == TOTP and not await uow.users.has_second_factor(user.id):
            return FirstTotp(self._process, row)
        stored = STORED.get(factor)
        if stored is None:
            raise FactorRefused("no such factor")
        return stored

    def _ceremony(self, row: OneTimeToken) -> Ceremony:
        """Return the circumstances of a step; its challenge is used up with it."""
        assert row.user_id is not None
        digest = self._process.secret_key.digest
        challenge = digest(b"second step", row.id.bytes)
        return ceremony_of(self._process, row.user_id, challenge)

    async def _refuse(
        self, row: OneTimeToken, answer: FactorAnswer, refusal: FactorRefused
    ) -> NoReturn:
        """Leave evidence, and tell the owner of whoever goes on guessing."""
        is_told = await self._attempts.is_told(row)
        async with self._process.unit_of_work() as uow:
            uow.record(
                SignInFailed(user_id=row.user_id, reason=Refusal.WRONG_SECOND_FACTOR)
            )
            user = await uow.users.by_id(row.user_id) if row.user_id else None
            if user is not None and is_told:
                since = await self._first_guess(uow, user)
                uow.record(
                    SecondStepGuessed(
                        user_id=user.id,
                        to=user.email,
                        locale=user.locale,
                        not_me_id=not_me_link(uow, self._process, user, since=since),
                    )
                )
        kind = _REFUSALS.get(answer.factor, InvalidCode)
        raise kind(hint=answer.reason(refusal))

    async def _first_guess(self, uow: UnitOfWork, user: User) -> datetime | None:
        """Return when the guessing began; a right answer may be amid it."""
        return await uow.audit_events.first_refusal(
            user.id,
            SignInFailed.name,
            Refusal.WRONG_SECOND_FACTOR,
            since=uow.clock.now() - COUNTED_FOR,
        )


def session_data(held: HeldSession) -> dict[str, Any]:
    """Return what a token remembers of the session whose second step it is for."""
    return {"session": held.session_id.hex, "counter": held.counter}


def _of_session(row: OneTimeToken, held: HeldSession | None) -> HeldSession | None:
    """Return the session that a step up is for; None where a session is to begin.

    Raises:
        InvalidMfaToken: It is for one that this browser does not have, or not any more.
    """
    if "session" not in row.data:
        return None
    named = {name: row.data.get(name) for name in ("session", "counter")}
    if held is None or named != session_data(held):
        raise InvalidMfaToken(hint="a step up of another session")
    return held
