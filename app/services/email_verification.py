"""Confirming that an account's address is read by its owner."""

from app.events.email import EmailVerificationRequested, EmailVerified
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.errors import InvalidOneTimeToken
from app.services.mail_request import MailRequestService
from app.services.one_time_token import OneTimeTokenService, Purpose
from app.services.runtime import Runtime
from app.services.user_change import touch
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
        token = await self._tokens.issue(
            Purpose.VERIFY_EMAIL,
            subject=user.email_canonical,
            user_id=user.id,
            ttl=self._runtime.settings.one_time.verify_email_ttl,
        )
        self._uow.record(
            EmailVerificationRequested(
                user_id=user.id,
                to=user.email,
                locale=user.locale,
                token_id=token.id,
                expires_at=token.expires_at,
            )
        )

    async def resend(self, email: str) -> None:
        """Send another mail if the account waits for one; the answer never says so.

        Raises:
            TooManyRequests: The caller's address asked for too many mails.
        """
        canonical = canonical_email(email)
        if not await MailRequestService(self._runtime).admit(canonical):
            return
        user = await self._uow.users.by_email(canonical, lock=True)
        if user is not None and user.is_active and not user.email_verified:
            await self.send(user)

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
        user_id = token.user_id
        user = await self._uow.users.by_id(user_id, lock=True) if user_id else None
        if user is None or user.email_canonical != token.subject:
            raise InvalidOneTimeToken(hint="the address changed since")
        user.email_verified = True
        touch(user, self._uow)
        self._uow.record(EmailVerified(user_id=user.id, actor_id=user.id))
