"""Signing in with a code from a mail."""

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
from app.typed_text import canonical_email


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
            data=proof_of(email),
        )

    @property
    def _is_enabled(self) -> bool:
        return self._process.settings.email_code.enabled

    async def verify(self, email: str, code: str) -> IssuedTokens:
        """Start a session for whoever read the code.

        Raises:
            InvalidCode: Wrong, used up, or there is no such account.
            TooManyRequests: Too many tries.
        """
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
        return await SignInService(self._process).start(user, "email_code")

    async def _adopt(self, user: User, token: OneTimeToken) -> None:
        """Make an unverified account its mailbox's owner's alone."""
        if user.email_verified:
            return
        take_proven_address(user, token)
        await claim(self._uow, user, "email_verified")
        self._uow.record(EmailVerified(user_id=user.id, actor_id=user.id))
