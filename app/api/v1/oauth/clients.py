"""``/api/v1/clients``: applications that sign people in here."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, Clients, OnceDep, PageDep, require
from app.api.if_match import IfMatch
from app.api.path_segment import StrictWholeSegmentRoute
from app.core.exceptions import PreconditionFailed
from app.models.oauth.client import MAX_CLIENT_ID, OAuthClient, OAuthClientSecret
from app.policies.permission import Actor
from app.schemas.base import Page, plain
from app.schemas.client import (
    METADATA,
    Client,
    ClientChange,
    ClientCreate,
    ClientCreated,
    ClientDetail,
    ClientSecret,
    ClientSecretCreated,
)
from app.services.clients.client import (
    CHOICES,
    ClientExists,
    ClientNotFound,
    ClientSecretNotFound,
    ClientWithoutSecret,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.utils.helpers import as_segment

router = APIRouter(
    prefix="/api/v1/clients", tags=["clients"], route_class=StrictWholeSegmentRoute
)
Reader = Annotated[Actor, require("clients:read")]
Writer = Annotated[Actor, require("clients:write")]
ClientId = Annotated[str, Path(pattern=rf"^[!-~]{{1,{MAX_CLIENT_ID}}}$")]
_MAX_LOCATION = 200  # characters that are kept for whoever asks again


@router.get("", responses=problems(*UNPERMITTED))
async def list_clients(
    _actor: Reader, clients: Clients, pages: PageDep, owner_id: UUID | None = None
) -> Page[Client]:
    """List clients by identifier; with ``owner_id`` those that an account owns."""
    rows = await clients.list_page(
        after=pages.after("clients"), limit=pages.fetch, owner_id=owner_id
    )
    shown, cursor = pages.cut("clients", rows, lambda row: [row.client_id])
    items = [Client.model_validate(_shown(row)) for row in shown]
    return Page[Client](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=ClientCreated,
    responses=problems(*UNPERMITTED, ClientExists, IdempotencyKeyReused, body=True),
)
async def create_client(
    body: ClientCreate,
    actor: Writer,
    clients: Clients,
    once: OnceDep,
) -> Response:
    """Make a client; its secret, if it is to have one, is in this answer only."""

    async def make() -> Answer:
        metadata, choices = _split(body)
        row, secret = await clients.create(metadata, choices, body.client_id)
        made = ClientCreated.model_validate(
            _detailed(row, [secret.row] if secret else [])
            | {"client_secret": secret.value if secret else None}
        )
        return Answer(201, made.model_dump_json(), _location(row.client_id))

    return await once.answer("clients", actor.user_id, make, is_secret=True)


@router.get(
    "/{client_id}",
    response_model=ClientDetail,
    responses=problems(*UNPERMITTED, ClientNotFound),
)
async def read_client(
    client_id: ClientId, _actor: Reader, clients: Clients
) -> Response:
    """Return a client."""
    row = await clients.get(client_id)
    return _answer(row, await clients.secrets_of(client_id))


@router.patch(
    "/{client_id}",
    response_model=ClientDetail,
    responses=problems(*UNPERMITTED, ClientNotFound, PreconditionFailed, body=True),
)
async def update_client(
    client_id: ClientId,
    body: ClientChange,
    _actor: Writer,
    clients: Clients,
    if_match: IfMatch,
) -> Response:
    """Change a client; the whole of it is judged anew."""
    row = await clients.update(client_id, *_split(body), if_match)
    return _answer(row, await clients.secrets_of(client_id))


@router.delete(
    "/{client_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, ClientNotFound, PreconditionFailed),
)
async def delete_client(
    client_id: ClientId, _actor: Writer, clients: Clients, if_match: IfMatch
) -> None:
    """Delete a client and all that people granted to it."""
    await clients.delete(client_id, if_match)


@router.post(
    "/{client_id}/secrets",
    status_code=201,
    response_model=ClientSecretCreated,
    responses=problems(
        *UNPERMITTED, ClientNotFound, ClientWithoutSecret, IdempotencyKeyReused
    ),
)
async def rotate_client_secret(
    client_id: ClientId,
    actor: Writer,
    clients: Clients,
    once: OnceDep,
) -> Response:
    """Make a new secret, in this answer only; the one until now lives on for a while.

    Two live at most: an older one ends at once.
    """

    async def make() -> Answer:
        issued = await clients.rotate_secret(client_id)
        made = ClientSecretCreated.model_validate(
            _secret(issued.row) | {"client_secret": issued.value}
        )
        return Answer(201, made.model_dump_json())

    route = f"clients/{client_id}/secrets"
    return await once.answer(route, actor.user_id, make, is_secret=True)


@router.delete(
    "/{client_id}/secrets/{secret_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, ClientNotFound, ClientSecretNotFound),
)
async def revoke_client_secret(
    client_id: ClientId, secret_id: UUID, _actor: Writer, clients: Clients
) -> None:
    """End a secret at once."""
    await clients.revoke_secret(client_id, secret_id)


def _location(client_id: str) -> str | None:
    """Return where a client is, unless its identifier makes too much of it."""
    path = f"/api/v1/clients/{as_segment(client_id)}"
    return path if len(path) <= _MAX_LOCATION else None


def _split(body: ClientChange) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tell metadata, which the engine judges, from what the administrator decides."""
    sent = plain(body)
    metadata = {name: value for name, value in sent.items() if name in METADATA}
    return metadata, {name: sent[name] for name in CHOICES if name in sent}


def _shown(row: OAuthClient) -> dict[str, Any]:
    own = (column.name for column in row.__table__.columns)
    columns = {name: getattr(row, name) for name in own}
    known = {**columns, "client_name": None, **row.document}
    return known | {"vouched_by": row.voucher}


def _secret(row: OAuthClientSecret) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ClientSecret.model_fields}


def _detailed(row: OAuthClient, secrets: Sequence[OAuthClientSecret]) -> dict[str, Any]:
    return {**_shown(row), "secrets": [_secret(secret) for secret in secrets]}


def _answer(row: OAuthClient, secrets: Sequence[OAuthClientSecret]) -> Response:
    shown = ClientDetail.model_validate(_detailed(row, secrets))
    return json_response(shown, etag=etag(row.version))
