"""``/api/v1/audit-events/stream``: the evidence, as it comes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Annotated
from uuid import UUID
from weakref import finalize

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, RuntimeDep, require, someone
from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.policies.permission import Actor
from app.schemas.audit_event import AuditEvent
from app.services.outgoing.stream import EventStream, Told
from app.services.server.runtime import Runtime
from app.services.sessions.authentication import AuthenticationService

router = APIRouter(prefix="/api/v1/audit-events", tags=["audit"], route_class=LateRoute)
_EVENTS, _LINES = "text/event-stream", "application/x-ndjson"
_READING = "audit:read"


@router.get(
    "/stream",
    responses={
        200: {
            "content": {
                kind: {"schema": {"type": "string"}} for kind in (_EVENTS, _LINES)
            }
        },
        **problems(*UNPERMITTED),
    },
    response_class=StreamingResponse,
)
async def stream_audit_events(
    request: Request,
    actor: Annotated[Actor, require(_READING)],
    runtime: RuntimeDep,
    after: UUID | None = None,
    last_event_id: Annotated[UUID | None, Header()] = None,
) -> Response:
    """Return events as they come, oldest first, behind a cursor or from now on.

    `Accept` says how: `text/event-stream` (the cursor is `id`; `Last-Event-ID` goes on
    from it), or `application/x-ndjson` (`cursor` and `event` in each line, an empty
    line after a silence). Without either: lines of what there is by now, and the end.
    What is young may come twice. It ends with the token or the session.
    """
    begin = last_event_id or after or runtime.randomness.uuid7()
    stream = EventStream(runtime, runtime.stopping, begin)
    accept = request.headers.get("accept", "")
    if _EVENTS in accept:
        return _followed(request, actor, stream, _EVENTS, _as_event, b": \n\n")
    if _LINES in accept:
        return _followed(request, actor, stream, _LINES, _as_line, b"\n")
    still_may = _still_may(request, runtime)
    lines = (_as_line(told) async for told in stream.once(still_may))
    return placed(runtime, actor, lines, _LINES)


def placed(
    runtime: Runtime,
    reader: Actor,
    pieces: AsyncIterator[bytes],
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that holds a place until its end, or until its reader is gone.

    Raises:
        TooManyRequests: There is none, or the reader has too many.
    """
    held = ExitStack()
    held.enter_context(runtime.streams.place(reader.user_id))

    async def given() -> AsyncIterator[bytes]:
        try:
            async for piece in pieces:
                yield piece
        finally:
            held.close()

    response = StreamingResponse(given(), headers=headers, media_type=media_type)
    # A reader who is gone before the first piece never comes to the end of them.
    finalize(response, held.close)
    return response


def still_reading(
    request: Request, actor: Actor, runtime: Runtime
) -> Callable[[], Awaitable[bool]]:
    """Return what asks whether somebody may go on with what takes longer than a token.

    The session, or the personal access token, the account and the roles.
    """

    async def who() -> Actor | None:
        if actor.token_id is not None:
            return (await someone(request)).actor
        is_known = await runtime.statements.caller(
            actor.user_id, actor.session_id, now=runtime.clock.now()
        )
        return actor if is_known else None

    return _asking(runtime, who)


def _followed(
    request: Request,
    actor: Actor,
    stream: EventStream,
    media_type: str,
    write: Callable[[Told], bytes],
    silence: bytes,
) -> Response:
    runtime: Runtime = request.app.state.runtime
    still_may = _still_may(request, runtime)

    async def pieces() -> AsyncIterator[bytes]:
        yield silence  # so that proxies and readers know that it has begun
        async for told in stream.follow(still_may):
            yield silence if told is None else write(told)

    # Proxies must not keep it back (nginx).
    headers = {"x-accel-buffering": "no"}
    return placed(runtime, actor, pieces(), media_type, headers)


def _still_may(request: Request, runtime: Runtime) -> Callable[[], Awaitable[bool]]:
    """Ask as at the beginning: the token, the session, the account, the roles."""

    async def who() -> Actor | None:
        return (await someone(request)).actor

    return _asking(runtime, who)


def _asking(
    runtime: Runtime, who: Callable[[], Awaitable[Actor | None]]
) -> Callable[[], Awaitable[bool]]:
    """Return what asks who reads by now, and whether they still may."""

    async def still_may() -> bool:
        try:
            actor = await who()
            if actor is None:
                return False
            await AuthenticationService(runtime).authorise(actor, _READING)
        except AppError:
            return False
        return True

    return still_may


def _as_event(told: Told) -> bytes:
    data = AuditEvent.model_validate(told.event).model_dump_json()
    return f"id: {told.cursor}\ndata: {data}\n\n".encode()


def _as_line(told: Told) -> bytes:
    event = AuditEvent.model_validate(told.event).model_dump_json()
    return f'{{"cursor":"{told.cursor}","event":{event}}}\n'.encode()
