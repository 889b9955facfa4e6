"""A POST that is one POST, however often it comes with one ``Idempotency-Key``."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request, Response

from app.policies.permission import Actor
from app.services.server.idempotency_key import Answer, IdempotencyService


def of_session(route: str, actor: Actor) -> str:
    """Return the name of a route whose answers are for one session alone.

    What a session was shown, another one of the same account is not: what it would
    have to be for that (recent, of no application) the work itself asks.
    """
    return f"{route} of {actor.session_id} {actor.grant_id} {actor.token_id}"


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
        named = {"Location": answer.location, "ETag": answer.etag}
        headers = {name: value for name, value in named.items() if value}
        return Response(answer.body, answer.status, headers, "application/json")
