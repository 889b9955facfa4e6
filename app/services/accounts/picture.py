"""The picture of an account, from its owner or from an administrator (ADR-0070)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from app.core.exceptions import FieldError, Forbidden, Unprocessable
from app.core.pictures.flaw import PictureFlaw
from app.core.rate_limit import subject_key
from app.events.user import UserUpdated
from app.models.user import User
from app.models.user_picture import UserPicture
from app.policies.permission import Actor
from app.policies.user import may_edit
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import existing, touch
from app.services.process.process import Process

if TYPE_CHECKING:
    from app.core.pictures.picture import Picture

FIELD, PATH = "picture", "/pictures"


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture as it is served."""

    media_type: str
    content: bytes


class PictureService:
    """Stores, removes and shows pictures of people."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def replace_own(self, owner_id: UUID, content: bytes) -> User:
        """Give one's own account another picture.

        Raises:
            TooManyRequests: The profile was changed too often.
            Unprocessable: It is no picture that is taken here.
        """
        await self._count(owner_id)  # what is refused was read, too
        picture = accepted(content)
        return await self._store(await self._locked(owner_id), picture)

    async def remove_own(self, owner_id: UUID) -> User:
        """Leave one's own account without a picture.

        Raises:
            TooManyRequests: The profile was changed too often.
        """
        await self._count(owner_id)
        return await self._store(await self._locked(owner_id), None)

    async def replace_for(self, actor: Actor, user_id: UUID, content: bytes) -> User:
        """Give somebody's account another picture.

        Raises:
            Forbidden: The account may do more than the actor.
            Unprocessable: It is no picture that is taken here.
            UserNotFound: There is none.
        """
        picture = accepted(content)
        return await self._store(await self._editable(actor, user_id), picture)

    async def remove_for(self, actor: Actor, user_id: UUID) -> User:
        """Leave somebody's account without a picture.

        Raises:
            Forbidden: The account may do more than the actor.
            UserNotFound: There is none.
        """
        return await self._store(await self._editable(actor, user_id), None)

    async def shown(self, picture_id: UUID) -> ShownPicture | None:
        """Return a picture for whoever knows its address, or None."""
        row = await self._uow.user_pictures.by_id(picture_id)
        return None if row is None else ShownPicture(row.media_type, row.content)

    async def path_of(self, user_id: UUID) -> str:
        """Return where the uploaded picture of an account is; empty without one.

        Never the address that somebody gave us instead: our pages would tell a stranger
        who looks at them.
        """
        picture_id = await self._uow.user_pictures.id_of(user_id)
        return "" if picture_id is None else f"{PATH}/{picture_id.hex}"

    async def paths_of(self, user_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the same of several accounts, without those that have none."""
        found = await self._uow.user_pictures.ids_of(user_ids)
        return {user_id: f"{PATH}/{each.hex}" for user_id, each in found.items()}

    async def _count(self, owner_id: UUID) -> None:
        limiter, limits = self._process.limiter, self._process.limits
        await limiter.take((limits.profile_account, subject_key("user", str(owner_id))))

    async def _locked(self, user_id: UUID) -> User:
        return await existing(self._uow, user_id, lock=True)

    async def _editable(self, actor: Actor, user_id: UUID) -> User:
        user = await self._locked(user_id)
        refusal = may_edit(actor, await self._uow.roles.permissions_of(user_id))
        if refusal is not None and user_id != actor.user_id:
            raise Forbidden(hint=refusal)
        return user

    async def _store(self, user: User, picture: "Picture | None") -> User:
        """Replace what there is, under the lock that makes writers take turns."""
        before = user.picture
        await self._uow.user_pictures.delete_for_user(user.id)
        user.picture = None
        if picture is not None:
            add_picture(self._uow, self._process, user, picture)
        if user.picture != before:
            touch(user, self._uow)
            self._uow.record(UserUpdated(user_id=user.id, fields=(FIELD,)))
        return user


def add_picture(
    uow: UnitOfWork, process: Process, user: User, picture: "Picture"
) -> None:
    """Give an account that has none a picture, and its address."""
    picture_id = UUID(bytes=uow.randomness.bytes(16), version=4)
    uow.user_pictures.add(
        UserPicture(
            id=picture_id,
            user_id=user.id,
            media_type=picture.media_type,
            content=picture.content,
            created_at=uow.clock.now(),
        )
    )
    user.picture = f"{process.settings.public_url}{PATH}/{picture_id.hex}"


def accepted(content: bytes) -> "Picture":
    """Return what is kept of a file.

    Raises:
        Unprocessable: It is no picture that is taken here; it says why.
    """
    # Here: few processes are ever given a picture.
    from app.core.pictures.picture import read_picture

    if not content:
        raise Unprocessable([FieldError(FIELD, "missing", "a picture is required")])
    try:
        return read_picture(content)
    except PictureFlaw as flaw:
        raise Unprocessable([FieldError(FIELD, flaw.code, str(flaw))]) from None
