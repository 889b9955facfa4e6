"""``/api/v1/users``: accounts, as administrators manage them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api.answers import etag, json_response, problems, user_out
from app.api.dependencies import (
    UNPERMITTED,
    BegunAts,
    FactorsDep,
    OnceDep,
    PageDep,
    Uow,
    Users,
    require,
)
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import (
    PreconditionFailed,
    TooManyRequests,
)
from app.policies.permission import Actor
from app.repositories.statements.user_directory import UserFilter
from app.schemas.base import GivenInstant, Page, plain
from app.schemas.factor import FactorName
from app.schemas.user import (
    GroupName,
    PasswordResetStart,
    RoleName,
    Status,
    User,
    UserChange,
    UserCreate,
)
from app.services.accounts.errors import (
    EmailTaken,
    LastAdministrator,
    UserDisabled,
    UserNotFound,
)
from app.services.accounts.user import read_search
from app.services.console.user_directory import UserDirectoryService
from app.services.factors.errors import FactorNotFound
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.sessions.errors import ReauthenticationRequired

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=StrictRoute)
Reader = Annotated[Actor, require("users:read")]
Writer = Annotated[Actor, require("users:write")]
Sort = Literal["created_at", "-created_at", "email", "-email"]
Search = Annotated[str | None, Query(max_length=200)]
Moment = Annotated[GivenInstant | None, Query()]


@router.get("", responses=problems(*UNPERMITTED))
async def list_users(
    _actor: Reader,
    uow: Uow,
    pages: PageDep,
    q: Search = None,
    status: Status | None = None,
    role: RoleName | None = None,
    group: GroupName | None = None,
    email_verified: bool | None = None,
    second_factor: bool | None = None,
    created_since: Moment = None,
    created_until: Moment = None,
    sort: Sort = "created_at",
) -> Page[User]:
    """List accounts; ``q`` is found anywhere in address or name.

    An ``id``, or the whole address of an account, finds that account alone. One or two
    characters are found where a word begins. ``second_factor`` is about passkeys and
    authenticator apps; ``created_since`` and ``created_until`` (exclusive) about when
    the account was made. Who has a ``role`` may have it through a group.
    """
    listing = f"users:{sort}"
    key = pages.after(listing)
    after: list[Any] | None = key and [*key[:-1], UUID(key[-1])]
    wanted = UserFilter(
        read_search(q),
        status,
        role,
        email_verified,
        second_factor,
        created_since,
        created_until,
        group,
    )
    users = UserDirectoryService(uow)
    rows = await users.list_page(wanted, sort=sort, after=after, limit=pages.fetch)

    def last(row: Any) -> list[str]:
        user = row.user
        return [*([user.email_canonical] if "email" in sort else []), str(user.id)]

    shown, cursor = pages.cut(listing, rows, last)
    items = [user_out(row.user, row.roles) for row in shown]
    return Page[User](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=User,
    responses=problems(
        *UNPERMITTED, EmailTaken, IdempotencyKeyReused, TooManyRequests, body=True
    ),
)
async def create_user(
    body: UserCreate,
    actor: Writer,
    users: Users,
    begun_ats: BegunAts,
    once: OnceDep,
) -> Response:
    """Make an account; without a password its owner is invited by mail."""

    async def make() -> Answer:
        user = await users.create(
            actor,
            email=body.email,
            name=body.name,
            password=body.password,
            email_verified=body.email_verified,
            roles=body.roles,
            attributes=body.attributes,
            begun_at=await begun_ats.named(body.client_id),
        )
        roles = (await users.roles_of([user])).get(user.id, [])
        location = f"/api/v1/users/{user.id}"
        return Answer(201, user_out(user, roles).model_dump_json(), location)

    return await once.answer("users", actor.user_id, make)


@router.get(
    "/{user_id}",
    response_model=User,
    responses=problems(*UNPERMITTED, UserNotFound),
)
async def read_user(user_id: UUID, _actor: Reader, users: Users) -> Response:
    """Return an account."""
    user = await users.get(user_id)
    roles = (await users.roles_of([user])).get(user.id, [])
    return json_response(user_out(user, roles), etag=etag(user.version))


@router.patch(
    "/{user_id}",
    response_model=User,
    responses=problems(
        *UNPERMITTED,
        UserNotFound,
        LastAdministrator,
        PreconditionFailed,
        ReauthenticationRequired,
        TooManyRequests,
        body=True,
    ),
)
async def update_user(
    user_id: UUID,
    body: UserChange,
    actor: Writer,
    users: Users,
    begun_ats: BegunAts,
    if_match: IfMatch,
) -> Response:
    """Change profile, attributes, status or roles of an account."""
    change = plain(body)
    begun_at = await begun_ats.named(change.pop("client_id", None))
    user = await users.update(actor, user_id, change, if_match, begun_at)
    roles = (await users.roles_of([user])).get(user.id, [])
    return json_response(user_out(user, roles), etag=etag(user.version))


@router.delete(
    "/{user_id}",
    status_code=204,
    responses=problems(
        *UNPERMITTED,
        UserNotFound,
        LastAdministrator,
        PreconditionFailed,
        ReauthenticationRequired,
    ),
)
async def delete_user(
    user_id: UUID, actor: Writer, users: Users, if_match: IfMatch
) -> None:
    """Delete an account and all that belongs to it."""
    await users.delete(actor, user_id, if_match)


@router.post(
    "/{user_id}/sessions/revoke",
    status_code=204,
    responses=problems(*UNPERMITTED, UserNotFound),
)
async def revoke_sessions(user_id: UUID, actor: Writer, users: Users) -> None:
    """End every session of an account."""
    await users.revoke_sessions(actor, user_id)


@router.post(
    "/{user_id}/password-reset",
    status_code=202,
    response_class=Response,  # no body
    responses=problems(
        *UNPERMITTED, UserNotFound, UserDisabled, TooManyRequests, body=True
    ),
)
async def reset_password(
    user_id: UUID,
    actor: Writer,
    users: Users,
    begun_ats: BegunAts,
    body: PasswordResetStart | None = None,
) -> Response:
    """End every session and send the owner a reset link; the body may be left out."""
    begun_at = await begun_ats.named(body.client_id if body else None)
    required = body is not None and body.required
    await users.start_password_reset(actor, user_id, begun_at, required=required)
    return Response(status_code=202)


@router.delete(
    "/{user_id}/factors/{factor}",
    status_code=204,
    responses=problems(*UNPERMITTED, UserNotFound, FactorNotFound),
)
async def remove_factor(
    user_id: UUID, factor: FactorName, actor: Writer, factors: FactorsDep
) -> None:
    """Take a kind of factor from somebody who lost it; their sessions live on.

    The owner is told. With the last factor the recovery codes go too. One's own
    factors are removed at ``/api/v1/users/me`` only, after a recent sign-in.
    """
    await factors.remove(actor, user_id, factor)
