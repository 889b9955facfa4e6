"""The first administrator."""

import logging
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.context import current
from app.core.exceptions import Conflict
from app.events.user import SetupCompleted
from app.factors.attestation import ModelRefused
from app.factors.base import MULTI_FACTOR, Ceremony, FactorRefused
from app.factors.passkey import (
    DEVICE_BOUND,
    SYNCED,
    VERIFIED,
    NewPasskey,
    Person,
    creation_options,
    read_challenge,
    user_handle,
    verify_creation,
)
from app.models.user import User
from app.policies.permission import ADMIN_ROLE, USER_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import new_user, set_email, set_password, touch
from app.services.accounts.password import PasswordService
from app.services.accounts.unverified import accept_address, claim, mark_verified
from app.services.factors.authenticator_name import name_of
from app.services.factors.challenge import Challenges, ceremony_of, ready
from app.services.factors.errors import RefusedModel, RefusedPasskey
from app.services.factors.stored import passkey_row
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sign_in.start import Known, Proven, SessionStart, StartedSession
from app.typed_text import canonical_email

LINK_TTL = 24 * 3_600
_log = logging.getLogger("auth_serve.setup")


class SetupFinished(Conflict):
    """There is an administrator, so nobody else may become the first."""

    code = "setup_finished"
    title = "This service is set up already; sign in as its administrator"


