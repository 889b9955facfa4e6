"""Signing in with a password, and the session that every way of it begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from app.core.context import current
from app.core.passwords import Verification
from app.core.rate_limit import Charge, Verdict
from app.events.password import PasswordRehashed
from app.events.sign_in import Refusal, SignedIn, SignInFailed
from app.models.user import User
from app.repositories.unit_of_work import evidence
from app.services.accounts.errors import InvalidCredentials
from app.services.accounts.password import PasswordService
from app.services.process.process import Process
from app.services.sessions.session import IssuedTokens, SessionTokenService
from app.services.sign_in.attempt import Candidate, SignInAttemptService
from app.services.sign_in.errors import EmailNotVerified
from app.typed_text import canonical_email
from app.utils.helpers import network_of


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that just began, before anybody gets anything for it."""

    session_id: UUID
    user_id: UUID
    roles: tuple[str, ...]
    expires_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session that a browser showed its cookie of, at the count of that cookie."""

    session_id: UUID
    counter: int


class SignInService:
    """Starts sessions. No transaction is open while a password is hashed."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._passwords = PasswordService(process)
        self._attempts = SignInAttemptService(process)

    async def with_password(self, email: str, password: str) -> IssuedTokens:
        """Start a session for whoever knows the password.

        Args:
            email: What the person typed.
            password: What they typed; must reach neither the log nor an event.

        Raises:
            InvalidCredentials: The reason is in the audit trail, not in the answer.
            EmailNotVerified: The password was right; said to its owner only.
            TooManyRequests: Too many wrong ones for the account or from the address.
            HashingOverloaded: Too many hashes wait already.
        """
        return self._tokens(await self.browser_with_password(email, password, {}))

    async def browser_with_password(
        self, email: str, password: str, held: Mapping[UUID, HeldSession]
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``with_password``.

        Args:
            email: What the person typed.
            password: What they typed.
            held: By account, what the browser has of it. A live session of the person
                goes on instead of a new one, at the next count.
        """
        candidate = await self._attempts.count(canonical_email(email))
        found, password_hash = candidate.found, candidate.password_hash
        verified = await self._passwords.verify_stranger(
            password, password_hash, candidate.share_of_work
        )
        refusal = self._refusal(candidate, verified)
        if found is None or refusal is not None:
            refusal = refusal or Refusal.UNKNOWN_ACCOUNT
            await self._refuse(found, refusal, candidate.limit)
        charge = candidate.charge
        begun = await self._renew(found, password_hash, held.get(found.id), charge)
        if begun is None:
            begun = await self._start(
                found, password_hash, method="password", amr=["pwd"], charge=charge
            )
        if verified.replacement is not None:
            await self._rehash(found.id, password_hash, verified.replacement)
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
        if found.status != "active":
            return Refusal.DISABLED
        if self._must_verify and not found.email_verified:
            return Refusal.EMAIL_NOT_VERIFIED
        return None

    @property
    def _must_verify(self) -> bool:
        return self._process.settings.registration_mode != "open"

    async def _refuse(
        self, found: Any, reason: Refusal, limit: Verdict | None = None
    ) -> NoReturn:
        user_id = found.id if found else None
        async with self._process.unit_of_work() as uow:
            uow.record(SignInFailed(user_id=user_id, reason=reason))
        if reason is Refusal.EMAIL_NOT_VERIFIED:
            raise EmailNotVerified
        if limit is not None:
            raise self._process.limiter.refusal(limit)
        raise InvalidCredentials(hint=reason)

    async def start(
        self, user: User, roles: Sequence[str], method: str
    ) -> IssuedTokens:
        """Start a session for an account that proved itself in another way."""
        found = _Found(user, roles)
        return self._tokens(
            await self._start(found, user.password_hash, method=method, amr=["otp"])
        )

    async def browser_registered(self, user: User) -> StartedSession:
        """Start a session that is kept by a cookie, for who just made the account."""
        return await self._start(
            _Found(user, ()), user.password_hash, method="registration", amr=["pwd"]
        )

    async def _renew(
        self,
        found: Any,
        password_hash: str | None,
        held: HeldSession | None,
        charge: Charge,
    ) -> StartedSession | None:
        """Sign somebody in once more into the session that their browser holds.

        What applications were granted in it lives on: a sign-in for one of them is no
        end for the others. It proves as much as a new session's, so its end is as far.

        Returns:
            None when the session ended meanwhile or the account is not the same any
            more; an ordinary start goes on from there, or refuses.
        """
        if held is None:
            return None
        now = self._process.clock.now()
        columns = self._session_columns(["pwd"], now)
        async with self._process.unit_of_work() as uow:
            # Whoever changes the password or disables the account waits for this row.
            user = await uow.users.by_id(found.id, lock=True)
            if user is None or not user.is_active:
                return None
            if user.password_hash != password_hash:
                return None
            session_id, counter = held.session_id, held.counter
            if not await uow.sessions.renew(session_id, user.id, counter, columns):
                return None
            user.last_sign_in_at = now
            uow.record(
                SignedIn(
                    user_id=user.id,
                    actor_id=user.id,
                    session_id=session_id,
                    method="password",
                )
            )
        await charge.give_back()
        return self._started(found, session_id, columns)

    async def _start(
        self,
        found: Any,
        password_hash: str | None,
        *,
        method: str,
        amr: list[str],
        charge: Charge | None = None,
    ) -> StartedSession:
        process = self._process
        now = process.clock.now()
        session_id = process.randomness.uuid7()
        event = SignedIn(
            user_id=found.id, actor_id=found.id, session_id=session_id, method=method
        )
        columns = self._session_columns(amr, now)
        session = self._session_row(session_id, found.id, columns)
        stored = await process.sign_ins.start(
            session,
            evidence(event, process.randomness.uuid7(), now),
            password_hash=password_hash,
            give_back=charge.due() if charge else (),
        )
        if not stored:
            await self._refuse(found, Refusal.CHANGED_MEANWHILE)
        return self._started(found, session_id, columns)

    def _started(
        self, found: Any, session_id: UUID, columns: Mapping[str, Any]
    ) -> StartedSession:
        current().user_id = found.id
        return StartedSession(
            session_id=session_id,
            user_id=found.id,
            roles=tuple((found.roles or "").split()),
            expires_at=columns["expires_at"],
            started_at=columns["authenticated_at"],
        )

    def _tokens(self, begun: StartedSession) -> IssuedTokens:
        return SessionTokenService(self._process).issue(
            session_id=begun.session_id,
            user_id=begun.user_id,
            counter=0,
            roles=begun.roles,
            expires_at=begun.expires_at,
            now=begun.started_at,
        )

    def _session_row(
        self, session_id: UUID, user_id: UUID, columns: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": session_id,
            "user_id": user_id,
            "counter": 0,
            "created_at": columns["authenticated_at"],
            "revoked_at": None,
            "revoked_reason": None,
            **columns,
        }

    def _session_columns(self, amr: list[str], now: datetime) -> dict[str, Any]:
        """Return what a sign-in says of a session, new or not."""
        settings, context = self._process.settings.session, current()
        absolute = now + timedelta(seconds=settings.absolute_ttl)
        idle = now + timedelta(seconds=settings.idle_ttl)
        return {
            "amr": amr,
            "ip": context.ip,
            "network": network_of(context.ip),
            "user_agent": context.user_agent,
            "authenticated_at": now,
            "refreshed_at": now,
            "expires_at": min(idle, absolute),
            "absolute_expires_at": absolute,
        }

    async def _rehash(self, user_id: UUID, old: str | None, new: str) -> None:
        """Move the hash to today's scheme or cost, unless somebody changed it."""
        async with self._process.unit_of_work() as uow:
            user = await uow.users.by_id(user_id, lock=True)
            if user is not None and user.password_hash == old:
                user.password_hash = new
                uow.record(PasswordRehashed(user_id=user_id, actor_id=user_id))


class _Found:
    """An account in the shape of the row that a password sign-in reads."""

    def __init__(self, user: User, roles: Sequence[str]) -> None:
        self.id = user.id
        self.roles = " ".join(roles)
