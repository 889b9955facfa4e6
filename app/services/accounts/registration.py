"""Making an account for oneself."""

import logging

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Forbidden
from app.events.user import RegistrationRepeated, UserRegistered
from app.models.user import User
from app.policies.permission import USER_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt, told
from app.services.accounts.change import new_user, set_password
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.errors import EmailTaken
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import NewPassword, PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.accounts.unverified import accept_address, claim, wait_for_proof
from app.services.one_time.errors import InvalidCode, InvalidOneTimeToken
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.token import Purpose
from app.services.process.challenge import ChallengeService
from app.services.process.process import Process
from app.typed_text import canonical_email

_CLOSED = ("invite", "closed")
_MAIL = "registration"  # counted apart from mails that are asked for later
_log = logging.getLogger("auth_serve.registration")


class RegistrationClosed(Forbidden):
    """Accounts are made by invitation, or by administrators."""

    code = "registration_closed"
    title = "Registration needs a valid invitation"


class RegistrationOff(RegistrationClosed):
    """Mode ``closed``: administrators make the accounts."""

    title = "Nobody can register here; administrators make the accounts"


class RegistrationService:
    """Makes accounts, as the operator's mode allows."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction, which begins only after the hashing."""
        self._uow = uow
        self._process = process
        self._passwords = passwords
        self._invitations = InvitationService(uow, process, passwords)
        self._resets = PasswordResetService(uow, process, passwords)
        self._mails = MailRequestService(process)

    async def register(
        self,
        email: str,
        password: str,
        name: str | None,
        invitation: str | None,
        begun_at: BegunAt | None = None,
    ) -> User | None:
        """Make an account.

        Args:
            email: The address that it is for.
            password: What the person chose.
            name: What the person is called, if they say so.
            invitation: Token or code of one.
            begun_at: The application that the person was on the way to.

        Returns:
            The account; None in mode ``verified``, where the answer must not tell
            whether the address has one already.

        Raises:
            RegistrationClosed: The mode wants a valid invitation.
            InvalidOneTimeToken: The mode wants none, and the one given does not work.
            EmailTaken: Mode ``open``, and the address has an account.
            UnacceptablePassword: Refused by the policy.
            Unprocessable: The operator accepts no such domain.
            TooManyRequests: Too many registrations from the address; with a challenge.
        """
        await self._charge(email)
        mode = self._process.settings.registration_mode
        if invitation is not None:
            return await self._invited(email, password, name, invitation)
        if mode == "closed":
            raise RegistrationOff
        if mode == "invite":
            raise RegistrationClosed
        accept_address(self._process, email)
        chosen = await self._passwords.accept(password, context=(email, name))
        if mode == "open":
            return await self._open(email, chosen, name, begun_at)
        await self._verified(email, chosen, name, begun_at)
        return None

    async def _invited(
        self, email: str, password: str, name: str | None, invitation: str
    ) -> User:
        accept = self._invitations.accept
        try:
            return await accept(invitation, password, name, email=email)
        except (InvalidOneTimeToken, InvalidCode) as error:
            if self._process.settings.registration_mode not in _CLOSED:
                raise
            raise RegistrationClosed(hint=str(error)) from error

    async def _charge(self, email: str) -> None:
        limit = self._process.limits.register_address
        await ChallengeService(self._process).admit(limit, canonical_email(email))

    async def _open(
        self,
        email: str,
        chosen: NewPassword,
        name: str | None,
        begun_at: BegunAt | None,
    ) -> User:
        canonical = canonical_email(email)
        admitted = await self._mails.admit(_MAIL, canonical)
        if await self._uow.users.by_email(canonical) is not None:
            raise EmailTaken
        try:
            user = await self._add(email, chosen, name, "open")
        except IntegrityError as error:
            raise EmailTaken(hint="registered by somebody else just now") from error
        if admitted:
            verifications = EmailVerificationService(self._uow, self._process)
            await verifications.send(user, begun_at)
        return user

    async def _verified(
        self,
        email: str,
        chosen: NewPassword,
        name: str | None,
        begun_at: BegunAt | None,
    ) -> None:
        canonical = canonical_email(email)
        admitted = await self._mails.admit(_MAIL, canonical)
        user = await self._uow.users.by_email(canonical, lock=True)
        if user is not None:
            claims = admitted and await self.repeat(user, email, begun_at)
            await self._pretend(adding=chosen, claiming=not claims)
            return
        try:
            user = await self._add(email, chosen, name, "verified")
        except IntegrityError:
            await self._uow.db.rollback()
            _log.info("registered by somebody else just now")
            return
        await self._pretend(claiming=True)
        if admitted:  # without the mail the account waits; another can be asked for
            verifications = EmailVerificationService(self._uow, self._process)
            await verifications.send(user, begun_at)

    async def _pretend(
        self, *, adding: NewPassword | None = None, claiming: bool
    ) -> None:
        """Do what was not due and take it back: the time must not tell what was.

        Args:
            adding: The password of an account that is made, if one is.
            claiming: Whether an account is taken from whoever made it.
        """
        nobody = f"{self._uow.randomness.uuid7().hex}@nobody.invalid"
        async with self._uow.db.begin_nested() as undone:
            user = new_user(self._uow, nobody, name=None)
            if adding is not None:
                user = await self._add(nobody, adding, None, "verified")
                await EmailVerificationService(self._uow, self._process).send(user)
            if claiming:
                await claim(self._uow, user, "registered_again")
                await self._resets.pretend(nobody)
            await self._uow.db.flush()
            await undone.rollback()

    async def _add(
        self, email: str, chosen: NewPassword, name: str | None, mode: str
    ) -> User:
        user = new_user(self._uow, email, name=name)
        wait_for_proof(user, self._process)
        set_password(user, chosen.hash, self._uow.clock.now())
        self._uow.users.add(user)
        await self._uow.db.flush()
        await self._uow.users.add_roles(user.id, [USER_ROLE])
        self._uow.record(UserRegistered(user_id=user.id, actor_id=user.id, mode=mode))
        return user

    async def repeat(self, user: User, email: str, begun_at: BegunAt | None) -> bool:
        """Tell the owner of the mailbox; return whether the account was claimed.

        A verified account: its owner learns of it. An invited one: the invitation is
        sent again. Any other was perhaps made by somebody who hopes that the owner of
        the address confirms it (pre-hijacking, or just the same person with another
        password): nobody's password survives, nor what they said of themselves, and the
        mail lets its reader choose one (ADR-0008). A disabled account stays as it is.
        """
        if not user.is_active:
            return False
        if user.email_verified:
            self._uow.record(
                RegistrationRepeated(
                    user_id=user.id,
                    to=user.email,
                    locale=user.locale,
                    **told(begun_at),
                )
            )
            return False
        now = self._uow.clock.now()
        if await self._uow.one_time_tokens.is_pending(
            Purpose.INVITATION, user.email_canonical, now
        ):
            await self._invitations.send(user, begun_at)
            return False
        await claim(self._uow, user, "registered_again")
        ttl = self._process.settings.one_time.verify_email_ttl
        await self._resets.send(user, typed=email, ttl=ttl, begun_at=begun_at)
        return True
