"""``Idempotency-Key``: a request that comes again gets the first answer again.

Also while the first is still at work, in whatever process: the others wait for its
answer. Who does the work is a claim that lapses, so a process that died keeps nobody
waiting for long; that there is one answer is the primary key's word, not the claim's.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.context import current
from app.core.exceptions import AppError, BadRequest, Conflict
from app.core.secret_key import SecretKey
from app.models.idempotency_key import IdempotencyKey
from app.repositories.statements.idempotency_key import IdempotencyClaims
from app.repositories.unit_of_work import UnitOfWork
from app.utils.helpers import network_of

KEPT = timedelta(days=1)
MAX_LENGTH = 255
LEASE = timedelta(seconds=10)  # of a claim, should its process die
PATIENCE = 15.0  # seconds to wait for the first answer; longer than a lease
_PAUSE = 0.05  # seconds between two looks
SEALED = "sealed:"  # no JSON begins so


class IdempotencyKeyReused(Conflict):
    """The key came with another request before."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class IdempotencyKeyMalformed(BadRequest):
    """Empty, too long, or not printable ASCII."""

    code = "idempotency_key_malformed"
    title = "Idempotency-Key must be 1 to 255 printable characters"


class RequestInProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code = "request_in_progress"
    title = "The first request with this Idempotency-Key is still under way"

    def __init__(self, hint: str = "") -> None:
        """Say when to come again."""
        super().__init__(hint, retry_after=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept, but for its entity tag.

    By the time that it comes again, what it shows may have been changed by others.
    """

    status: int
    body: str
    location: str | None = None
    etag: str | None = None


class IdempotencyService:
    """Keeps first answers in the transaction that made them."""

    def __init__(
        self, uow: UnitOfWork, secret_key: SecretKey, claims: IdempotencyClaims
    ) -> None:
        """Prepare.

        Args:
            uow: The transaction that the work and its answer belong to.
            secret_key: What is stored is hashed under it.
            claims: Who of several does the work.
        """
        self._uow = uow
        self._secret_key = secret_key
        self._claims = claims

    async def once(
        self,
        key: str | None,
        *,
        route: str,
        caller: UUID | None,
        body: bytes,
        make: Callable[[], Awaitable[Answer]],
        is_secret: bool = False,
    ) -> Answer:
        """Return the first answer to a key, making it if this is the first request.

        Args:
            key: The header's value; None runs the request plainly.
            route: Keys of different routes never meet.
            caller: Nor do those of different callers. Anonymous ones (None) are told
                apart by their network, or a stranger could block a key by using it.
            body: The request's body as received.
            make: Does the work; what it raises is not kept, so it may be tried again.
            is_secret: The answer shows a secret, and is kept sealed.

        Raises:
            IdempotencyKeyMalformed: Not a usable key.
            IdempotencyKeyReused: The key came with another body before.
            RequestInProgress: The first request takes longer than anybody waits.
        """
        if key is None:
            return await make()
        if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
            raise IdempotencyKeyMalformed
        scope = f"user {caller}" if caller else f"network {network_of(current().ip)}"
        named = (route.encode(), scope.encode(), key.encode())
        key_hash = self._secret_key.digest(b"key", *named)
        request_hash = self._secret_key.digest(b"request", *named, body)
        kept = await self._kept(key_hash, request_hash)
        if kept is not None:
            return kept
        claim = {
            "key_hash": self._secret_key.digest(b"claim", *named),
            "request_hash": request_hash,
            "owner": self._uow.randomness.token(),
        }
        kept = await self._answer_or_claim(key_hash, claim)
        if kept is not None:
            return kept
        try:
            return await self._work(key_hash, claim, make, is_secret=is_secret)
        except BaseException:
            await self._claims.release(claim)
            raise

    async def _answer_or_claim(
        self, key_hash: bytes, claim: Mapping[str, Any]
    ) -> Answer | None:
        """Return the first answer once there is one; None when the work is ours."""
        for _ in range(int(PATIENCE / _PAUSE)):
            now = self._uow.clock.now()
            is_ours = await self._claims.take({**claim, "expires_at": now + LEASE}, now)
            kept = await self._kept(key_hash, claim["request_hash"])
            if kept is not None and is_ours:
                await self._claims.release(claim)
            if kept is not None or is_ours:
                return kept
            holder = await self._claims.request_of(claim["key_hash"])
            if holder not in (None, claim["request_hash"]):
                raise IdempotencyKeyReused
            await asyncio.sleep(_PAUSE)
        raise RequestInProgress

    async def _work(
        self,
        key_hash: bytes,
        claim: Mapping[str, Any],
        make: Callable[[], Awaitable[Answer]],
        *,
        is_secret: bool,
    ) -> Answer:
        """Do the work, and keep its answer in the same transaction.

        Whose claim lapsed meanwhile loses to whoever was done first, and gets that
        answer, whatever came of the own work.
        """
        error: AppError | IntegrityError
        try:
            answer = await make()
            kept = self._sealed(answer, key_hash) if is_secret else answer
            await self._keep(key_hash, claim, kept)
            return answer
        except (AppError, IntegrityError) as failure:
            error = failure
        await self._uow.db.rollback()
        first = await self._kept(key_hash, claim["request_hash"])
        if first is not None:
            await self._claims.release(claim)
            return first
        if isinstance(error, IntegrityError):
            raise RequestInProgress from error
        raise error

    async def _kept(self, key_hash: bytes, request_hash: bytes) -> Answer | None:
        now = self._uow.clock.now()
        row = await self._uow.idempotency_keys.by_hash(key_hash, now)
        known = row and (row.request_hash, Answer(row.status, row.body, row.location))
        await self._uow.db.rollback()  # the work may hash: no connection is held
        if not known:
            return None
        request, answer = known
        if request != request_hash:
            raise IdempotencyKeyReused
        if not answer.body.startswith(SEALED):
            return answer
        sealed = b64decode(answer.body.removeprefix(SEALED))
        body = self._secret_key.unseal(sealed, seal_context(key_hash)).decode()
        return replace(answer, body=body)

    def _sealed(self, answer: Answer, key_hash: bytes) -> Answer:
        nonce = self._uow.randomness.bytes(12)
        sealed = self._secret_key.seal(
            answer.body.encode(), nonce, seal_context(key_hash)
        )
        return replace(answer, body=SEALED + b64encode(sealed).decode())

    async def _keep(
        self, key_hash: bytes, claim: Mapping[str, Any], answer: Answer
    ) -> None:
        now = self._uow.clock.now()
        keys = self._uow.idempotency_keys
        await keys.forget_expired(key_hash, now)
        keys.add(
            IdempotencyKey(
                key_hash=key_hash,
                request_hash=claim["request_hash"],
                status=answer.status,
                location=answer.location,
                body=answer.body,
                expires_at=now + KEPT,
            )
        )
        await self._uow.db.flush()
        await keys.end_claim(claim["key_hash"], claim["owner"])


def seal_context(key_hash: bytes) -> str:
    """Return what an answer is sealed for: the request that it is the answer to."""
    return f"idempotency_keys:{key_hash.hex()}"
