"""``/oauth2/register``: clients that register and manage themselves.

RFC 7591 §3, RFC 7592 §2 and §3, OIDC Registration §3 and §4.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.dependencies import ClientRegistrations, RuntimeDep
from app.api.oauth.documented import refusals
from app.api.oauth.protocol import protocol_json, read_authorization, refusal
from app.api.strict_json import MalformedJson, read_json
from app.core.late.route import LateRoute
from app.oauth.bearer import challenge, read_access_token
from app.oauth.errors import InvalidClientMetadata, InvalidToken
from app.services.clients.registration import Registered
from app.services.server.runtime import Runtime

router = APIRouter(prefix="/oauth2/register", tags=["oauth"], route_class=LateRoute)
_TOLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "client_id": {"type": "string"},
        "registration_access_token": {"type": "string"},
        "registration_client_uri": {"type": "string"},
    },
    "required": [
        "client_id",
        "registration_access_token",
        "registration_client_uri",
    ],
}


def _responses(status: int, *others: int) -> dict[int | str, Any]:
    content = {"application/json": {"schema": _TOLD}}
    told: dict[int | str, Any] = {
        status: {"description": "All that the client is", "content": content}
    }
    return told | refusals(401, *others)


_BODY = (408, 413, 415, 429)  # what may be wrong with a body, and with many of them


_METADATA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post(
    "",
    status_code=201,
    responses=_responses(201, 404, *_BODY),
    openapi_extra=_METADATA,
)
async def register(
    request: Request, runtime: RuntimeDep, registrations: ClientRegistrations
) -> Response:
    """Make a client."""

    async def work(token: str | None) -> Response:
        vouched_by = await registrations.admit(token)
        made = await registrations.register(await _document(request), vouched_by)
        return _information(made, runtime, 201)

    return await _answered(request, runtime, work)


@router.get("/{client_id}", responses=_responses(200))
async def read_registration(
    client_id: str,
    request: Request,
    runtime: RuntimeDep,
    registrations: ClientRegistrations,
) -> Response:
    """Return the client to itself."""

    async def work(token: str | None) -> Response:
        return _information(await registrations.read(client_id, token), runtime)

    return await _answered(request, runtime, work)


@router.put("/{client_id}", responses=_responses(200, *_BODY), openapi_extra=_METADATA)
async def replace_registration(
    client_id: str,
    request: Request,
    runtime: RuntimeDep,
    registrations: ClientRegistrations,
) -> Response:
    """Replace the client's metadata."""

    async def work(token: str | None) -> Response:
        document = await _document(request)
        now = await registrations.replace(client_id, token, document)
        return _information(now, runtime)

    return await _answered(request, runtime, work)


@router.delete("/{client_id}", status_code=204, responses=refusals(401))
async def delete_registration(
    client_id: str,
    request: Request,
    runtime: RuntimeDep,
    registrations: ClientRegistrations,
) -> Response:
    """Delete the client at its own wish."""

    async def work(token: str | None) -> Response:
        await registrations.delete(client_id, token)
        return Response(status_code=204)

    return await _answered(request, runtime, work)


async def _document(request: Request) -> Any:
    try:
        return await read_json(request)
    except MalformedJson as error:
        raise InvalidClientMetadata(error.detail, hint=error.hint) from error


async def _answered(
    request: Request,
    runtime: Runtime,
    work: Callable[[str | None], Awaitable[Response]],
) -> Response:
    """Do the work with the bearer token that came."""
    is_named = True  # what is wrong, unless nothing came (RFC 6750 §3.1)
    try:
        token = read_access_token(read_authorization(request))
        is_named = token is not None
        return await work(token)
    except InvalidToken as error:
        told = error if is_named else None
        realm = runtime.settings.public_url
        return refusal(error, WWW_Authenticate=challenge(told, realm=realm))


def _information(client: Registered, runtime: Runtime, status: int = 200) -> Response:
    """Return the client information response (RFC 7591 §3.2.1, RFC 7592 §3)."""
    row, issuer = client.row, runtime.settings.public_url
    members: dict[str, Any] = {
        "client_id": row.client_id,
        "client_id_issued_at": int(row.created_at.timestamp()),
        "registration_access_token": client.registration_access_token,
        "registration_client_uri": f"{issuer}/oauth2/register/{row.client_id}",
    }
    if client.secret is not None:
        members["client_secret"] = client.secret.value
        members["client_secret_expires_at"] = 0
    return protocol_json({**row.document, **members}, status)
