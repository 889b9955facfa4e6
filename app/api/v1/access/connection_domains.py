"""``/api/v1/connections/{connection_id}/domains``: whose people a connection leads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

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
from app.core.outbound import OutboundFailed
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.connection import RealmDomain, RealmDomainCreate, RealmDomainProof
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.upstreams.errors import ConnectionNotFound
from app.services.upstreams.realm_domain import (
    RealmDomainNotFound,
    RealmDomainNotProven,
    RealmDomainService,
    RealmDomainTaken,
    TooManyRealmDomains,
)

router = APIRouter(
    prefix="/api/v1/connections/{connection_id}/domains",
    tags=["connections"],
    route_class=StrictRoute,
)
Reader = Annotated[Actor, require("connections:read")]
Writer = Annotated[Actor, require("connections:write")]


async def _domains(uow: Uow, runtime: RuntimeDep) -> RealmDomainService:
    return RealmDomainService(uow, runtime, runtime.connections.forget)


Domains = Annotated[RealmDomainService, Depends(_domains)]


@router.get("", responses=problems(*UNPERMITTED, ConnectionNotFound))
async def list_realm_domains(
    connection_id: UUID, _actor: Reader, domains: Domains, pages: PageDep
) -> Page[RealmDomain]:
    """List the domains of a connection by name."""
    listing = f"realm-domains:{connection_id}"
    rows = await domains.list_page(
        connection_id, after=pages.after(listing), limit=pages.fetch
    )
    shown, cursor = pages.cut(listing, rows, lambda row: [row.domain])
    items = [domains.shown(row) for row in shown]
    return Page[RealmDomain](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=RealmDomain,
    responses=problems(
        *UNPERMITTED,
        ConnectionNotFound,
        RealmDomainTaken,
        TooManyRealmDomains,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def add_realm_domain(
    connection_id: UUID,
    body: RealmDomainCreate,
    actor: Writer,
    domains: Domains,
    once: OnceDep,
) -> Response:
    """Add a domain whose people the connection leads, once it is verified.

    Where the answer has no `verified_at`, publish the TXT record that it names and
    have it verified.
    """

    async def make() -> Answer:
        row = await domains.add(connection_id, body.domain, verified=body.verified)
        return Answer(201, domains.shown(row).model_dump_json())

    listing = f"realm-domains:{connection_id}"
    return await once.answer(listing, actor.user_id, make)


@router.post(
    "/{domain_id}/verify",
    responses=problems(
        *UNPERMITTED,
        ConnectionNotFound,
        RealmDomainNotFound,
        RealmDomainNotProven,
        OutboundFailed,
        body=True,
    ),
)
async def verify_realm_domain(
    connection_id: UUID,
    domain_id: UUID,
    body: RealmDomainProof,
    _actor: Writer,
    domains: Domains,
) -> RealmDomain:
    """Verify a domain: by its TXT record, or by the word of whoever asks."""
    row = await domains.verify(connection_id, domain_id, by=body.by)
    return domains.shown(row)


@router.delete(
    "/{domain_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, ConnectionNotFound, RealmDomainNotFound),
)
async def remove_realm_domain(
    connection_id: UUID, domain_id: UUID, _actor: Writer, domains: Domains
) -> None:
    """Remove a domain: its people sign in with passwords of here from then on."""
    await domains.remove(connection_id, domain_id)
