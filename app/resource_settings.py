"""APIs that an operator declares in the settings, and what any API may look like."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from app.setting_types import SCOPE_TOKEN, json_list
from app.typed_text import shown_text

MAX_TTL = 3_600  # seconds, as for all access tokens; keys stay published so long


def _not_the_account(value: dict[str, str]) -> dict[str, str]:
    """Refuse the scope that opens the account of a person, here and nowhere else."""
    if "account" in value:
        raise ValueError("account is a scope of this service's own API alone")
    return value


# Without blanks, quotation marks and fragments: aud, and `resource` of RFC 8707.
Identifier = Annotated[str, Field(pattern=r"^[!$-~]{1,1024}$")]
Shown = Annotated[str, Field(max_length=200), AfterValidator(shown_text)]
ResourceScopes = Annotated[
    dict[Annotated[str, Field(pattern=SCOPE_TOKEN)], Shown],
    Field(max_length=200),
    AfterValidator(_not_the_account),
]
Access = Literal["assigned", "any"]
Ttl = Annotated[int, Field(ge=30, le=MAX_TTL)]
Algorithm = Literal["RS256", "ES256", "PS256", "EdDSA"]
TokenType = Literal["at+jwt", "JWT"]
Form = Literal["string", "list"]


class DeclaredResource(BaseModel):
    """One API of AUTH_SERVE_RESOURCES, with the members of ``/api/v1/resources``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: Identifier
    name: Shown = ""
    scopes: ResourceScopes = {}
    access: Access = "assigned"
    access_token_ttl: Ttl | None = None
    algorithm: Algorithm | None = None
    typ: TokenType = "at+jwt"
    audience_form: Form = "string"
    scope_form: Form = "string"


def _each_once(value: list[DeclaredResource]) -> list[DeclaredResource]:
    names = [each.identifier for each in value]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is there twice")
    return value


DeclaredResources = Annotated[
    list[DeclaredResource],
    NoDecode,
    BeforeValidator(json_list),
    AfterValidator(_each_once),
]
