"""Signing in with a code from a mail."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.context import current
from app.events.email import EmailVerified
from app.events.sign_in import EmailCodeRequested
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import owner_of
from app.services.accounts.unverified import (
    claim,
    mail_to,
    proof_of,
    take_proven_address,
)
from app.services.one_time.errors import InvalidCode
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sessions.session import IssuedTokens
from app.services.sign_in.password import SignInService
from app.services.sign_in.start import HeldSession, StartedSession
from app.typed_text import canonical_email

_METHOD = "email_code"


def _bound() -> dict[str, bool]:
    """Return what keeps a code that a browser asked for to that browser.

    A program has no such mark; its network would be one that people leave.
    """
    return {"is_bound": True} if current().browser else {}


class EmailCodeService:
    """Signing in with a code that only the reader of a mailbox knows."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._tokens = OneTimeTokenService(uow, process)

    async def request(self, email: str) -> None:
        """Send a code if there is an active account; the answer never says so.

        Raises:
            TooManyRequests: The caller's address asked for too many mails.
        """
        canonical = canonical_email(email)
        mails = MailRequestService(self._process)
        admitted = await mails.admit(Purpose.EMAIL_CODE, canonical)
        if not self._is_enabled:
            return
        user = await self._uow.users.by_email(canonical, lock=True)
        is_due = admitted and user is not None and user.is_active
        await self._tokens.send(
            EmailCodeRequested,
            Purpose.EMAIL_CODE,
            user if is_due else None,
            subject=canonical,
            ttl=self._process.settings.one_time.email_code_ttl,
            to=mail_to(user if is_due else None, email),
            data=proof_of(email) | _bound(),
        )

    @property
    def _is_enabled(self) -> bool:
        return self._process.settings.email_code.enabled

    async def verify(self, email: str, code: str) -> IssuedTokens:
        """Start a session for whoever read the code.

        Raises:
            InvalidCode: Wrong, used up, or there is no such account.
            MfaRequired: It was right, and a second factor has to be proven.
            TooManyRequests: Too many tries.
        """
        user = await self._owner(email, code)
        return await SignInService(self._process).start(user, _METHOD)

    async def browser_verify(
        self,
        email: str,
        code: str,
        held: Mapping[UUID, HeldSession],
        remembered: Sequence[UUID],
    ) -> StartedSession:
        """Start a session that is kept by a cookie; all else as ``verify``.

        Args:
            email: What the person typed.
            code: What they read.
            held: By account, what the browser has of it.
            remembered: Devices that may be excused from a second step.
        """
        user = await self._owner(email, code)
        sign_ins = SignInService(self._process)
        return await sign_ins.browser_start(user, _METHOD, held, remembered)

    async def _owner(self, email: str, code: str) -> User:
        """Use a code up; return whose it was."""
        if not self._is_enabled:
            raise InvalidCode(hint="signing in by code is switched off")
        canonical = canonical_email(email)
        token = await self._tokens.consume_code(Purpose.EMAIL_CODE, canonical, code)
        user = await owner_of(self._uow, token)
        if user is None:
            await self._uow.commit()  # the code stays used: ADR-0004
            raise InvalidCode(hint="the account changed since the code was sent")
        await self._adopt(user, token)
        await self._uow.commit()  # the session begins in a statement of its own
        return user

    async def _adopt(self, user: User, token: OneTimeToken) -> None:
        """Make an unverified account its mailbox's owner's alone."""
        if user.email_verified:
            return
        take_proven_address(user, token)
        await claim(self._uow, user, "email_verified")
        self._uow.record(EmailVerified(user_id=user.id, actor_id=user.id))
