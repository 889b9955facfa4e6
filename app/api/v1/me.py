"""``/api/v1/users/me``: one's own account."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api.answers import (
    SECURED,
    etag,
    json_response,
    problems,
    streamed_json,
    user_out,
)
from app.api.dependencies import (
    SIGNED_IN,
    Accounts,
    AuditEvents,
    BegunAts,
    Caller,
    EmailChanges,
    Exports,
    PageDep,
    RecentCaller,
    Sessions,
    recognise,
)
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed, TooManyRequests
from app.schemas.audit_event import AuditEvent
from app.schemas.auth import VerificationSent
from app.schemas.base import Page, plain
from app.schemas.user import (
    EmailChange,
    EmailChangeConfirm,
    Export,
    ProfileChange,
    SessionOut,
    User,
)
from app.services.accounts.audit_event import told_to
from app.services.accounts.errors import LastAdministrator, UserNotFound
from app.services.one_time.errors import InvalidCode, InvalidOneTimeToken
from app.services.sessions.errors import (
    InsufficientUserAuthentication,
    ReauthenticationRequired,
)
from app.services.sessions.session import SessionNotFound

router = APIRouter(prefix="/api/v1/users/me", tags=["me"], route_class=StrictRoute)


@router.get(
    "",
    responses={
        200: {"model": User, "description": "The account"},
        **problems(*SIGNED_IN),
    },
    openapi_extra=SECURED,
)
async def read_me(request: Request) -> Response:
    """Return one's own account."""
    caller = await recognise(request)
    user = user_out(caller.account, list(caller.actor.roles))
    return json_response(user, etag=etag(caller.account.version))


@router.patch(
    "",
    response_model=User,
    responses=problems(
        *SIGNED_IN, PreconditionFailed, TooManyRequests, UserNotFound, body=True
    ),
)
async def update_me(
    body: ProfileChange, caller: Caller, accounts: Accounts, if_match: IfMatch
) -> Response:
    """Change one's own profile."""
    user = await accounts.update(caller.actor.user_id, plain(body), if_match)
    answer = user_out(user, list(caller.actor.roles))
    return json_response(answer, etag=etag(user.version))


@router.delete(
    "",
    status_code=204,
    responses=problems(
        *SIGNED_IN,
        ReauthenticationRequired,
        InsufficientUserAuthentication,
        LastAdministrator,
        PreconditionFailed,
        UserNotFound,
    ),
)
async def delete_me(
    caller: RecentCaller, accounts: Accounts, if_match: IfMatch
) -> None:
    """Delete one's own account and all that belongs to it."""
    actor = caller.actor
    await accounts.delete(actor.user_id, actor.session_id, if_match)


@router.get(
    "/export",
    responses=problems(*SIGNED_IN, TooManyRequests, UserNotFound),
    response_model=Export,
)
async def export_me(caller: Caller, exports: Exports) -> Response:
    """Return everything held about one's own account."""
    copy = await exports.begin(caller.actor.user_id)
    return streamed_json(
        copy.pieces(), content_disposition='attachment; filename="me.json"'
    )


@router.post(
    "/email",
    status_code=202,
    responses=problems(
        *SIGNED_IN,
        ReauthenticationRequired,
        InsufficientUserAuthentication,
        TooManyRequests,
        UserNotFound,
        body=True,
    ),
)
async def change_email(
    body: EmailChange,
    caller: RecentCaller,
    changes: EmailChanges,
    begun_ats: BegunAts,
) -> VerificationSent:
    """Ask to move the account to another address; that one confirms."""
    actor, begun_at = caller.actor, await begun_ats.named(body.client_id)
    await changes.request(actor.user_id, actor.session_id, body.email, begun_at)
    return VerificationSent()


@router.post(
    "/email/confirm",
    status_code=204,
    responses=problems(
        *SIGNED_IN, InvalidOneTimeToken, InvalidCode, TooManyRequests, body=True
    ),
)
async def confirm_email(
    body: EmailChangeConfirm, caller: Caller, changes: EmailChanges
) -> None:
    """Move the account, with the token or the code from the new address."""
    if body.token is not None:
        await changes.with_token(body.token, caller.actor.user_id)
    else:
        await changes.with_code(caller.actor.user_id, body.code or "")


@router.get("/sessions", responses=problems(*SIGNED_IN))
async def list_sessions(
    caller: Caller, sessions: Sessions, pages: PageDep
) -> Page[SessionOut]:
    """List one's live sessions, the latest first."""
    user_id = caller.actor.user_id
    read = partial(sessions.list_live, user_id)
    shown, cursor = await pages.by_id(f"sessions:{user_id}", read)
    names = [name for name in SessionOut.model_fields if name != "current"]
    items = [
        SessionOut(
            **{name: getattr(row, name) for name in names},
            current=row.id == caller.actor.session_id,
        )
        for row in shown
    ]
    return Page[SessionOut](items=items, next_cursor=cursor)


@router.delete("/sessions", status_code=204, responses=problems(*SIGNED_IN))
async def end_other_sessions(caller: Caller, sessions: Sessions) -> None:
    """End all of one's sessions but this one."""
    actor = caller.actor
    await sessions.end_all(actor.user_id, "owner", keep=actor.session_id)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    responses=problems(*SIGNED_IN, SessionNotFound),
)
async def end_session(session_id: UUID, caller: Caller, sessions: Sessions) -> None:
    """End one of one's sessions."""
    await sessions.end(caller.actor.user_id, session_id, "owner")


@router.get("/activity", responses=problems(*SIGNED_IN))
async def list_activity(
    caller: Caller, events: AuditEvents, pages: PageDep
) -> Page[AuditEvent]:
    """List what happened to one's account, newest first."""
    user_id = caller.actor.user_id
    read = partial(events.list_page, user_id=user_id)
    shown, cursor = await pages.by_id(f"activity:{user_id}", read)
    # Of this list nothing is left out: every row is about the reader.
    items = [AuditEvent.model_validate(told_to(user_id, row)) for row in shown]
    return Page[AuditEvent](items=items, next_cursor=cursor)
