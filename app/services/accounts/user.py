"""Accounts, as administrators manage them."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.rate_limit import subject_key
from app.events.password import PasswordResetDemanded
from app.events.user import UserCreated, UserRolesChanged, UserStatusChanged
from app.models.user import User
from app.policies.permission import USER_ROLE, Actor
from app.repositories.statements.user_search import Search
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.account import apply_change, delete_user
from app.services.accounts.address import AddressService
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import (
    check_editable,
    demand_grantable,
    end_everything,
    existing,
    keeping_an_administrator,
    new_user,
    set_password,
    touch,
)
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.errors import (
    AlreadyAccepted,
    EmailTaken,
    UserDisabled,
    UserNotFound,
)
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.accounts.unverified import accept_address, displace
from app.services.attributes.values import AttributeValues
from app.services.process.precondition import demand_version
from app.services.process.process import Process
from app.services.sessions.authentication import AuthenticationService
from app.services.sessions.session import SessionService
from app.typed_text import canonical_email, searchable

_APART = ("status", "roles", "email", "email_verified")  # besides the profile


def read_search(typed: str | None) -> Search | None:
    """Return what a search is about: perhaps an id, perhaps a whole address."""
    if not typed:
        return None
    text = searchable(typed)
    address = canonical_email(typed) if "@" in text else None
    try:
        return Search(text, address, UUID(text))
    except ValueError:
        return Search(text, address)


class UserService:
    """What users with ``users:read`` and ``users:write`` may do to others."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction, which begins only after any hashing."""
        self._uow = uow
        self._process = process
        self._passwords = passwords

    async def roles_of(self, users: Sequence[User]) -> dict[UUID, list[str]]:
        """Return the role names of each account."""
        return await self._uow.users.roles_of(user.id for user in users)

    async def get(self, user_id: UUID) -> User:
        """Return an account.

        Raises:
            UserNotFound: There is none.
        """
        return await existing(self._uow, user_id)

    async def find(self, named: str) -> User:
        """Return the account of an id or an address.

        Raises:
            UserNotFound: There is none.
        """
        try:
            return await self.get(UUID(named))
        except ValueError:
            user = await self._uow.users.by_email(canonical_email(named))
        if user is None:
            raise UserNotFound
        return user

    async def create(
        self,
        actor: Actor,
        *,
        email: str,
        name: str | None,
        password: str | None,
        email_verified: bool,
        roles: Sequence[str] | None,
        attributes: Mapping[str, Any] = MappingProxyType({}),
        begun_at: BegunAt | None = None,
    ) -> User:
        """Make an account; without a password its owner is invited by mail.

        The link of the mail leads back to ``begun_at``.

        Raises:
            EmailTaken: The address has an account.
            Forbidden: A role may do more than the actor.
            Unprocessable: A role does not exist, the password is refused, or an
                attribute is missing or not acceptable.
        """
        hashed = None
        if password is not None:
            hashed = await self._passwords.accept(password, context=(email, name))
        wanted = sorted(set(roles if roles is not None else [USER_ROLE]))
        await demand_grantable(self._uow, actor, wanted)
        accept_address(self._process, email)
        user = new_user(self._uow, email, name=name)
        user.email_verified = email_verified
        if hashed is not None:
            set_password(user, hashed.hash, self._uow.clock.now())
        await self._store(user, wanted)
        await AttributeValues(self._uow).begin(user.id, attributes)
        if hashed is None:
            invitations = InvitationService(self._uow, self._process, self._passwords)
            await invitations.send(user, begun_at)
        elif not email_verified:
            verifications = EmailVerificationService(self._uow, self._process)
            await verifications.send(user, begun_at)
        return user

    async def _store(self, user: User, roles: Sequence[str]) -> None:
        await displace(self._uow, user.email_canonical, user)
        if await self._uow.users.by_email(user.email_canonical) is not None:
            raise EmailTaken
        self._uow.users.add(user)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise EmailTaken(hint="made by somebody else just now") from error
        await self._uow.users.add_roles(user.id, roles)
        self._uow.record(UserCreated(user_id=user.id, roles=tuple(roles)))

    async def update(
        self,
        actor: Actor,
        user_id: UUID,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
        begun_at: BegunAt | None = None,
    ) -> User:
        """Change profile, status or roles.

        Args:
            actor: Who asks.
            user_id: Whose account.
            change: Profile columns, ``attributes``, ``status``, ``roles``, and
                ``email`` with ``email_verified``.
            versions: What the caller read (``If-Match``), when they said so.
            begun_at: Where the link leads back to that confirms a new address.

        Raises:
            EmailTaken: The new address has an account.
            Forbidden: The account, or a role, may do more than the actor.
            LastAdministrator: Nobody would be left to administrate.
            PreconditionFailed: Somebody changed it since.
            ReauthenticationRequired: It is the actor's own address.
        """
        if "email" in change or "email_verified" in change:
            await self._demand_presence(actor, user_id)
        async with keeping_an_administrator(self._uow, user_id):
            user = await self._editable(actor, user_id)
            profile = {
                name: value for name, value in change.items() if name not in _APART
            }
            await apply_change(self._uow, user, profile, versions)
            addresses = AddressService(self._uow, self._process)
            email, verified = change.get("email"), change.get("email_verified")
            await addresses.set(user, email, verified, begun_at)
            if "status" in change:
                await self._set_status(user, change["status"])
            if "roles" in change:
                await self._set_roles(actor, user, change["roles"])
        return user

    async def _set_status(self, user: User, status: str) -> None:
        if status == user.status:
            return
        user.status = status
        touch(user, self._uow)
        if not user.is_active:
            now = self._uow.clock.now()
            await end_everything(self._uow, user, now, "user_disabled", not_me=True)
        self._uow.record(UserStatusChanged(user_id=user.id, status=status))

    async def change_roles(
        self,
        actor: Actor,
        user_id: UUID,
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> User:
        """Give and take some roles; those that others change meanwhile stay.

        Raises:
            Forbidden: The account, or a role, may do more than the actor.
            LastAdministrator: Nobody would be left to administrate.
            Unprocessable: A role does not exist.
        """
        async with keeping_an_administrator(self._uow, user_id):
            user = await self._editable(actor, user_id)
            wanted = (await self._held(user) | set(add)) - set(remove)
            await self._set_roles(actor, user, wanted)
        return user

    async def _held(self, user: User) -> set[str]:
        return set((await self.roles_of([user])).get(user.id, []))

    async def _set_roles(
        self, actor: Actor, user: User, wanted: Collection[str]
    ) -> None:
        held = await self._held(user)
        added, removed = sorted(set(wanted) - held), sorted(held - set(wanted))
        user.unverified_until = None  # somebody vouched for it
        if not added and not removed:
            return
        await demand_grantable(self._uow, actor, added + removed)
        await self._uow.users.add_roles(user.id, added)
        await self._uow.users.remove_roles(user.id, removed)
        touch(user, self._uow)
        self._uow.record(
            UserRolesChanged(
                user_id=user.id, added=tuple(added), removed=tuple(removed)
            )
        )

    async def delete(
        self, actor: Actor, user_id: UUID, versions: Collection[str] | None
    ) -> None:
        """Delete an account and all that belongs to it.

        Raises:
            Forbidden: The account may do more than the actor.
            LastAdministrator: Nobody would be left to administrate.
            PreconditionFailed: Somebody changed it since.
            ReauthenticationRequired: It is the actor's own.
        """
        await self._demand_presence(actor, user_id)
        async with keeping_an_administrator(self._uow, user_id):
            user = await self._editable(actor, user_id)
            demand_version(user.version, versions)
            await delete_user(self._uow, user)

    async def revoke_sessions(self, actor: Actor, user_id: UUID) -> None:
        """End every session of an account.

        Raises:
            Forbidden: The account may do more than the actor.
        """
        user = await self._editable(actor, user_id)
        await SessionService(self._uow).end_all(user.id, "administrator")

    async def revoke_session(
        self, actor: Actor, user_id: UUID, session_id: UUID
    ) -> None:
        """End one session of an account.

        Raises:
            Forbidden: The account may do more than the actor.
            SessionNotFound: It is not the account's, or it was over already.
        """
        user = await self._editable(actor, user_id)
        sessions = SessionService(self._uow)
        await sessions.end(user.id, session_id, "administrator")

    async def invite_again(self, actor: Actor, user_id: UUID) -> None:
        """Send another invitation to whoever did not accept the first.

        Raises:
            AlreadyAccepted: Somebody chose a password for the account.
            Forbidden: The account may do more than the actor.
            TooManyRequests: The account was sent enough mails.
            UserDisabled: The link would not work.
        """
        await charge_mail(self._process, actor, user_id)
        await self.send_invitation(actor, user_id)

    async def send_invitation(self, actor: Actor, user_id: UUID) -> None:
        """Do the same with a mail that was counted.

        Raises:
            AlreadyAccepted: Somebody chose a password for the account.
            Forbidden: The account may do more than the actor.
            UserDisabled: The link would not work.
        """
        user = await self._editable(actor, user_id)
        if not user.is_active:
            raise UserDisabled
        if user.password_hash is not None or user.email_verified:
            raise AlreadyAccepted
        invitations = InvitationService(self._uow, self._process, self._passwords)
        await invitations.send(user)

    async def start_password_reset(
        self,
        actor: Actor,
        user_id: UUID,
        begun_at: BegunAt | None = None,
        *,
        required: bool = False,
    ) -> None:
        """Send the owner a reset link; the administrator never sees it.

        Every session ends: whoever asks for this has a reason. The link leads back to
        ``begun_at``. Where it is ``required``, nothing but such a link signs in.

        Raises:
            Forbidden: The account may do more than the actor.
            TooManyRequests: The account was sent enough of them.
            UserDisabled: Its links would not work.
        """
        await charge_mail(self._process, actor, user_id)
        user = await self._editable(actor, user_id)
        if not user.is_active:
            raise UserDisabled
        now = self._uow.clock.now()
        if required and not user.must_reset_password:
            user.must_reset_password = True
            self._uow.record(PasswordResetDemanded(user_id=user.id))
        await end_everything(self._uow, user, now, "administrator")
        resets = PasswordResetService(self._uow, self._process, self._passwords)
        await resets.send(user, begun_at=begun_at)

    async def _demand_presence(self, actor: Actor, user_id: UUID) -> None:
        """Ask of one's own account by its id what ``/users/me`` asks, too."""
        if user_id == actor.user_id:
            await AuthenticationService(self._process).demand_presence(actor)

    async def _editable(self, actor: Actor, user_id: UUID) -> User:
        user = await existing(self._uow, user_id, lock=True)
        await check_editable(self._uow, actor, user_id)
        return user


async def charge_mail(process: Process, actor: Actor, user_id: UUID) -> None:
    """Count a mail that administrators send; apart from those that people ask for.

    Before the transaction, which would keep the counter of SQLite waiting, and only
    for who may send it: nobody else shall use up the account's mails.

    Raises:
        Forbidden: The account may do more than the actor.
        TooManyRequests: The account was sent enough of them.
        UserNotFound: There is none.
    """
    async with process.unit_of_work(read_only=True) as uow:
        await existing(uow, user_id)
        await check_editable(uow, actor, user_id)
    key = subject_key("administrator", str(user_id))
    await process.limiter.take((process.limits.mail_recipient, key))
