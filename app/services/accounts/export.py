"""Copies of everything held about an account, read piece by piece as they go out."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.core.rate_limit import subject_key
from app.events.user import UserExported
from app.models.base import Base
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.audit_event import told_to
from app.services.accounts.change import existing
from app.services.process.process import Process
from app.utils.helpers import base64url, encoded_json, readable_json

BATCH = 500  # rows in memory at a time, and in one transaction
Batches = AsyncIterator[Sequence[dict[str, Any]]]
Fetch = Callable[[UnitOfWork, Any], Coroutine[Any, Any, Sequence[Any]]]
_SECRET_COLUMNS = frozenset(
    {"password_hash", "search_text", "counter", "sealed_secret", "code_hash", "digest"}
)


# Of an application that somebody answers for: how it is set up is its operator's.
_OF_A_CLIENT = (
    *("client_id", "client_name", "status", "created_at", "updated_at"),
    "last_used_at",
)


class OwnedRows(Protocol):
    """A repository whose rows are about one person each."""

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Any]:
        """Return a page of all that is stored about an account."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What is held: the account, and lists that are read while they are sent."""

    user: dict[str, Any]
    lists: dict[str, Batches]

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield a JSON object whose last members are lists too long to hold at once.

        In lines: it is a file that its owner opens.
        """
        yield b'{\n"user": ' + readable_json(self.user)
        for name, batches in self.lists.items():
            yield b",\n" + encoded_json(name) + b": ["
            between = b""
            async for batch in batches:
                if batch:
                    yield between + readable_json(batch)[1:-2]
                    between = b","
            yield b"\n]" if between else b"]"
        yield b"\n}\n"


class ExportService:
    """Gives owners what is held about them.

    The lists may be long, and the reader slow: each batch is a short transaction of
    its own, so that nobody holds a connection by not reading.
    """

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def begin(self, owner_id: UUID) -> Copy:
        """Leave evidence that a copy was taken, and return it.

        Raises:
            TooManyRequests: The account had enough copies.
            UserNotFound: There is no account.
        """
        limiter, limits = self._process.limiter, self._process.limits
        await limiter.take((limits.export_account, subject_key("user", str(owner_id))))
        async with self._process.unit_of_work() as uow:
            user = _plain(await existing(uow, owner_id))
            roles = await uow.users.roles_of([owner_id])
            groups = await uow.groups.names_of_user(owner_id)
            claims = await uow.user_claims.of(owner_id)
            attributes = await uow.attributes.values_of(owner_id)
            uow.record(UserExported(user_id=owner_id))
        user["roles"] = roles.get(owner_id, [])
        user["groups"] = groups
        user["attributes"] = attributes
        user["claims"] = claims.claims if claims else {}
        return Copy(
            user=user,
            lists={
                "pictures": self._rows(owner_id, lambda uow: uow.user_pictures),
                "sessions": self._rows(owner_id, lambda uow: uow.sessions),
                "passkeys": self._rows(owner_id, lambda uow: uow.passkeys),
                "totps": self._rows(owner_id, lambda uow: uow.totps),
                "recovery_codes": self._rows(owner_id, lambda uow: uow.recovery_codes),
                "upstream_identities": self._rows(
                    owner_id, lambda uow: uow.upstream_identities
                ),
                "devices": self._rows(owner_id, lambda uow: uow.devices),
                "personal_tokens": self._rows(
                    owner_id, lambda uow: uow.personal_tokens
                ),
                "one_time_tokens": self._rows(
                    owner_id, lambda uow: uow.one_time_tokens
                ),
                "oauth_consents": self._consents(owner_id),
                "oauth_grants": self._rows(owner_id, lambda uow: uow.oauth_grants),
                "device_codes": self._rows(owner_id, lambda uow: uow.device_codes),
                "owned_clients": self._owned_clients(owner_id),
                "activity": self._activity(owner_id),
            },
        )

    async def _rows(
        self, owner_id: UUID, of: Callable[[UnitOfWork], OwnedRows]
    ) -> Batches:
        async for rows in self._batches(
            lambda uow, after: of(uow).list_for_user(owner_id, after, BATCH)
        ):
            yield [_plain(row) for row in rows]

    async def _consents(self, owner_id: UUID) -> Batches:
        async for rows in self._batches(
            lambda uow, after: uow.oauth_consents.list_for_user(
                owner_id, after=None if after is None else [after], limit=BATCH
            )
        ):
            yield [_plain(row) for row in rows]

    async def _owned_clients(self, owner_id: UUID) -> Batches:
        async for rows in self._batches(
            lambda uow, after: uow.oauth_clients.list_page(
                owner_id=owner_id, after=None if after is None else [after], limit=BATCH
            ),
            key="client_id",
        ):
            yield [{name: getattr(row, name) for name in _OF_A_CLIENT} for row in rows]

    async def _activity(self, owner_id: UUID) -> Batches:
        async for rows in self._batches(
            lambda uow, after: uow.audit_events.list_for_person(owner_id, after, BATCH)
        ):
            told = (told_to(owner_id, row) for row in rows)
            yield [event for event in told if event is not None]

    async def _batches(
        self, fetch: Fetch, *, key: str = "id"
    ) -> AsyncIterator[Sequence[Any]]:
        after: Any = None
        while True:
            async with self._process.unit_of_work(read_only=True) as uow:
                rows = await fetch(uow, after)
            yield rows
            if len(rows) < BATCH:
                return
            after = getattr(rows[-1], key)


def _plain(row: Base) -> dict[str, Any]:
    names = (column.name for column in row.__mapper__.columns)
    told = (name for name in names if name not in _SECRET_COLUMNS)
    return {name: _text(getattr(row, name)) for name in told}


def _text(value: Any) -> Any:
    """Return what JSON can hold; bytes as programs of this field write them."""
    if isinstance(value, dict):
        return {name: value[name] for name in value if name not in _SECRET_COLUMNS}
    return base64url(value) if isinstance(value, bytes) else value
