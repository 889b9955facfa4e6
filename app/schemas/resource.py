"""Bodies of ``/api/v1/resources``."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.resource_settings import (
    Access,
    Algorithm,
    Form,
    Identifier,
    ResourceScopes,
    Shown,
    TokenType,
    Ttl,
)
from app.schemas.base import Input, Instant, Output
from app.schemas.client import ClaimMapping

Status = Literal["active", "disabled"]


class ResourceChange(Input):
    """What changes; an absent field stays.

    ``scopes``: what there is to be had, and what each means to people. ``access``:
    ``any`` client may ask for tokens, or those that it is ``assigned`` to.
    ``access_token_ttl``: null follows AUTH_SERVE_TOKEN__ACCESS_TTL. ``algorithm``: null
    follows AUTH_SERVE_TOKEN__ALGORITHM. ``typ``: ``JWT`` for libraries that know no
    other. ``audience_form`` and ``scope_form``: how ``aud`` of a token for this API
    alone, and ``scope``, are written. ``claims``: what its tokens, and introspection,
    tell of a person besides.
    """

    name: Shown = ""
    scopes: ResourceScopes = {}
    access: Access = "assigned"
    access_token_ttl: Ttl | None = None
    algorithm: Algorithm | None = None
    typ: TokenType = "at+jwt"
    audience_form: Form = "string"
    scope_form: Form = "string"
    claims: Annotated[list[ClaimMapping], Field(max_length=20)] = []
    status: Status = "active"


class ResourceCreate(ResourceChange):
    """A new API; its identifier stays."""

    identifier: Identifier


class Resource(Output):
    """An API that tokens are asked for by name.

    ``source`` says where it is declared: what the settings declare is changed there.
    """

    id: UUID
    identifier: str
    name: str
    scopes: dict[str, str]
    access: Access
    access_token_ttl: int | None
    algorithm: Algorithm | None
    typ: TokenType
    audience_form: Form
    scope_form: Form
    claims: list[dict[str, Any]]
    status: Status
    source: Literal["database", "settings"]
    created_at: Instant | None
    updated_at: Instant | None
