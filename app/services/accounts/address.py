"""Addresses as operators deal with them: set for somebody, and keys that collide."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import FieldError, Unprocessable
from app.events.email import EmailChanged, EmailCollided, EmailSet, EmailVerified
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.begun_at import BegunAt
from app.services.accounts.change import set_email, touch
from app.services.accounts.email_verification import EmailVerificationService
from app.services.accounts.errors import EmailTaken
from app.services.accounts.unverified import accept_address, displace, mark_verified
from app.services.process.process import Process
from app.typed_text import PARKED, canonical_email

BATCH = 500  # rows in memory at a time


@dataclass(frozen=True, slots=True)
class Collision:
    """An account that cannot be signed in to by its address; another one has it."""

    user_id: UUID
    email: str
    holder_id: UUID | None
    holder_email: str | None


class AddressService:
    """Gives an account an address on an administrator's word."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._process = process

    async def set(
        self,
        user: User,
        email: str | None,
        verified: bool | None,
        begun_at: BegunAt | None = None,
    ) -> None:
        """Give an account that is locked an address, and say whether it is proven.

        Links and codes that went to the old address end. The old address is told, and
        so is the new one: of the change, or with the mail that asks to confirm it.

        Args:
            user: Whose.
            email: The present address, or another one; None is the present one.
            verified: Whether it is known to be the person's; None says nothing new.
            begun_at: Where the link leads back to that asks to confirm it.

        Raises:
            EmailTaken: Another account has it.
            Unprocessable: A proof cannot be taken back, or the operator accepts no
                such domain.
        """
        is_parked = user.email_canonical.startswith(PARKED)
        if email is not None and (email != user.email or is_parked):
            await self._move(user, email, verified or False, begun_at)
        elif verified is True and not user.email_verified:
            mark_verified(user)
            touch(user, self._uow)
            self._uow.record(EmailVerified(user_id=user.id))
        elif verified is False and user.email_verified:
            message = "a proof is not taken back; set another address"
            raise Unprocessable([FieldError("email_verified", "verified", message)])

    async def _move(
        self, user: User, email: str, verified: bool, begun_at: BegunAt | None
    ) -> None:
        accept_address(self._process, email)
        canonical, before = canonical_email(email), user.email
        await displace(self._uow, canonical, user)
        holder = await self._uow.users.by_email(canonical)
        if holder is not None and holder.id != user.id:
            raise EmailTaken
        set_email(user, email)
        user.email_verified, user.unverified_until = False, None
        touch(user, self._uow)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise EmailTaken(hint="taken by somebody else just now") from error
        await self._uow.one_time_tokens.revoke_for_user(user.id, self._uow.clock.now())
        self._uow.record(EmailChanged(user_id=user.id, to=before, locale=user.locale))
        if not verified:
            verifications = EmailVerificationService(self._uow, self._process)
            await verifications.send(user, begun_at)
            return
        mark_verified(user)
        self._uow.record(EmailVerified(user_id=user.id))
        self._uow.record(EmailSet(user_id=user.id, to=email, locale=user.locale))


class CollisionService:
    """Keys of addresses: put right where an earlier release wrote them, and listed."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def list_all(self) -> list[Collision]:
        """Return every account that cannot be signed in to by its address."""
        found: list[Collision] = []
        after: UUID | None = None
        while True:
            async with self._process.unit_of_work(read_only=True) as uow:
                rows = await uow.users.list_parked(after, BATCH)
                found += [await _described(uow, user) for user in rows]
            if len(rows) < BATCH:
                return found
            after = rows[-1].id

    async def put_right(self) -> int:
        """Recompute the keys that may differ from an earlier release's; count changes.

        While two releases run beside each other, the earlier one writes its own form.
        Only addresses that are not ASCII can differ.
        """
        changed, after = 0, None
        while True:
            async with self._process.unit_of_work(read_only=True) as uow:
                rows = await uow.users.list_international(after, BATCH)
            stale = [row for row in rows if _is_stale(row)]
            for row in stale:
                async with self._process.unit_of_work() as uow:
                    changed += await _put_right(uow, row.id)
            if len(rows) < BATCH:
                return changed
            after = rows[-1].id


def _is_stale(user: User) -> bool:
    key = user.email_canonical
    return not key.startswith(PARKED) and key != canonical_email(user.email)


async def _described(uow: UnitOfWork, user: User) -> Collision:
    holder = await uow.users.by_email(canonical_email(user.email))
    return Collision(
        user_id=user.id,
        email=user.email,
        holder_id=holder.id if holder else None,
        holder_email=holder.email if holder else None,
    )


async def _put_right(uow: UnitOfWork, user_id: UUID) -> bool:
    """Give one account its key; of two the verified one has it, then the older one."""
    user = await uow.users.by_id(user_id, lock=True)
    if user is None or not _is_stale(user):
        return False
    key = canonical_email(user.email)
    holder = await uow.users.by_email(key, lock=True)
    if holder is not None:
        first, other = _in_order([user, holder])
        other.email_canonical = f"{PARKED}{other.id}"
        await uow.db.flush()
        uow.record(EmailCollided(user_id=other.id, holder=first.id))
        if first is holder:
            return True
    user.email_canonical = key
    touch(user, uow)
    return True


def _in_order(users: Sequence[User]) -> list[User]:
    return sorted(users, key=lambda user: (not user.email_verified, user.id))
