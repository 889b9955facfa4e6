"""A POST that is one POST, however often it comes with one ``Idempotency-Key``."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request, Response

from app.services.server.idempotency_key import Answer, IdempotencyService


class Once:
    """The work of one request, done once."""

    def __init__(
        self, request: Request, service: IdempotencyService, key: str | None
    ) -> None:
        """Hold the request and its key, if it has one."""
        self._request = request
        self._service = service
        self._key = key

    async def answer(
        self,
        route: str,
        caller: UUID | None,
        make: Callable[[], Awaitable[Answer]],
        *,
        is_secret: bool = False,
    ) -> Response:
        """Return the first answer to the key; arguments as the service has them.

        Raises:
            IdempotencyKeyMalformed: Not a usable key.
            IdempotencyKeyReused: The key came with another body before.
            RequestInProgress: The first request takes longer than anybody waits.
        """
        answer = await self._service.once(
            self._key,
            route=route,
            caller=caller,
            body=await self._request.body(),
            make=make,
            is_secret=is_secret,
        )
        headers = {"Location": answer.location} if answer.location else None
        return Response(answer.body, answer.status, headers, "application/json")
