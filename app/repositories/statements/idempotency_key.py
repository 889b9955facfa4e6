"""Which of several requests with one key does the work.

A claim is a row of `IdempotencyKey` under a hash that no answer has, with the owner
where an answer has its body. Each statement is a transaction of its own: while the work
is done, no connection is held, and other processes see the claim.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    DateTime,
    LargeBinary,
    String,
    bindparam,
    delete,
    select,
)

from app.database import Database
from app.models.idempotency_key import IdempotencyKey
from app.repositories.base import upserting

_VALUES = {
    "key_hash": bindparam("key_hash", type_=LargeBinary),
    "request_hash": bindparam("request_hash", type_=LargeBinary),
    "body": bindparam("owner", type_=String),
    "expires_at": bindparam("expires_at", type_=DateTime(timezone=True)),
}
_MINE = (IdempotencyKey.key_hash == _VALUES["key_hash"]) & (
    IdempotencyKey.body == _VALUES["body"]
)
_RELEASE = delete(IdempotencyKey).where(_MINE).returning(IdempotencyKey.key_hash)
_HOLDER = select(IdempotencyKey.request_hash, IdempotencyKey.body).where(
    IdempotencyKey.key_hash == _VALUES["key_hash"]
)


@cache
def _take(dialect: str) -> Any:
    """Return the statement that takes what nobody has, or what its owner let lapse."""
    now = bindparam("now", type_=DateTime(timezone=True))
    adding = upserting(dialect)(IdempotencyKey).values(status=0, **_VALUES)
    return adding.on_conflict_do_update(
        index_elements=[IdempotencyKey.key_hash],
        set_={name: value for name, value in _VALUES.items() if name != "key_hash"},
        where=IdempotencyKey.expires_at <= now,
    ).returning(IdempotencyKey.request_hash)


class IdempotencyClaims:
    """Claims on keys, in the database that all processes share."""

    def __init__(self, database: Database) -> None:
        """Keep them in this database."""
        self._database = database
        self._dialect = database.engine.dialect.name

    async def take(self, claim: Mapping[str, Any], now: datetime) -> bool:
        """Take a claim; False while somebody else has it.

        Args:
            claim: ``key_hash``, ``request_hash``, ``owner`` and ``expires_at``.
            now: What has expired by then is free.
        """
        parameters = {**claim, "now": now}
        return (
            await self._database.fetch_one(_take(self._dialect), parameters) is not None
        )

    async def request_of(self, key_hash: bytes) -> bytes | None:
        """Return the hash of the request that holds a claim, if one does."""
        row = await self._database.fetch_one(_HOLDER, {"key_hash": key_hash})
        return None if row is None else bytes(row.request_hash)

    async def release(self, claim: Mapping[str, Any]) -> None:
        """Give a claim back, unless somebody else has it by now."""
        await self._database.fetch_one(_RELEASE, claim)
