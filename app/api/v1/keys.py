"""``/api/v1/keys``: the keys that sign tokens."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.answers import problems
from app.api.dependencies import (
    UNPERMITTED,
    OnceDep,
    PageDep,
    RuntimeDep,
    Uow,
    require,
)
from app.api.strict_json import StrictRoute
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.signing_key import SecretKey, SecretKeys, SigningKey, SigningKeys
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.server.secret_key.state import secret_keys
from app.services.server.secret_key.stolen import StolenKeyService
from app.services.server.signing_key import SigningKeyService

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], route_class=StrictRoute)


@router.get("", responses=problems(*UNPERMITTED))
async def list_keys(
    _actor: Annotated[Actor, require("keys:read")],
    uow: Uow,
    runtime: RuntimeDep,
    pages: PageDep,
) -> Page[SigningKey]:
    """List the published keys, the latest of each algorithm first."""
    key = pages.after("keys")
    rows = await SigningKeyService(runtime).list_page(
        uow, after=key and [int(key[0]), key[1]], limit=pages.fetch
    )
    shown, cursor = pages.cut("keys", rows, lambda row: [str(row.sequence), row.kid])
    items = [SigningKey.model_validate(row) for row in shown]
    return Page[SigningKey](items=items, next_cursor=cursor)


@router.get("/secret-keys", responses=problems(*UNPERMITTED))
async def list_secret_keys(
    _actor: Annotated[Actor, require("keys:read")], uow: Uow, runtime: RuntimeDep
) -> SecretKeys:
    """Tell how old the secret key is, and how far its rotation is."""
    states = await secret_keys(uow, runtime)
    return SecretKeys(keys=[SecretKey.model_validate(each) for each in states])


@router.post(
    "/rotate",
    status_code=202,
    response_model=SigningKeys,
    responses=problems(*UNPERMITTED, IdempotencyKeyReused),
)
async def rotate_keys(
    actor: Annotated[Actor, require("keys:write")],
    uow: Uow,
    runtime: RuntimeDep,
    once: OnceDep,
    algorithm: Annotated[
        str | None, Query(description="The only one to be given a new key")
    ] = None,
    now: Annotated[
        bool, Query(description="End the others at once: they are in wrong hands")
    ] = False,
) -> Response:
    """Announce the next keys now; each signs once everybody has had time to see it.

    Unless one algorithm is named, each gets a new key. With ``now`` the new ones sign
    at once, and all tokens that the others signed are refused. Keys are made one
    by one: if the process ends meanwhile, a repetition with the same
    ``Idempotency-Key`` makes them once more.
    """

    async def make() -> Answer:
        service = SigningKeyService(runtime)
        if now:
            await StolenKeyService(runtime).withdraw(algorithm)
        else:
            await service.rotate(algorithm)
        rows = await service.list_published(uow)
        keys = SigningKeys(items=[SigningKey.model_validate(row) for row in rows])
        return Answer(202, keys.model_dump_json())

    # What is asked for stands in the query, not in the body that keys go by.
    route = f"keys/rotate {algorithm} {now}"
    return await once.answer(route, actor.user_id, make)
