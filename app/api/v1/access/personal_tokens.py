"""``/api/v1/users/.../tokens``: personal access tokens, one's own and of others."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.api.answers import problems
from app.api.dependencies import (
    SIGNED_IN,
    UNPERMITTED,
    Caller,
    OnceDep,
    PageDep,
    PersonalTokens,
    RecentCaller,
    require,
)
from app.api.once import of_session
from app.api.strict_json import StrictRoute
from app.core.exceptions import Forbidden
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.personal_token import (
    PersonalToken,
    PersonalTokenCreate,
    PersonalTokenMade,
)
from app.services.accounts.errors import UserNotFound
from app.services.factors.errors import AddressNotConfirmed, FactorsFrozen
from app.services.factors.personal_token import (
    PersonalTokenNotFound,
    PersonalTokensOff,
    TooManyPersonalTokens,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.sessions.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    ReauthenticationRequired,
    SecondFactorRequired,
)

router = APIRouter(prefix="/api/v1/users", route_class=StrictRoute)
Reader = Annotated[Actor, require("users:read")]
Writer = Annotated[Actor, require("users:write")]


@router.get("/me/tokens", tags=["me"], responses=problems(*SIGNED_IN))
async def list_my_tokens(
    caller: Caller, tokens: PersonalTokens, pages: PageDep
) -> Page[PersonalToken]:
    """List one's personal access tokens, expired ones too, the latest first."""
    user_id = caller.actor.user_id
    read = partial(tokens.list_page, user_id)
    shown, cursor = await pages.by_id(f"tokens:{user_id}", read)
    items = [PersonalToken.model_validate(each) for each in shown]
    return Page[PersonalToken](items=items, next_cursor=cursor)


@router.post(
    "/me/tokens",
    tags=["me"],
    status_code=201,
    response_model=PersonalTokenMade,
    responses=problems(
        *SIGNED_IN,
        ReauthenticationRequired,
        InsufficientUserAuthentication,
        AddressNotConfirmed,
        FactorsFrozen,
        Forbidden,
        IdempotencyKeyReused,
        InsufficientScope,
        PersonalTokensOff,
        SecondFactorRequired,
        TooManyPersonalTokens,
        UserNotFound,
        body=True,
    ),
)
async def make_my_token(
    body: PersonalTokenCreate,
    caller: RecentCaller,
    tokens: PersonalTokens,
    once: OnceDep,
) -> Response:
    """Make a personal access token for a script; it is shown this once.

    It may do what its scopes name and its owner may do at that moment.
    """
    actor = caller.actor

    async def make() -> Answer:
        made = await tokens.make(actor, body.name, body.scopes, body.expires_at)
        shown = PersonalToken.model_validate(made.row)
        answer = PersonalTokenMade(**shown.model_dump(), token=made.token)
        return Answer(201, answer.model_dump_json())

    route = of_session("tokens", actor)
    return await once.answer(route, actor.user_id, make, is_secret=True)


@router.delete(
    "/me/tokens/{token_id}",
    tags=["me"],
    status_code=204,
    responses=problems(*SIGNED_IN, PersonalTokenNotFound),
)
async def revoke_my_token(
    token_id: UUID, caller: Caller, tokens: PersonalTokens
) -> None:
    """Revoke one of one's personal access tokens; it opens nothing any more."""
    await tokens.revoke(caller.actor.user_id, token_id)


@router.get(
    "/{user_id}/tokens",
    tags=["users"],
    responses=problems(*UNPERMITTED, UserNotFound),
)
async def list_tokens(
    user_id: UUID, _actor: Reader, tokens: PersonalTokens, pages: PageDep
) -> Page[PersonalToken]:
    """List the personal access tokens of an account, the latest first."""
    read = partial(tokens.list_of, user_id)
    shown, cursor = await pages.by_id(f"tokens:{user_id}", read)
    items = [PersonalToken.model_validate(each) for each in shown]
    return Page[PersonalToken](items=items, next_cursor=cursor)


@router.delete(
    "/{user_id}/tokens/{token_id}",
    tags=["users"],
    status_code=204,
    responses=problems(*UNPERMITTED, UserNotFound, PersonalTokenNotFound),
)
async def revoke_token(
    user_id: UUID, token_id: UUID, actor: Writer, tokens: PersonalTokens
) -> None:
    """Revoke a personal access token of an account."""
    await tokens.revoke_of(actor, user_id, token_id)
