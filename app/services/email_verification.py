"""Confirming that an account's address is read by its owner."""

from app.events.email import EmailVerificationRequested, EmailVerified
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.errors import InvalidOneTimeToken
from app.services.mail_request import MailRequestService
from app.services.one_time_token import OneTimeTokenService, Purpose
from app.services.runtime import Runtime
from app.services.user_change import owner_of, touch
from app.utils.helpers import canonical_email


class EmailVerificationService:
    """Sends verification mails and takes their links and codes back."""

    def __init__(self, uow: UnitOfWork, runtime: Runtime) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._runtime = runtime
        self._tokens = OneTimeTokenService(uow, runtime)

    async def send(self, user: User) -> None:
        """Send a link and a code to the address of the account."""
        await self._send(user.email_canonical, user)

    async def _send(self, canonical: str, user: User | None) -> None:
        await self._tokens.send(
            EmailVerificationRequested,
            Purpose.VERIFY_EMAIL,
            user,
            subject=canonical,
            ttl=self._runtime.settings.one_time.verify_email_ttl,
        )

    async def resend(self, email: str) -> None:
        """Send another mail if the account waits for one; the answer never says so.

        Raises:
            TooManyRequests: The caller's address asked for too many mails.
        """
        canonical = canonical_email(email)
        mails = MailRequestService(self._runtime)
        admitted = await mails.admit(Purpose.VERIFY_EMAIL, canonical)
        user = await self._uow.users.by_email(canonical, lock=True)
        waits = user is not None and user.is_active and not user.email_verified
        await self._send(canonical, user if admitted and waits else None)

    async def with_token(self, token: str) -> None:
        """Confirm the address with the link.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
        """
        await self._verify(await self._tokens.consume(Purpose.VERIFY_EMAIL, token))

    async def with_code(self, email: str, code: str) -> None:
        """Confirm the address with the code from the mail.

        Raises:
            InvalidCode: The code does not work, whatever the reason.
            TooManyRequests: Too many tries.
        """
        canonical = canonical_email(email)
        await self._verify(
            await self._tokens.consume_code(Purpose.VERIFY_EMAIL, canonical, code)
        )

    async def _verify(self, token: OneTimeToken) -> None:
        user = await owner_of(self._uow, token)
        if user is None:
            raise InvalidOneTimeToken(hint="the account changed since")
        user.email_verified = True
        touch(user, self._uow)
        self._uow.record(EmailVerified(user_id=user.id, actor_id=user.id))
