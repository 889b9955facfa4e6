"""Setting a new password with a link or a code from a mail."""

from uuid import UUID

from app.events.password import PasswordReset, PasswordResetRequested
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import end_everything, set_password, touch
from app.services.accounts.mailed_password import redeem
from app.services.accounts.password import PasswordService
from app.services.accounts.unverified import (
    claim,
    mail_to,
    proof_of,
    take_proven_address,
)
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email


class PasswordResetService:
    """Sends reset mails and takes their links back."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._passwords = passwords
        self._tokens = OneTimeTokenService(uow, process)

    async def request(self, email: str, begun_at: BegunAt | None = None) -> None:
        """Send a link if there is an active account; the answer never says so.

        Args:
            email: What was typed.
            begun_at: The application that the person was on the way to.

        Raises:
            TooManyRequests: The caller's address asked for too many mails.
        """
        canonical = canonical_email(email)
        mails = MailRequestService(self._process)
        admitted = await mails.admit(Purpose.RESET_PASSWORD, canonical)
        user = await self._uow.users.by_email(canonical, lock=True)
        is_due = admitted and user is not None and user.is_active
        owner = user if is_due else None
        await self._send(canonical, owner, email, begun_at=begun_at)

    async def send(
        self,
        user: User,
        *,
        typed: str | None = None,
        ttl: int | None = None,
        begun_at: BegunAt | None = None,
    ) -> None:
        """Send a link to the address that was proven, or else to the one that counts.

        Args:
            user: Whose password.
            typed: What somebody asked with; unset: the stored address.
            ttl: Seconds that the link lives, if not as long as other reset links.
            begun_at: The application that the person was on the way to.
        """
        await self._send(user.email_canonical, user, typed or user.email, ttl, begun_at)

    async def pretend(self, canonical: str) -> None:
        """Write what sending a link writes, for nobody."""
        await self._send(canonical, None, canonical)

    async def _send(
        self,
        canonical: str,
        user: User | None,
        typed: str,
        ttl: int | None = None,
        begun_at: BegunAt | None = None,
    ) -> None:
        await self._tokens.send(
            PasswordResetRequested,
            Purpose.RESET_PASSWORD,
            user,
            subject=canonical,
            ttl=ttl or self._process.settings.one_time.reset_password_ttl,
            to=mail_to(user, typed),
            data=proof_of(typed) | (begun_at.data() if begun_at else {}),
        )

    async def with_token(self, token: str, new_password: str) -> UUID:
        """Set a new password with the link; return which token it was.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
            UnacceptablePassword: Refused by the policy; the link works on.
        """
        found = await self._tokens.find(Purpose.RESET_PASSWORD, token)
        return await self._reset(found, new_password)

    async def with_code(self, email: str, code: str, new_password: str) -> UUID:
        """Set a new password with the code from the mail; return whose token it was.

        Raises:
            InvalidCode: The code does not work, whatever the reason.
            UnacceptablePassword: Refused by the policy; it counts as a try.
            TooManyRequests: Too many tries.
        """
        subject = canonical_email(email)
        found = await self._tokens.find_by_code(Purpose.RESET_PASSWORD, subject, code)
        return await self._reset(found, new_password)

    async def _reset(self, token_id: UUID, new_password: str) -> UUID:
        """Set the password; every session and every other link ends.

        Whoever holds the link reads the mailbox, so the address is verified too.
        """
        redeemed = await redeem(
            self._uow,
            self._tokens,
            self._passwords,
            Purpose.RESET_PASSWORD,
            token_id,
            new_password,
            field="new_password",
        )
        user = redeemed.user
        if not user.email_verified:
            await claim(self._uow, user, "password_reset")
        # Nor does anybody else's way in survive: perhaps it is older than the proof of
        # the address, which its owner confirmed without knowing of it (pre-hijacking).
        await self._uow.upstream_identities.delete_for_user(user.id)
        now = self._uow.clock.now()
        set_password(user, redeemed.hash, now, mailed=True)
        user.must_reset_password = False
        take_proven_address(user, redeemed.row)
        touch(user, self._uow)
        await end_everything(self._uow, user, now, "password_reset")
        self._uow.record(
            PasswordReset(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                not_me_id=not_me_link(self._uow, self._process, user),
            )
        )
        return token_id