class SetupService:
    """Makes the first administrator: from the settings, or with a one-time link."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction, which begins only after the hashing."""
        self._uow = uow
        self._process = process
        self._passwords = passwords

    async def is_finished(self) -> bool:
        """Tell whether there is an active administrator."""
        return await self._uow.users.count_active_members(ADMIN_ROLE) > 0

    async def link(self) -> str | None:
        """Return the set-up link; None once there is an administrator.

        A link that is still good is returned again, so that a restart does not break
        the one in the operator's hand.
        """
        if await self.is_finished():
            return None
        now = self._uow.clock.now()
        token = await self._uow.one_time_tokens.latest(Purpose.SETUP, now)
        if token is None:
            service = OneTimeTokenService(self._uow, self._process)
            token = await service.issue(Purpose.SETUP, subject="", ttl=LINK_TTL)
        address = self._process.settings.public_url
        secret = self._process.secret_key.one_time_token(Purpose.SETUP, token.id)
        return f"{address}/setup?token={secret}"

    async def complete(self, token: str, email: str, password: str) -> User:
        """Make the administrator of whoever holds the link.

        Raises:
            InvalidOneTimeToken: The link does not work.
            SetupFinished: There is an administrator already.
            UnacceptablePassword: Refused by the policy; the link works on.
        """
        accept_address(self._process, email)
        tokens = OneTimeTokenService(self._uow, self._process)
        found = await tokens.find(Purpose.SETUP, token)
        chosen = await self._passwords.accept(password, context=(email,))
        await tokens.consume_found(Purpose.SETUP, found)
        return await self._make(email, chosen.hash, "link")

    async def passkey_options(self, token: str) -> dict[str, Any]:
        """Return what a browser needs to make the administrator's passkey.

        Nothing is stored, and it names nobody yet: the page puts the address in.

        Raises:
            InvalidOneTimeToken: The link does not work.
        """
        await ready()
        found = await OneTimeTokenService(self._uow, self._process).find(
            Purpose.SETUP, token
        )
        ceremony = ceremony_of(self._process, found, self._challenges(found).new())
        nobody = Person(handle=user_handle((), ceremony), name="", display_name="")
        options = creation_options(nobody, (), ceremony)
        # It is to sign in alone, and one that does not ask for its user never may.
        options["authenticatorSelection"]["userVerification"] = "required"
        return options

    async def complete_with_passkey(
        self, token: str, email: str, answer: Any
    ) -> StartedSession:
        """Make the administrator, without a password, and sign them in.

        Args:
            token: Of the link for which the options were made: they work for no other.
            email: What they typed.
            answer: What the browser answered, in the JSON of WebAuthn.

        Raises:
            InvalidOneTimeToken: The link does not work.
            RefusedModel: The authenticator is of a model that is not taken here.
            RefusedPasskey: The answer does not do; the log says why.
            SetupFinished: There is an administrator already.
        """
        accept_address(self._process, email)
        await ready()
        tokens = OneTimeTokenService(self._uow, self._process)
        found = await tokens.find(Purpose.SETUP, token)
        ceremony, made = self._judge(found, answer)
        await tokens.consume_found(Purpose.SETUP, found)
        user = await self._make(email, None, "link")
        await self._store(user, ceremony, made)
        possession = SYNCED if made.is_backup_eligible else DEVICE_BOUND
        proven = Proven("registration", (possession, VERIFIED, MULTI_FACTOR))
        start, known = SessionStart(self._process), Known({}, is_known_place=True)
        return await start.within(self._uow, user, proven, known)

    def _challenges(self, token_id: UUID) -> Challenges:
        return Challenges(self._process, Purpose.PASSKEY_SETUP, token_id.hex)

    def _judge(self, token_id: UUID, answer: Any) -> tuple[Ceremony, NewPasskey]:
        """Judge a new passkey; its challenge works for the link, which works once."""
        try:
            challenge = read_challenge(answer)
            self._challenges(token_id).read(challenge)
            ceremony = ceremony_of(self._process, token_id, challenge)
            made = verify_creation(answer, ceremony)
        except ModelRefused as refusal:
            raise RefusedModel(hint=str(refusal)) from None
        except FactorRefused as refusal:
            raise RefusedPasskey(hint=str(refusal)) from None
        if not made.is_user_verified:
            raise RefusedPasskey(hint="its user was not verified")
        return ceremony, made

    async def _store(self, user: User, ceremony: Ceremony, made: NewPasskey) -> None:
        name = name_of(made.aaguid, current().user_agent)
        handle = user_handle((), ceremony)
        row = passkey_row(self._uow, user.id, handle, made, {"name": name})
        self._uow.passkeys.add(row)
        user.factors_version += 1
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            # WebAuthn 7.1: nobody may have it, or two accounts would share a key.
            raise RefusedPasskey(hint="somebody has this passkey already") from error

    async def from_settings(self) -> None:
        """Make the administrator that the settings name, if there is none."""
        admin = self._process.settings.admin
        if admin.email is None or admin.password is None or await self.is_finished():
            return
        await self._uow.db.rollback()  # no connection is held while hashing
        chosen = await self._passwords.accept(
            admin.password.get_secret_value(),
            context=(admin.email,),
            field="AUTH_SERVE_ADMIN__PASSWORD",
        )
        try:
            await self._make(admin.email, chosen.hash, "settings")
        except SetupFinished:
            _log.info("another process made the administrator")

    async def _make(self, email: str, password_hash: str | None, method: str) -> User:
        """Make an account an administrator, under the lock that makes it the first.

        An account that has the key of the address already may be anybody's, also of
        another spelling: it gets the address and the new password, if there is one, and
        nothing that its maker held or said is left.
        """
        await self._uow.roles.by_name(ADMIN_ROLE, lock=True)
        if await self.is_finished():
            raise SetupFinished
        users, now = self._uow.users, self._uow.clock.now()
        user = await users.by_email(canonical_email(email), lock=True)
        if user is None:
            user = users.add(new_user(self._uow, email))
            await self._uow.db.flush()
        held = (await users.roles_of([user.id])).get(user.id, [])
        await claim(self._uow, user, "setup")
        set_email(user, email)
        set_password(user, password_hash, now)
        mark_verified(user)
        user.status = "active"
        touch(user, self._uow)
        await users.add_roles(user.id, sorted({ADMIN_ROLE, USER_ROLE} - set(held)))
        await self._uow.one_time_tokens.revoke_purpose(Purpose.SETUP, now)
        self._uow.record(
            SetupCompleted(user_id=user.id, actor_id=user.id, method=method)
        )
        return user
