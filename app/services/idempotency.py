"""``Idempotency-Key``: a request that comes again gets the first answer again."""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.context import current
from app.core.exceptions import BadRequest, Conflict
from app.core.secret_key import SecretKey
from app.models.idempotency_key import IdempotencyKey
from app.repositories.unit_of_work import UnitOfWork
from app.utils.helpers import network_of

KEPT = timedelta(days=1)
MAX_LENGTH = 255
_SEALED = "sealed:"  # no JSON begins so


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


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept."""

    status: int
    body: str
    location: str | None = None


class IdempotencyService:
    """Keeps first answers in the transaction that made them."""

    def __init__(self, uow: UnitOfWork, secret_key: SecretKey) -> None:
        """Work in this transaction; what is stored is hashed under the secret key."""
        self._uow = uow
        self._secret_key = secret_key

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
            RequestInProgress: Another request with the key finished just now.
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
        await self._uow.db.rollback()  # the work may hash: no connection is held
        answer = await make()
        kept = self._sealed(answer, key_hash) if is_secret else answer
        await self._keep(key_hash, request_hash, kept)
        return answer

    async def _kept(self, key_hash: bytes, request_hash: bytes) -> Answer | None:
        now = self._uow.clock.now()
        row = await self._uow.idempotency_keys.by_hash(key_hash, now)
        if row is None:
            return None
        if row.request_hash != request_hash:
            raise IdempotencyKeyReused
        body = row.body
        if body.startswith(_SEALED):
            sealed = b64decode(body.removeprefix(_SEALED))
            body = self._secret_key.unseal(sealed, _context(key_hash)).decode()
        return Answer(row.status, body, row.location)

    def _sealed(self, answer: Answer, key_hash: bytes) -> Answer:
        nonce = self._uow.randomness.bytes(12)
        sealed = self._secret_key.seal(answer.body.encode(), nonce, _context(key_hash))
        return replace(answer, body=_SEALED + b64encode(sealed).decode())

    async def _keep(self, key_hash: bytes, request_hash: bytes, answer: Answer) -> None:
        now = self._uow.clock.now()
        await self._uow.idempotency_keys.forget_expired(key_hash, now)
        self._uow.idempotency_keys.add(
            IdempotencyKey(
                key_hash=key_hash,
                request_hash=request_hash,
                status=answer.status,
                location=answer.location,
                body=answer.body,
                expires_at=now + KEPT,
            )
        )
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise RequestInProgress from error


def _context(key_hash: bytes) -> str:
    return f"idempotency_keys:{key_hash.hex()}"
