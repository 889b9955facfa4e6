"""Administrators who are locked out come back, by the hand of who runs the machine."""

from app.core.exceptions import Conflict
from app.events.user import AdministratorRecovered, UserStatusChanged
from app.models.user import User
from app.policies.permission import ADMIN_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import end_everything, set_password, touch
from app.services.accounts.errors import UserNotFound
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email


class NotAnAdministrator(Conflict):
    """Recovery gives nobody a right that they did not have."""

    code = "not_an_administrator"
    title = "This account is no administrator's; give it the role first"


class SetupRecoveryService:
    """Lets a locked-out administrator in again, and nobody else."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    async def recover(self, email: str) -> str:
        """Return a link that chooses a new password; it works once.

        The account is enabled. Its password, its sessions and its other links end: it
        is not known who has them. Its owner is told by mail, without the link.

        Raises:
            UserNotFound: Nobody has this address.
            NotAnAdministrator: The account does not have the role.
        """
        uow, now = self._uow, self._uow.clock.now()
        user = await uow.users.by_email(canonical_email(email), lock=True)
        if user is None:
            raise UserNotFound
        if ADMIN_ROLE not in await uow.users.held_roles_of(user.id):
            raise NotAnAdministrator
        self._enable(user)
        set_password(user, None, now)
        touch(user, uow)
        await end_everything(uow, user, now, "recovered", not_me=True)
        uow.record(
            AdministratorRecovered(user_id=user.id, to=user.email, locale=user.locale)
        )
        return await self._link(user)

    def _enable(self, user: User) -> None:
        if not user.is_active:
            user.status = "active"
            self._uow.record(UserStatusChanged(user_id=user.id, status=user.status))

    async def _link(self, user: User) -> str:
        token = await OneTimeTokenService(self._uow, self._process).issue(
            Purpose.RESET_PASSWORD,
            subject=user.email_canonical,
            user_id=user.id,
            ttl=self._process.settings.one_time.reset_password_ttl,
        )
        key, address = self._process.secret_key, self._process.settings.public_url
        secret = key.one_time_token(Purpose.RESET_PASSWORD, token.id)
        return f"{address}/reset-password?token={secret}"
