"""Confirming that an account's address is read by its owner."""

from uuid import UUID

from app.events.email import EmailVerificationRequested, EmailVerified
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import owner_of, touch
from app.services.accounts.unverified import mail_to, proof_of, take_proven_address
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email


class EmailVerificationService:
    """Sends verification mails and takes their links and codes back."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._tokens = OneTimeTokenService(uow, process)

    async def send(self, user: User, begun_at: BegunAt | None = None) -> None:
        """Send a link and a code to the address of the account."""
        await self._send(user.email_canonical, user, user.email, begun_at)

    async def _send(
        self, canonical: str, user: User | None, typed: str, begun_at: BegunAt | None
    ) -> None:
        await self._tokens.send(
            EmailVerificationRequested,
            Purpose.VERIFY_EMAIL,
            user,
            subject=canonical,
            ttl=self._process.settings.one_time.verify_email_ttl,
            to=mail_to(user, typed),
            data=proof_of(typed) | (begun_at.data() if begun_at else {}),
        )

    async def resend(self, email: str, begun_at: BegunAt | None = None) -> None:
        """Send another mail if the account waits for one; the answer never says so.

        Args:
            email: What was typed.
            begun_at: The application that the person was on the way to.

        Raises:
            TooManyRequests: The caller's address asked for too many mails.
        """
        canonical = canonical_email(email)
        mails = MailRequestService(self._process)
        admitted = await mails.admit(Purpose.VERIFY_EMAIL, canonical)
        user = await self._uow.users.by_email(canonical, lock=True)
        waits = user is not None and user.is_active and not user.email_verified
        owner = user if admitted and waits else None
        await self._send(canonical, owner, email, begun_at)

    async def with_token(self, token: str) -> UUID:
        """Confirm the address with the link; return which token it was.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
        """
        row = await self._tokens.consume(Purpose.VERIFY_EMAIL, token)
        return await self._verify(row)

    async def with_code(self, email: str, code: str) -> UUID:
        """Confirm the address with the code from the mail; return whose token it was.

        Raises:
            InvalidCode: The code does not work, whatever the reason.
            TooManyRequests: Too many tries.
        """
        canonical = canonical_email(email)
        row = await self._tokens.consume_code(Purpose.VERIFY_EMAIL, canonical, code)
        return await self._verify(row)

    async def _verify(self, token: OneTimeToken) -> UUID:
        user = await owner_of(self._uow, token)
        if user is None:
            raise InvalidOneTimeToken(hint="the account changed since")
        take_proven_address(user, token)
        touch(user, self._uow)
        self._uow.record(EmailVerified(user_id=user.id, actor_id=user.id))
        return token.id
