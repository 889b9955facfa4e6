"""``/api/v1/trusted-issuers``: whose tokens of workloads are believed."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, OnceDep, PageDep, TrustedIssuers, require
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.models.oauth.trusted_issuer import TrustedIssuer as Row
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.trusted_issuer import (
    NAME,
    TrustedIssuer,
    TrustedIssuerChange,
    TrustedIssuerCreate,
    TrustedIssuerTest,
)
from app.services.clients.trusted_issuer import (
    TooManyTrustedIssuers,
    TrustedIssuerExists,
    TrustedIssuerNotFound,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(
    prefix="/api/v1/trusted-issuers", tags=["clients"], route_class=StrictRoute
)
Reader = Annotated[Actor, require("trusted-issuers:read")]
Writer = Annotated[Actor, require("trusted-issuers:write")]
Name = Annotated[str, Path(pattern=NAME)]


@router.get("", responses=problems(*UNPERMITTED))
async def list_trusted_issuers(
    _actor: Reader, issuers: TrustedIssuers, pages: PageDep
) -> Page[TrustedIssuer]:
    """List trusted issuers by name."""
    kind = "trusted-issuers"
    rows = await issuers.list_page(after=pages.after(kind), limit=pages.fetch)
    shown, cursor = pages.cut(kind, rows, lambda row: [row.name])
    items = [_shown(row) for row in shown]
    return Page[TrustedIssuer](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=TrustedIssuer,
    responses=problems(
        *UNPERMITTED,
        TrustedIssuerExists,
        TooManyTrustedIssuers,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def create_trusted_issuer(
    body: TrustedIssuerCreate, actor: Writer, issuers: TrustedIssuers, once: OnceDep
) -> Response:
    """Trust an issuer of workloads, as far as its rules say."""

    async def make() -> Answer:
        members = body.model_dump(mode="json", exclude={"name", "issuer"})
        row = await issuers.create(body.name, body.issuer, members)
        location = f"/api/v1/trusted-issuers/{row.name}"
        return Answer(201, _shown(row).model_dump_json(), location)

    return await once.answer("trusted-issuers", actor.user_id, make)


@router.get(
    "/{name}",
    response_model=TrustedIssuer,
    responses=problems(*UNPERMITTED, TrustedIssuerNotFound),
)
async def read_trusted_issuer(
    name: Name, _actor: Reader, issuers: TrustedIssuers
) -> Response:
    """Return a trusted issuer."""
    row = await issuers.get(name)
    return json_response(_shown(row), etag=etag(row.version))


@router.patch(
    "/{name}",
    response_model=TrustedIssuer,
    responses=problems(
        *UNPERMITTED, TrustedIssuerNotFound, PreconditionFailed, body=True
    ),
)
async def update_trusted_issuer(
    name: Name,
    body: TrustedIssuerChange,
    _actor: Writer,
    issuers: TrustedIssuers,
    if_match: IfMatch,
) -> Response:
    """Change a trusted issuer; the whole of it is judged anew."""
    change = body.model_dump(mode="json", exclude_unset=True)
    row = await issuers.update(name, change, if_match)
    return json_response(_shown(row), etag=etag(row.version))


@router.delete(
    "/{name}",
    status_code=204,
    responses=problems(*UNPERMITTED, TrustedIssuerNotFound, PreconditionFailed),
)
async def delete_trusted_issuer(
    name: Name, _actor: Writer, issuers: TrustedIssuers, if_match: IfMatch
) -> None:
    """Trust an issuer no more."""
    await issuers.delete(name, if_match)


@router.post(
    "/{name}/test",
    responses=problems(*UNPERMITTED, TrustedIssuerNotFound),
)
async def check_trusted_issuer(
    name: Name, _actor: Writer, issuers: TrustedIssuers
) -> TrustedIssuerTest:
    """Look whether its keys are found now, and say step by step what was seen."""
    return await issuers.test(name)


def _shown(row: Row) -> TrustedIssuer:
    names = "name", "issuer", "status", "created_at", "updated_at"
    own = {name: getattr(row, name) for name in names}
    return TrustedIssuer.model_validate({**row.document, **own})
