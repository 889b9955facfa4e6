"""Small forms that several routes answer in."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.core.context import current
from app.core.exceptions import (
    AppError,
    BadRequest,
    PayloadTooLarge,
    RequestTimeout,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)
from app.schemas.auth import Tokens
from app.schemas.user import User
from app.services.sessions.session import IssuedTokens
from app.utils.helpers import encoded_json

_ALWAYS: tuple[type[AppError], ...] = (BadRequest, Unprocessable, Unavailable)
_WITH_BODY: tuple[type[AppError], ...] = (
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
)
# One for all of the thousand refusals that are declared.
_PROBLEM = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
}


def problems(*errors: type[AppError], body: bool = False) -> dict[int | str, Any]:
    """Return the OpenAPI responses of a route's refusals, and of what all share."""
    kinds = (*errors, *_ALWAYS, *(_WITH_BODY if body else ()))
    responses: dict[int | str, Any] = {}
    for kind in sorted(set(kinds), key=lambda kind: (kind.status, kind.code)):
        entry = responses.setdefault(kind.status, {"description": ""})
        entry["description"] += f"`{kind.code}`: {kind.title}. "
        entry["content"] = _PROBLEM
    return responses


def json_response(content: Any, status: int = 200, **headers: str) -> Response:
    """Return plain values or a model as JSON."""
    if isinstance(content, BaseModel):
        raw = content.model_dump_json().encode()
    else:
        raw = encoded_json(content)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(raw, status, named, "application/json")


def streamed_json(pieces: AsyncIterator[bytes], **headers: str) -> Response:
    """Return a JSON document that is too long to hold at once."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return StreamingResponse(pieces, headers=named, media_type="application/json")


def tokens_response(tokens: IssuedTokens) -> Response:
    """Return the tokens of a session; nothing may keep them."""
    answer = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
        "refresh_expires_in": tokens.refresh_expires_in,
    }
    if current().new_device:  # of a sign-in, and not of a refresh
        answer["device_token"] = current().new_device
    return json_response(answer)


def user_out(user: Any, roles: Iterable[str]) -> User:
    """Return an account as the API shows it."""
    names = (name for name in User.model_fields if name != "roles")
    return User(**{name: getattr(user, name) for name in names}, roles=sorted(roles))


def etag(version: int) -> str:
    """Return the entity tag of a version (RFC 9110 section 8.8.3)."""
    return f'"{version}"'


def documented_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI entry of a body that the route reads itself."""
    schema = model.model_json_schema()
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


TOKENS: dict[int | str, Any] = {200: {"model": Tokens, "description": "Tokens"}}
SECURED: dict[str, Any] = {"security": [{"bearer": []}]}
