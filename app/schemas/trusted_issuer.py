"""Bodies of ``/api/v1/trusted-issuers``."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr

from app.models.oauth.client import MAX_CLIENT_ID
from app.schemas.base import Input, Instant, Output
from app.schemas.connection import ConnectionStep

MAX_RULES = 50
NAME = r"^[a-z][a-z0-9-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
Url = Annotated[str, Field(max_length=1_024)]
Word = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[StrictStr, Field(max_length=1_024, pattern=r"^[^\x00]*$")]
Scope = Annotated[str, Field(max_length=2_048)]
Lifetime = Annotated[StrictInt, Field(ge=60, le=86_400)]
Status = Literal["active", "disabled"]
Value = Text | StrictInt | StrictBool


class Condition(Input):
    """A claim, by name or JSON Pointer, and what it has to be.

    Either ``equals``, or ``glob``: ``*`` is any text without ``/`` and ``:``, ``**``
    any text.
    """

    claim: Word
    equals: Value | None = None
    glob: Annotated[StrictStr, Field(min_length=1, max_length=500)] | None = None


class Rule(Input):
    """Whom tokens that fulfil all conditions speak for: a client, or it for a user.

    ``scope``: what may be asked for; null is all that the client has for itself.
    ``resources``: what a token may be for, which the request then has to name; null is
    whatever the client may ask for. ``authenticates_client``: the token also
    authenticates the client, as ``client_assertion``, for whatever it may do.
    """

    conditions: Annotated[list[Condition], Field(max_length=20)]
    client_id: Annotated[str, Field(min_length=1, max_length=MAX_CLIENT_ID)]
    user_id: UUID | None = None
    scope: Scope | None = None
    resources: Annotated[list[Text], Field(max_length=20)] | None = None
    authenticates_client: StrictBool = False


class TrustedIssuerChange(Input):
    """What changes; an absent field stays, null takes keys away.

    Keys come from ``jwks_uri`` or ``jwks``; without either from the ``jwks_uri`` of the
    issuer's discovery document. ``audiences``: what ``aud`` may be besides this
    server's issuer and token endpoint. ``max_lifetime``: seconds from ``iat`` to
    ``exp``. ``single_use``: each token counts once, and needs a ``jti``. Of the rules
    the first that is fulfilled counts.
    """

    status: Status = "active"
    audiences: Annotated[list[Word], Field(max_length=20)] = []
    jwks_uri: Url | None = None
    jwks: dict[str, Any] | None = None
    algorithms: Annotated[list[Word], Field(max_length=10)] = ["RS256", "ES256"]
    max_lifetime: Lifetime = 3_600
    single_use: StrictBool = True
    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)] = []


class TrustedIssuerCreate(TrustedIssuerChange):
    """A new trusted issuer; its name and its URL stay."""

    name: Name
    issuer: Url


class ShownCondition(Output):
    """A claim, and what it has to be."""

    claim: str
    equals: str | int | bool | None = None
    glob: str | None = None


class ShownRule(Output):
    """Whom tokens that fulfil all conditions speak for."""

    conditions: list[ShownCondition]
    client_id: str
    user_id: UUID | None = None
    scope: str | None = None
    resources: list[str] | None = None
    authenticates_client: bool = False


class TrustedIssuer(Output):
    """An issuer whose tokens of workloads are believed, and what is made of them."""

    name: str
    issuer: str
    status: Status
    audiences: list[str]
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = None
    algorithms: list[str]
    max_lifetime: int
    single_use: bool
    rules: list[ShownRule]
    created_at: Instant
    updated_at: Instant


class TrustedIssuerTest(Output):
    """Whether an issuer's keys are found, step by step, up to a first fault."""

    ok: bool
    steps: list[ConnectionStep]
