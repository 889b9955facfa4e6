"""Moving an account to another address."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import FieldError, Unprocessable
from app.events.base import NOBODY
from app.events.email import (
    EmailChangeCollided,
    EmailChanged,
    EmailChangeRequested,
    EmailMovedHere,
)
from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt, told
from app.services.accounts.change import present, set_email, touch
from app.services.accounts.unverified import (
    accept_address,
    displace,
    is_unclaimed,
    mark_verified,
)
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.mail_request import MailRequestService
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.typed_text import canonical_email


class EmailChangeService:
    """The new address confirms, the old one is told."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process
        self._tokens = OneTimeTokenService(uow, process)

    async def request(
        self,
        owner_id: UUID,
        session_id: UUID,
        email: str,
        begun_at: BegunAt | None = None,
    ) -> None:
        """Send a link and a code to the new address; the answer never tells more.

        For an address that has an account the same is written for the caller, and its
        holder gets another mail: neither answer, trail nor export tells which it was.
        The links of both lead back to ``begun_at``.

        Raises:
            InvalidAccessToken: The session ended meanwhile.
            Unprocessable: It is the present address.
            TooManyRequests: The caller's address asked for too many mails.
        """
        accept_address(self._process, email)
        canonical = canonical_email(email)
        mails = MailRequestService(self._process)
        admitted = await mails.admit(Purpose.CHANGE_EMAIL, canonical)
        owner = await present(self._uow, owner_id, session_id)
        if email == owner.email:
            message = "this is the present address"
            raise Unprocessable([FieldError("email", "email_unchanged", message)])
        if not admitted:
            return
        holder = await self._uow.users.by_email(canonical)
        if holder is not None and (holder.id == owner.id or is_unclaimed(holder)):
            holder = None  # another spelling; or whoever proves the address gets it
        await self._send(owner, email, NOBODY if holder else email, begun_at)
        if holder is not None:
            self._uow.record(
                EmailChangeCollided(
                    user_id=holder.id,
                    to=holder.email,
                    locale=holder.locale,
                    **told(begun_at),
                )
            )

    async def _send(
        self, owner: User, email: str, to: str, begun_at: BegunAt | None
    ) -> None:
        moves = {"email": email, "from": owner.email_canonical}
        await self._tokens.send(
            EmailChangeRequested,
            Purpose.CHANGE_EMAIL,
            owner,
            subject=str(owner.id),  # the code is typed by the owner, signed in
            ttl=self._process.settings.one_time.change_email_ttl,
            to=to,
            data=moves | (begun_at.data() if begun_at else {}),
        )

    async def waiting(self, owner_id: UUID) -> str | None:
        """Return the address that the latest mail went to, while it can be confirmed.

        What the owner typed, whether or not somebody else has an account with it.
        """
        tokens, now = self._uow.one_time_tokens, self._uow.clock.now()
        row = await tokens.latest(Purpose.CHANGE_EMAIL, now, str(owner_id))
        return None if row is None else str(row.data["email"])

    async def with_token(self, token: str, owner_id: UUID | None = None) -> UUID:
        """Move the account with the link; return which token it was.

        Args:
            token: From the link.
            owner_id: When given, the account that the link must belong to.

        Raises:
            InvalidOneTimeToken: The link does not work, whatever the reason.
        """
        row = await self._tokens.consume(Purpose.CHANGE_EMAIL, token)
        if owner_id is not None and row.user_id != owner_id:
            raise InvalidOneTimeToken(hint="the link is of another account")
        await self._change(row)
        return row.id

    async def with_code(self, owner_id: UUID, code: str) -> None:
        """Move the caller's account with the code from the mail.

        Raises:
            InvalidCode: The code does not work, whatever the reason.
            TooManyRequests: Too many tries.
        """
        await self._change(
            await self._tokens.consume_code(Purpose.CHANGE_EMAIL, str(owner_id), code)
        )

    async def _change(self, row: OneTimeToken) -> None:
        user = (
            await self._uow.users.by_id(row.user_id, lock=True) if row.user_id else None
        )
        moved = user is not None and user.email_canonical != row.data["from"]
        if user is None or moved or not user.is_active:
            raise InvalidOneTimeToken(hint="the account changed since")
        before, link = user.email, not_me_link(self._uow, self._process, user)
        await displace(self._uow, canonical_email(row.data["email"]), user)
        set_email(user, row.data["email"])
        mark_verified(user)
        touch(user, self._uow)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise InvalidOneTimeToken(hint="the address was taken since") from error
        now = self._uow.clock.now()
        await self._uow.one_time_tokens.revoke_for_user(
            user.id, now, spared=(Purpose.NOT_ME,)
        )
        self._uow.record(
            EmailChanged(
                user_id=user.id,
                actor_id=user.id,
                to=before,
                locale=user.locale,
                not_me_id=link,
            )
        )
        self._uow.record(
            EmailMovedHere(
                user_id=user.id, actor_id=user.id, to=user.email, locale=user.locale
            )
        )
