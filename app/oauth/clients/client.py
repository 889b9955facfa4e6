"""RFC 7591 §2, OIDC Registration §2, RFC 6749 §2: a client as the engine sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.oauth.clients.exchange import ExchangePolicy
from app.oauth.clients.resource import Resource
from app.oauth.mappings.mapping import ClaimMapping

ApplicationType = Literal["web", "native"]
AuthMethod = Literal[
    "none", "client_secret_basic", "client_secret_post", "private_key_jwt"
]
PkcePolicy = Literal["always", "pkce_or_nonce", "public_only"]
SubjectType = Literal["public", "pairwise"]


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret that the client may use; the value itself is not stored.

    Attributes:
        digest: SHA-256 of the secret, 32 bytes; it has 256 bits of chance in it.
        expires_at: When it ends, for the older of two while one is exchanged.
    """

    digest: bytes
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client. Members are named as in the metadata of RFC 7591.

    Attributes:
        secrets: At most two that live.
        scope: Scopes that the client may ask for.
        jwks: Public keys of the client (``jwks``, or what ``jwks_uri`` last gave).
        sector: Host that pairwise subjects are computed for (OIDC Core §8.1).
        pkce: The administrator's choice for this client; None follows the server's.
        is_first_party: Consent is not asked for.
        is_resource_server: May introspect tokens whose audience it is.
        audience: Identifier of the API that its tokens are for where the request names
            none (RFC 8707 §2); None is the issuer's.
        resource: What is registered under that identifier, live or not.
        resources: Identifiers of what it may ask tokens for, each with the scopes that
            it may have there; None is all.
        is_self_registered: It came by itself and need not know this server (RFC 7591).
        has_document: Its identifier is the address of its metadata
            (``metadata_document``); it came by itself, too.
        is_vouched_for: Whether somebody answers for where it sends people (RFC 9700
            §4.11.2); otherwise they are asked before they are sent there.
        minimum_acr: The administrator's choice: nobody signs in to it with less.
        redirect_uri_patterns: The administrator's choice of preview deployments
            (``redirect_pattern``), of what this server accepts now.
        exchange: The administrator's choice: whose tokens it may exchange (RFC 8693).
        theme: The administrator's choice of how pages of its flows look; no concern of
            the protocol.
        id_token_claims: The administrator's choice: claims that the ID token itself
            has, if their scope is granted.
        claim_mappings: The administrator's choice: what else it is told.
        private_schemes: Schemes without a dot that this server accepts now.
    """

    client_id: str
    client_name: str = ""
    application_type: ApplicationType = "web"
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    secrets: tuple[ClientSecret, ...] = ()
    jwks: Mapping[str, Any] | None = None
    redirect_uris: tuple[str, ...] = ()
    redirect_uri_patterns: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    response_types: frozenset[str] = frozenset({"code"})
    scope: frozenset[str] = frozenset({"openid"})
    subject_type: SubjectType = "public"
    sector: str | None = None
    id_token_signed_response_alg: str = "RS256"
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    pkce: PkcePolicy | None = None
    is_first_party: bool = False
    is_resource_server: bool = False
    audience: str | None = None
    resource: Resource | None = None
    resources: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    is_self_registered: bool = False
    has_document: bool = False
    is_vouched_for: bool = True
    minimum_acr: str | None = None
    exchange: ExchangePolicy | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    theme: Mapping[str, Any] = field(default_factory=dict)
    id_token_claims: frozenset[str] = frozenset()
    claim_mappings: tuple[ClaimMapping, ...] = ()
    private_schemes: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"
