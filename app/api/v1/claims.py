"""``/api/v1/users/.../claims``: what OpenID Connect tells about a person besides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import SIGNED_IN, UNPERMITTED, Caller, UserClaims, require
from app.api.strict_json import StrictRoute
from app.core.exceptions import TooManyRequests
from app.policies.permission import Actor
from app.schemas import user_claims as schema
from app.services.accounts.errors import UserNotFound
from app.services.accounts.user_claims import UsernameNotOwn, UsernameTaken

router = APIRouter(prefix="/api/v1/users", tags=["claims"], route_class=StrictRoute)
_SIGNED_IN = (*SIGNED_IN, UserNotFound)
Reader = Annotated[Actor, require("users:read")]
Writer = Annotated[Actor, require("users:write")]


@router.get("/me/claims", responses=problems(*_SIGNED_IN))
async def read_my_claims(caller: Caller, claims: UserClaims) -> schema.UserClaims:
    """Return claims about oneself that the profile does not hold."""
    held = await claims.of(caller.actor.user_id)
    return schema.UserClaims.model_validate(held)


@router.put(
    "/me/claims",
    responses=problems(*_SIGNED_IN, UsernameNotOwn, TooManyRequests, body=True),
)
async def replace_my_claims(
    body: schema.UserClaimsReplace, caller: Caller, claims: UserClaims
) -> schema.UserClaims:
    """Replace claims about oneself; a number that changes is not verified any more."""
    given = body.model_dump(exclude_none=True)
    held = await claims.replace_own(caller.actor.user_id, given)
    return schema.UserClaims.model_validate(held)


@router.get("/{user_id}/claims", responses=problems(*UNPERMITTED, UserNotFound))
async def read_claims(
    user_id: UUID, _actor: Reader, claims: UserClaims
) -> schema.UserClaims:
    """Return claims about a person that the profile does not hold."""
    return schema.UserClaims.model_validate(await claims.of(user_id))


@router.put(
    "/{user_id}/claims",
    responses=problems(*UNPERMITTED, UserNotFound, UsernameTaken, body=True),
)
async def replace_claims(
    user_id: UUID,
    body: schema.UserClaimsByAdministrator,
    actor: Writer,
    claims: UserClaims,
) -> schema.UserClaims:
    """Replace claims about a person."""
    given = body.model_dump(exclude_none=True)
    held = await claims.replace_for(actor, user_id, given)
    return schema.UserClaims.model_validate(held)
