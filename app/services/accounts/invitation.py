"""Accounts that administrators make and their owners complete."""

from uuid import UUID

from app.events.user import InvitationAccepted, UserInvited
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import end_everything, set_password, touch
from app.services.accounts.mailed_password import redeem
from app.services.accounts.password import PasswordService
from app.services.accounts.unverified import mark_verified
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email


class InvitationService:
    """Sends invitations and takes their links back."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction, which begins only after the hashing."""
        self._uow = uow
        self._process = process
        self._passwords = passwords
        self._tokens = OneTimeTokenService(uow, process)

    async def send(self, user: User, begun_at: BegunAt | None = None) -> None:
        """Invite the owner of an account's address to choose a password."""
        await self._tokens.send(
            UserInvited,
            Purpose.INVITATION,
            user,
            subject=user.email_canonical,
            ttl=self._process.settings.one_time.invitation_ttl,
            data=begun_at.data() if begun_at else None,
        )

    async def accept(
        self, token: str, password: str, name: str | None, *, email: str | None = None
    ) -> User:
        """Complete an invited account; its address is verified by the link.

        Args:
            token: From the link; or, with ``email``, the digits from the mail.
            password: What the owner chose.
            name: Replaces the one that the administrator gave, if any.
            email: When given, it must be the invited address.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
            InvalidCode: The digits do not work, whatever the reason.
            UnacceptablePassword: Refused by the policy; the link works on, and for
                digits it counts as a try.
        """
        found = await self.find(token, email)
        return await self.accept_found(found, password, name, email=email)

    async def accept_found(
        self, found: UUID, password: str, name: str | None, *, email: str | None = None
    ) -> User:
        """Complete an invited account with what ``find`` found.

        Raises:
            InvalidOneTimeToken: Somebody used it meanwhile, or the account changed.
            UnacceptablePassword: Refused by the policy.
        """
        redeemed = await redeem(
            self._uow,
            self._tokens,
            self._passwords,
            Purpose.INVITATION,
            found,
            password,
            said=(email, name),
        )
        user = redeemed.user
        if email is not None and canonical_email(email) != redeemed.row.subject:
            raise InvalidOneTimeToken(hint="the invitation is for another address")
        now = self._uow.clock.now()
        set_password(user, redeemed.hash, now, mailed=True)
        user.must_reset_password = False
        user.name = name or user.name
        mark_verified(user)
        touch(user, self._uow)
        await end_everything(self._uow, user, now, "invitation_accepted")
        self._uow.record(InvitationAccepted(user_id=user.id, actor_id=user.id))
        return user

    async def find(self, token: str, email: str | None) -> UUID:
        """Return which invitation a link, or digits with an address, belong to.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
            InvalidCode: The digits do not work, whatever the reason.
        """
        if email is not None and token.isdecimal():
            subject = canonical_email(email)
            return await self._tokens.find_by_code(Purpose.INVITATION, subject, token)
        return await self._tokens.find(Purpose.INVITATION, token)
