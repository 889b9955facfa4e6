"""Bodies of ``/api/v1/clients``."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from app.models.oauth.client import MAX_CLIENT_ID
from app.resource_settings import Identifier
from app.schemas.base import Input, Instant, Output, ShownText

Word = Annotated[str, Field(max_length=2_048)]
Words = Annotated[list[Word], Field(max_length=50)]
Uri = Word
Assigned = Annotated[dict[Identifier, Words | None], Field(max_length=50)]
Status = Literal["active", "disabled"]
Acr = Literal["aal1", "aal2"]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Pkce = Literal["always", "pkce_or_nonce", "public_only"]


class ClientMetadata(Input):
    """Metadata of RFC 7591 and OpenID Connect; the engine judges it as a whole."""

    redirect_uris: Words | None = None
    application_type: Word | None = None
    token_endpoint_auth_method: Word | None = None
    token_endpoint_auth_signing_alg: Word | None = None
    grant_types: Words | None = None
    response_types: Words | None = None
    scope: Word | None = None
    client_name: ShownText | None = None
    client_uri: Uri | None = None
    logo_uri: Uri | None = None
    policy_uri: Uri | None = None
    tos_uri: Uri | None = None
    contacts: Words | None = None
    software_id: ShownText | None = None
    software_version: ShownText | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    subject_type: Word | None = None
    sector_identifier_uri: Uri | None = None
    id_token_signed_response_alg: Word | None = None
    userinfo_signed_response_alg: Word | None = None
    default_max_age: StrictInt | None = None
    require_auth_time: StrictBool | None = None
    default_acr_values: Words | None = None
    initiate_login_uri: Uri | None = None
    post_logout_redirect_uris: Words | None = None
    backchannel_logout_uri: Uri | None = None
    backchannel_logout_session_required: StrictBool | None = None
    frontchannel_logout_uri: Uri | None = None
    frontchannel_logout_session_required: StrictBool | None = None


class ClaimMapping(Input):
    """One thing that is told: where from, under which name, how much of it.

    ``source``: ``groups``, ``roles``, ``scope``, or a standard claim of OpenID Connect.
    ``values``: only these, ``*`` at an end for any rest; empty is all. ``format``:
    whether the dots of ``claim`` are levels. ``prefix``: before each value. It is told
    only if the scope was granted that its source belongs to.
    """

    claim: Annotated[str, Field(min_length=1, max_length=200)]
    source: Annotated[str, Field(min_length=1, max_length=200)]
    values: Annotated[
        list[Annotated[str, Field(max_length=200)]], Field(max_length=100)
    ] = []
    format: Literal["flat", "nested"] = "flat"
    prefix: Annotated[str, Field(max_length=200)] = ""


class ClientTheme(Input):
    """How pages of a client's flows look, in place of the installation's accent.

    ``accent``: main actions and links; refused where it cannot be read (WCAG, 4.5:1).
    ``accent_dark``: the same on dark pages; null makes ``accent`` lighter.
    """

    accent: Colour
    accent_dark: Colour | None = None


class TokenExchange(Input):
    """What a client may exchange (RFC 8693); it needs the grant type as well.

    ``clients``: whose access tokens, if they are for its ``audience``, or its own.
    ``impersonation``: new tokens need not name it in ``act``. To which resources and
    for which scopes its assigned resources say.
    """

    clients: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_CLIENT_ID)]],
        Field(min_length=1, max_length=100),
    ]
    impersonation: StrictBool = False


METADATA = frozenset(ClientMetadata.model_fields)


class ClientChange(ClientMetadata):
    """What changes; an absent field stays, null takes a value of the metadata away.

    ``pkce``: null follows AUTH_SERVE_OAUTH__PKCE. ``is_first_party``: consent is not
    asked for (of public clients only at an https redirect URI). ``is_resource_server``:
    may introspect tokens for its ``audience``. ``audience``: identifier of the API that
    its tokens are for where it names none. ``resources``: those that it may name, each
    with the scopes that it may have there, or null for all. ``vouched_by``: who answers
    for where it sends people; of a client that nobody vouches for they are asked first.
    ``minimum_acr``: with ``aal2`` nobody signs in to it with less than two factors.
    ``theme``: the accent of pages on the way to it, while somebody vouches for it; null
    has the installation's.
    ``redirect_uri_patterns``: redirect URIs of preview deployments, with ``*`` as the
    whole first label of a host below AUTH_SERVE_OAUTH__PREVIEW_HOSTS.
    ``id_token_claims``: claims that stand in the ID token itself, if their scope is
    granted. ``claim_mappings``: what userinfo tells besides, and the ID token where it
    is named there. ``owner_id``: the account of who answers for it, an active one; it
    has no power by that, and runs on when the account is disabled or deleted.
    """

    status: Status = "active"
    pkce: Pkce | None = None
    vouched_by: Literal["administrator", "nobody"] = "administrator"
    is_first_party: StrictBool = False
    is_resource_server: StrictBool = False
    audience: Annotated[str, Field(max_length=1_024)] | None = None
    resources: Assigned | None = None
    minimum_acr: Acr | None = None
    redirect_uri_patterns: Annotated[list[Word], Field(max_length=5)] | None = None
    theme: ClientTheme | None = None
    token_exchange: TokenExchange | None = None
    id_token_claims: Annotated[list[Word], Field(max_length=50)] | None = None
    claim_mappings: Annotated[list[ClaimMapping], Field(max_length=20)] | None = None
    owner_id: UUID | None = None


class ClientCreate(ClientChange):
    """A new client; without ``client_id`` the server chooses one."""

    client_id: Annotated[str, Field(max_length=MAX_CLIENT_ID)] | None = None


class ClientShownTheme(Output):
    """The accents of a client's pages."""

    accent: str
    accent_dark: str | None = None


class ShownTokenExchange(Output):
    """What a client may exchange."""

    clients: list[str]
    impersonation: bool = False


class Client(Output):
    """A client as administrators see it: its metadata, and what they decided."""

    client_id: str
    status: Status
    pkce: Pkce | None
    is_self_registered: bool
    vouched_by: Literal["administrator", "registration_token", "nobody"]
    is_first_party: bool
    is_resource_server: bool
    audience: str | None
    resources: dict[str, list[str] | None] | None
    minimum_acr: Acr | None
    redirect_uri_patterns: list[str] | None
    theme: ClientShownTheme | None
    token_exchange: ShownTokenExchange | None
    id_token_claims: list[str] | None
    claim_mappings: list[dict[str, Any]] | None
    owner_id: UUID | None
    created_at: Instant
    updated_at: Instant
    last_used_at: Instant | None

    redirect_uris: list[str] = []
    application_type: str
    token_endpoint_auth_method: str
    token_endpoint_auth_signing_alg: str | None = None
    grant_types: list[str]
    response_types: list[str]
    scope: str = ""
    client_name: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: list[str] = []
    software_id: str | None = None
    software_version: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: str
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: list[str] = []
    initiate_login_uri: str | None = None
    post_logout_redirect_uris: list[str] = []
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False


class ClientSecret(Output):
    """What is known of a secret; its value is not stored."""

    id: UUID
    created_at: Instant
    expires_at: Instant | None


class ClientDetail(Client):
    """A client with what is known of its secrets that live, the newest first."""

    secrets: list[ClientSecret]


class ClientCreated(ClientDetail):
    """A new client; ``client_secret`` is shown here and never again."""

    client_secret: str | None


class ClientSecretCreated(ClientSecret):
    """A new secret; ``client_secret`` is shown here and never again."""

    client_secret: str
