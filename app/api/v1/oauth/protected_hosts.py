"""``/api/v1/protected-hosts``: programs without a sign-in of their own."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, OnceDep, PageDep, ProtectedHosts, require
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.models.oauth.protected_host import MAX_HOST
from app.policies.permission import Actor
from app.schemas.base import Page, plain
from app.schemas.protected_host import (
    ProtectedHost,
    ProtectedHostChange,
    ProtectedHostCreate,
)
from app.services.forward_auth.errors import ProtectedHostNotFound
from app.services.forward_auth.protected_host import (
    ProtectedHostExists,
    ProtectedHostIsApi,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(
    prefix="/api/v1/protected-hosts",
    tags=["protected-hosts"],
    route_class=StrictRoute,
)
Reader = Annotated[Actor, require("clients:read")]
Writer = Annotated[Actor, require("clients:write")]
Host = Annotated[str, Path(pattern=rf"^[A-Za-z0-9_.:\[\]-]{{1,{MAX_HOST}}}$")]


@router.get("", responses=problems(*UNPERMITTED))
async def list_protected_hosts(
    _actor: Reader, hosts: ProtectedHosts, pages: PageDep
) -> Page[ProtectedHost]:
    """List protected hosts by name."""
    rows = await hosts.list_page(
        after=pages.after("protected_hosts"), limit=pages.fetch
    )
    shown, cursor = pages.cut("protected_hosts", rows, lambda row: [row.host])
    items = [ProtectedHost.model_validate(row) for row in shown]
    return Page[ProtectedHost](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=ProtectedHost,
    responses=problems(
        *UNPERMITTED,
        ProtectedHostExists,
        ProtectedHostIsApi,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def create_protected_host(
    body: ProtectedHostCreate, actor: Writer, hosts: ProtectedHosts, once: OnceDep
) -> Response:
    """Protect a host: its proxy asks `/forward-auth` from now on."""

    async def make() -> Answer:
        row = await hosts.create(body.host, body.model_dump(exclude={"host"}))
        made = ProtectedHost.model_validate(row).model_dump_json()
        return Answer(201, made, f"/api/v1/protected-hosts/{row.host}")

    return await once.answer("protected_hosts", actor.user_id, make)


@router.get(
    "/{host}",
    response_model=ProtectedHost,
    responses=problems(*UNPERMITTED, ProtectedHostNotFound),
)
async def read_protected_host(
    host: Host, _actor: Reader, hosts: ProtectedHosts
) -> Response:
    """Return a protected host."""
    row = await hosts.get(host)
    return json_response(ProtectedHost.model_validate(row), etag=etag(row.version))


@router.patch(
    "/{host}",
    response_model=ProtectedHost,
    responses=problems(
        *UNPERMITTED, ProtectedHostNotFound, PreconditionFailed, body=True
    ),
)
async def update_protected_host(
    host: Host,
    body: ProtectedHostChange,
    _actor: Writer,
    hosts: ProtectedHosts,
    if_match: IfMatch,
) -> Response:
    """Change who may enter, and what the program is told."""
    row = await hosts.update(host, plain(body), if_match)
    return json_response(ProtectedHost.model_validate(row), etag=etag(row.version))


@router.delete(
    "/{host}",
    status_code=204,
    responses=problems(*UNPERMITTED, ProtectedHostNotFound, PreconditionFailed),
)
async def delete_protected_host(
    host: Host, _actor: Writer, hosts: ProtectedHosts, if_match: IfMatch
) -> None:
    """Forget a host: nobody enters it any more."""
    await hosts.delete(host, if_match)
