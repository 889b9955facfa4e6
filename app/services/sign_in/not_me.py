"""Saying "this wasn't me": an account is stopped, and its owner's again (ADR-0055)."""

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from app.events.email import EmailChanged
from app.events.password import PasswordResetDemanded
from app.events.sign_in import NotMeSaid
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import (
    delete_factors,
    end_everything,
    set_email,
    touch,
)
from app.services.accounts.password import PasswordService
from app.services.accounts.password_reset import PasswordResetService
from app.services.accounts.unverified import displace, mark_verified
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email

_REASON = "not_me"


class NotMeService:
    """Takes links of mails back that tell of sign-ins and changes."""

    def __init__(
        self, uow: UnitOfWork, process: Process, passwords: PasswordService
    ) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._tokens = OneTimeTokenService(uow, process)
        self._resets = PasswordResetService(uow, process, passwords)

    async def with_token(self, token: str) -> None:
        """Stop the account, undo what came since, and mail a link for a new password.

        Whoever has the link gets nothing by it but that mail, to the address that the
        link itself was sent to, or to the account's present one where another account
        has that by now. Older links work on, for they undo more; newer ones
        end, as whoever got in may have had them sent to themselves.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
        """
        row = await self._tokens.consume(Purpose.NOT_ME, token, others=False)
        user = await self._owner(row)
        now, before = self._uow.clock.now(), user.email
        since = datetime.fromisoformat(row.data["since"])
        is_home = await self._move_back(user, row.data["email"])
        factors: tuple[str, ...] = ()
        if is_home:
            factors = await self._undo(user, row, since)
        else:
            await self._demand_one_factor(user, since)
        await end_everything(self._uow, user, now, _REASON)
        self._stop(user, now)
        await self._resets.send(user)
        self._tell(user, row, factors, before)

    async def _undo(
        self, user: User, row: OneTimeToken, since: datetime
    ) -> tuple[str, ...]:
        """Undo what came since; return the kinds of factors that are gone by that."""
        uow = self._uow
        factors = await self._take_away(user, since)
        await uow.sessions.forget_networks(user.id, since)
        await uow.upstream_identities.delete_for_user(user.id, since=since)
        await uow.oauth_consents.delete_for_user(user.id, since=since)
        await uow.one_time_tokens.revoke_after(
            user.id, Purpose.NOT_ME, row.created_at, uow.clock.now()
        )
        return factors

    async def _demand_one_factor(self, user: User, since: datetime) -> None:
        """Refuse who reads an address that an account with a second factor has left.

        Another account has that address, so it is of whoever reads its mail now, who
        is perhaps a stranger to this account. They may stop it, if a password is all
        that stands between it and a thief; nothing is undone for them.
        """
        if await self._uow.users.has_second_factor(user.id, before=since):
            raise InvalidOneTimeToken(hint="the account left the address for good")

    async def _owner(self, row: OneTimeToken) -> User:
        assert row.user_id is not None
        user = await self._uow.users.by_id(row.user_id, lock=True)
        if user is None or not user.is_active:
            raise InvalidOneTimeToken(hint="the account is gone or disabled")
        return user

    async def _move_back(self, user: User, email: str) -> bool:
        """Give the account the address of the link; False if another has it by now."""
        if user.email == email:
            return True
        canonical, before = canonical_email(email), user.email
        await displace(self._uow, canonical, user)
        holder = await self._uow.users.by_email(canonical)
        if holder is not None and holder.id != user.id:
            return False
        set_email(user, email)
        mark_verified(user)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise InvalidOneTimeToken(hint="the address was just taken") from error
        self._uow.record(
            EmailChanged(
                user_id=user.id, actor_id=user.id, to=before, locale=user.locale
            )
        )
        return True

    async def _take_away(self, user: User, since: datetime) -> tuple[str, ...]:
        """Delete the factors that were set up since; return their kinds."""
        uow = self._uow
        kinds = await delete_factors(uow, user.id, since=since)
        if kinds:
            user.factors_version += 1
            if not await uow.users.has_second_factor(user.id):
                await uow.recovery_codes.delete_for_user(user.id)
        return kinds

    def _stop(self, user: User, now: datetime) -> None:
        ttl = timedelta(seconds=self._process.settings.mfa.freeze_ttl)
        user.factors_frozen_until = now + ttl
        if not user.must_reset_password:
            user.must_reset_password = True
            self._uow.record(PasswordResetDemanded(user_id=user.id, actor_id=user.id))
        touch(user, self._uow)

    def _tell(
        self, user: User, row: OneTimeToken, factors: tuple[str, ...], before: str
    ) -> None:
        assert user.factors_frozen_until is not None
        self._uow.record(
            NotMeSaid(
                user_id=user.id,
                actor_id=user.id,
                to=user.email,
                locale=user.locale,
                about=row.data["about"],
                factors=factors,
                moved_back=user.email != before,
                address_taken=user.email != row.data["email"],
                frozen_until=f"{user.factors_frozen_until:%Y-%m-%d %H:%M} UTC",
            )
        )
