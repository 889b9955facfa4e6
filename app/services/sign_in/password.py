"""Signing in with a password, and the session that every way of it begins."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from app.core.context import current
from app.core.passwords import Verification
from app.core.rate_limit import Charge, Verdict
from app.events.password import PasswordRehashed
from app.events.sign_in import Refusal, SignInFailed
from app.factors.base import MULTI_FACTOR
from app.models.user import User
from app.policies.permission import ADMIN_ROLE
from app.policies.second_factor import is_due
from app.policies.sign_in import refusal_of
from app.services.accounts.errors import InvalidCredentials
from app.services.accounts.password import PasswordService
from app.services.process.challenge import ChallengeService
from app.services.process.process import Process
from app.services.sessions.session import IssuedTokens
from app.services.sign_in.attempt import Candidate, SignInAttemptService
from app.services.sign_in.errors import TOLD
from app.services.sign_in.explained import explain_password, explain_second_step
from app.services.sign_in.remembered_device import RememberedDeviceService
from app.services.sign_in.second_step import SecondStepService
from app.services.sign_in.start import (
    HeldSession,
    Proven,
    SessionStart,
    StartedSession,
)
from app.typed_text import canonical_email
from app.utils.helpers import network_of

_PASSWORD = Proven("password", ("pwd",))


class SignInService:
    """Starts sessions. No transaction is open while a password is hashed."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._passwords = PasswordService(process)
        self._attempts = SignInAttemptService(process)
        self._second_steps = SecondStepService(process)
        self._start = SessionStart(process)

    async def with_password(self, email: str, password: str) -> IssuedTokens:
        """Start a session for whoever knows the password.

        Args:
            email: What the person typed.
            password: What they typed; must reach neither the log nor an event.

        Raises:
            InvalidCredentials: The reason is in the audit trail, not in the answer.
            EmailNotVerified: The password was right; said to its owner only.
            PasswordResetRequired: Likewise; no factor but a mailed link signs in.
            MfaRequired: It was right, and a second factor has to be proven.
            TooManyRequests: Too many wrong ones for the account or from the address.
            HashingOverloaded: Too many hashes wait already.
        """
        return await self._start.tokens(
            await self.browser_with_password(email, password, {})
        )

    async def browser_with_password(
        self,
        email: str,
        password: str,
        held: Mapping[UUID, HeldSession],
        remembered: Sequence[UUID] = (),
        *,
        only_administrators: bool = False,
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``with_password``.

        Args:
            email: What the person typed.
            password: What they typed.
            held: By account, what the browser has of it. A live session of the person
                goes on instead of a new one, at the next count.
            remembered: Where the browser was remembered for the second step.
            only_administrators: Others of this domain are led to a connection. They are
                refused like a wrong password, and only once theirs was right: nobody
                learns who is an administrator.
        """
        candidate = await self._attempts.count(canonical_email(email))
        found, password_hash = candidate.found, candidate.password_hash
        verified = await self._passwords.verify_stranger(
            password,
            password_hash,
            candidate.share_of_work,
            candidate.device is not None,
        )
        refusal = self._refusal(candidate, verified)
        if refusal is None and only_administrators and not _is_administrator(found):
            refusal = Refusal.CONNECTION_LEADS
        if found is None or refusal is not None:
            refusal = refusal or Refusal.UNKNOWN_ACCOUNT
            if candidate.limit is not None:
                await self._refuse_limited(found, refusal, email, candidate.limit)
            await self._refuse(found, refusal)
        charge = candidate.charge
        kept = await self._keep(found, password, password_hash, verified)
        if await self._is_due(found, remembered):
            await charge.give_back()
            await self._demand(found, kept, _PASSWORD)
        begun = None
        if found.id in held:
            begun = await self._start.renewed(found, kept, _PASSWORD, held[found.id])
            if begun is not None:
                await charge.give_back()
        if begun is None:
            begun = await self._begin(found, kept, _PASSWORD, charge)
        return begun

    def _refusal(self, candidate: Candidate, verified: Verification) -> Refusal | None:
        found = candidate.found
        if not candidate.may_try or not verified.was_tried:
            return Refusal.TOO_MANY_ATTEMPTS
        if found is None:
            return Refusal.UNKNOWN_ACCOUNT
        if found.password_hash is None:
            return Refusal.NO_PASSWORD
        if not verified.ok:
            return Refusal.WRONG_PASSWORD
        refusal = refusal_of(found, must_verify=self._must_verify)
        if refusal is None and current().is_explained:
            explain_password(candidate, found, self._must_verify)
        return refusal

    @property
    def _must_verify(self) -> bool:
        return self._process.settings.registration_mode != "open"

    async def _refuse(self, found: Any, reason: Refusal) -> NoReturn:
        await self._record(found, reason)
        if reason in TOLD:
            raise TOLD[reason]
        raise InvalidCredentials(hint=reason)

    async def _refuse_limited(
        self, found: Any, reason: Refusal, email: str, limit: Verdict
    ) -> NoReturn:
        """Refuse alike whatever the reason is, and whether there is such an account."""
        await self._record(found, reason)
        if reason in TOLD:
            raise TOLD[reason]
        refusal = self._process.limiter.refusal(limit)
        challenges = ChallengeService(self._process)
        raise await challenges.attached(refusal, canonical_email(email))

    async def _record(self, found: Any, reason: Refusal) -> None:
        user_id = found.id if found else None
        async with self._process.unit_of_work() as uow:
            uow.record(SignInFailed(user_id=user_id, reason=reason))

    async def start(self, user: User, method: str) -> IssuedTokens:
        """Start a session for an account that proved itself in another way.

        Raises:
            MfaRequired: A second factor has to be proven first.
            PasswordResetRequired: No factor but a mailed link signs in.
            InvalidCredentials: The account changed meanwhile.
        """
        return await self._start.tokens(await self.browser_start(user, method, {}))

    async def browser_start(
        self,
        user: User,
        method: str,
        held: Mapping[UUID, HeldSession],
        remembered: Sequence[UUID] = (),
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``start``.

        Args:
            user: The account, as it was when it proved itself.
            method: How it did.
            held: By account, what the browser has of it.
            remembered: Devices that may be excused from a second step.
        """
        proven = Proven(method, ("otp",))
        return await self.browser_proven(user, proven, held, remembered)

    async def browser_proven(
        self,
        user: User,
        proven: Proven,
        held: Mapping[UUID, HeldSession],
        remembered: Sequence[UUID] = (),
    ) -> StartedSession:
        """Start a session for what was proven; all else as ``browser_start``.

        Where two factors were, no second step follows.
        """
        found = await self._process.sign_ins.found(user.id, network_of(current().ip))
        if found is None:
            await self._refuse(None, Refusal.CHANGED_MEANWHILE)
        if found.must_reset_password:
            await self._refuse(found, Refusal.PASSWORD_RESET_REQUIRED)
        is_enough = MULTI_FACTOR in proven.amr
        if not is_enough and await self._is_due(found, remembered):
            await self._demand(found, user.password_hash, proven)
        if user.id in held:
            begun = await self._start.renewed(
                found, user.password_hash, proven, held[user.id]
            )
            if begun is not None:
                return begun
        return await self._begin(found, user.password_hash, proven)

    async def _is_due(self, found: Any, remembered: Sequence[UUID]) -> bool:
        """Tell whether a second step is due; a browser may be excused from it."""
        mfa, is_remembered = self._process.settings.mfa, False
        due = is_due(found, mfa)
        if due:
            devices = RememberedDeviceService(self._process)
            is_remembered = await devices.is_remembered(found, remembered)
        if current().is_explained:
            explain_second_step(found, mfa, is_due=due, is_remembered=is_remembered)
        return due and not is_remembered

    async def _demand(
        self, found: Any, password_hash: str | None, proven: Proven
    ) -> NoReturn:
        required = await self._second_steps.demand(found, password_hash, proven)
        if required is None:
            await self._refuse(found, Refusal.CHANGED_MEANWHILE)
        raise required

    async def browser_registered(self, user: User) -> StartedSession | None:
        """Start a session that is kept by a cookie, for who just made the account.

        Returns:
            None where two factors are demanded: the first one is set up within a
            sign-in, and only once the address is confirmed.
        """
        found = await self._process.sign_ins.found(user.id, network_of(current().ip))
        if found is None or is_due(found, self._process.settings.mfa):
            return None
        proven = Proven("registration", ("pwd",))
        return await self._begin(_Found(user), user.password_hash, proven)

    async def _begin(
        self,
        found: Any,
        password_hash: str | None,
        proven: Proven,
        charge: Charge | None = None,
    ) -> StartedSession:
        begun = await self._start.at_once(found, password_hash, proven, charge)
        if begun is None:
            await self._refuse(found, Refusal.CHANGED_MEANWHILE)
        return begun

    async def _keep(
        self, found: Any, password: str, old: str | None, verified: Verification
    ) -> str | None:
        """Move the hash to today's scheme or cost; return which is right from then on.

        A sign-in at the same moment may have moved it first: the password is right
        still. It stays what it was, and is wrong, if somebody changed that.
        """
        if verified.replacement is None:
            return old
        async with self._process.unit_of_work() as uow:
            user = await uow.users.by_id(found.id, lock=True)
            present = user.password_hash if user is not None else None
            if user is not None and present == old:
                user.password_hash = verified.replacement
                uow.record(PasswordRehashed(user_id=user.id, actor_id=user.id))
                return verified.replacement
        moved = await self._passwords.verify(password, present, found.id)
        return present if moved.ok else old


def _is_administrator(found: Any) -> bool:
    return ADMIN_ROLE in (found.roles or "").split()


class _Found:
    """An account that was just made, in the shape of the row of a sign-in."""

    def __init__(self, user: User) -> None:
        self.id = user.id
        self.email = user.email
        self.password_changed_at = user.password_changed_at
        self.factors_version = user.factors_version
        self.roles = None
        self.known_network = True  # it was just made here
