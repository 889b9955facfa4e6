"""RFC 7591 §2 and §3.2, OIDC Registration §2, §3.2 and §5: what clients may be.

Unknown members are ignored, ``client_id`` and ``client_secret`` among them: both are
the server's to choose. Known members with a wrong type or value are refused, never
mended; what programs may ask for in vain, ``registration_request`` leaves out before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from app.oauth.client_kind import signs_in
from app.oauth.clients.client import ApplicationType, AuthMethod, SubjectType
from app.oauth.clients.metadata_value import (
    Reader,
    list_of,
    read_flag,
    read_jwks,
    read_scope,
    read_seconds,
    read_text,
    read_token,
    refusal,
)
from app.oauth.clients.redirect_uri import why_not
from app.oauth.errors import InvalidClientMetadata
from app.oauth.scopes import PERSONAL
from app.oauth.supported import Supported
from app.oauth.uri import Uri, parse_uri

_WEB = ("https", "http")
_LINKS = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
_CALLED = (  # addresses that this server, or a browser on its word, calls
    "jwks_uri",
    "sector_identifier_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """What a client asked for, complete with the defaults of the standard."""

    redirect_uris: tuple[str, ...] = ()
    application_type: ApplicationType = "web"
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    token_endpoint_auth_signing_alg: str | None = None
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[str, ...] = ("code",)
    scope: tuple[str, ...] = ()
    client_name: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()
    software_id: str | None = None
    software_version: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    subject_type: SubjectType = "public"
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str = "RS256"
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False

    @property
    def needs_secret(self) -> bool:
        """Whether a secret is made for it; a public client never gets one."""
        return self.token_endpoint_auth_method.startswith("client_secret_")

    @property
    def sector(self) -> str | None:
        """Host that pairwise subjects are computed for (OIDC Core §8.1)."""
        named = (self.sector_identifier_uri,) if self.sector_identifier_uri else None
        hosts = _hosts(named or self.redirect_uris)
        return hosts.pop() if len(hosts) == 1 else None

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it, for the answer (RFC 7591 §3.2.1)."""
        members = {field.name: getattr(self, field.name) for field in fields(self)}
        members["scope"] = " ".join(self.scope)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in members.items()
            if value not in (None, (), "") or name in ("grant_types", "response_types")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What the checks hold a client to."""

    development: bool
    supported: Supported


_READERS: Mapping[str, Reader] = {
    "redirect_uris": list_of(read_token),
    "application_type": read_token,
    "token_endpoint_auth_method": read_token,
    "token_endpoint_auth_signing_alg": read_token,
    "grant_types": list_of(read_token),
    "response_types": list_of(read_text),
    "scope": read_scope,
    "client_name": read_text,
    "client_uri": read_token,
    "logo_uri": read_token,
    "policy_uri": read_token,
    "tos_uri": read_token,
    "contacts": list_of(read_text),
    "software_id": read_text,
    "software_version": read_text,
    "jwks": read_jwks,
    "jwks_uri": read_token,
    "subject_type": read_token,
    "sector_identifier_uri": read_token,
    "id_token_signed_response_alg": read_token,
    "userinfo_signed_response_alg": read_token,
    "default_max_age": read_seconds,
    "require_auth_time": read_flag,
    "default_acr_values": list_of(read_token),
    "initiate_login_uri": read_token,
    "post_logout_redirect_uris": list_of(read_token),
    "backchannel_logout_uri": read_token,
    "backchannel_logout_session_required": read_flag,
    "frontchannel_logout_uri": read_token,
    "frontchannel_logout_session_required": read_flag,
}


def read_client_metadata(
    document: Any,
    *,
    development: bool,
    supported: Supported,
) -> ClientMetadata:
    """Return what a client asks to be.

    Args:
        document: What the JSON of the request says.
        development: Whether plain http is acceptable on this machine.
        supported: What may be registered; where no scope is named, all of them are.

    Raises:
        InvalidRedirectUri: A redirect URI is missing or not acceptable.
        InvalidClientMetadata: Something else is not.
    """
    if not isinstance(document, Mapping):
        raise InvalidClientMetadata("the metadata must be a JSON object")
    values: dict[str, Any] = {
        name: read(name, document[name])
        for name, read in _READERS.items()
        if document.get(name) is not None
    }
    values.setdefault("scope", supported.scopes)
    if "authorization_code" not in values.get("grant_types", ["authorization_code"]):
        values.setdefault("response_types", ())
    metadata = ClientMetadata(**values)
    rules = _Rules(development=development, supported=supported)
    for check in _CHECKS:
        check(metadata, rules)
    return metadata


def check_sector_document(metadata: ClientMetadata, document: Any) -> None:
    """Check what ``sector_identifier_uri`` gave (OIDC Registration §5).

    Raises:
        InvalidClientMetadata: It is no JSON array with every redirect URI in it.
    """
    listed = document if isinstance(document, list) else []
    if any(uri not in listed for uri in metadata.redirect_uris):
        raise refusal("sector_identifier_uri", "must list every redirect URI")


def _check_choices(metadata: ClientMetadata, rules: _Rules) -> None:
    """Hold single values to what is offered; what is unset has nothing to hold."""
    supported = rules.supported
    choices: Mapping[str, tuple[str, ...]] = {
        "application_type": ("web", "native"),
        "token_endpoint_auth_method": supported.auth_methods,
        "token_endpoint_auth_signing_alg": supported.assertion_algs,
        "subject_type": supported.subject_types,
        "id_token_signed_response_alg": supported.id_token_algs,
        "userinfo_signed_response_alg": supported.userinfo_algs,
    }
    for name, offered in choices.items():
        value = getattr(metadata, name)
        if value is not None and value not in offered:
            raise refusal(name, "is not supported", value, offered)


def _check_flow(metadata: ClientMetadata, rules: _Rules) -> None:
    """RFC 7591 §2.1: grant types and response types belong together."""
    flows = (
        ("grant_types", metadata.grant_types, rules.supported.grant_types),
        ("response_types", metadata.response_types, ("code",)),
    )
    for name, asked, offered in flows:
        foreign = [value for value in asked if value not in offered]
        if foreign:
            raise refusal(name, "has what is not supported", foreign, offered)
    if ("authorization_code" in metadata.grant_types) != bool(metadata.response_types):
        raise refusal(
            "response_types",
            "must have code exactly with authorization_code",
            metadata.grant_types,
        )


def _check_authentication(metadata: ClientMetadata, rules: _Rules) -> None:
    """RFC 6749 §4.4: only who can keep a secret acts for itself.

    A native client may have a secret, since registering gives each installation its
    own (RFC 8252 §8.5).
    """
    is_public = metadata.token_endpoint_auth_method == "none"
    if is_public and "client_credentials" in metadata.grant_types:
        raise refusal("grant_types", "has client_credentials for a public client")


def _check_scope(metadata: ClientMetadata, rules: _Rules) -> None:
    foreign = [token for token in metadata.scope if token not in rules.supported.scopes]
    if foreign:
        offered = tuple(rules.supported.scopes)
        if not signs_in(metadata.grant_types):  # nobody is there to speak of
            offered = tuple(scope for scope in offered if scope not in PERSONAL)
        reason = "has what is not offered"
        reason += "" if offered else ", and no scope is for programs without people"
        raise refusal("scope", reason, foreign, offered)


def _check_redirect_uris(metadata: ClientMetadata, rules: _Rules) -> None:
    if metadata.response_types and not metadata.redirect_uris:
        raise refusal("redirect_uris", "must not be empty")
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in getattr(metadata, name):
            reason = why_not(
                uri,
                metadata.application_type,
                rules.development,
                rules.supported.private_schemes,
            )
            if reason is not None:
                raise refusal(name, reason, uri)


def _check_links(metadata: ClientMetadata, rules: _Rules) -> None:
    """Pages link to them, so nothing but the web may be behind."""
    for name in _LINKS:
        uri = getattr(metadata, name)
        parsed = parse_uri(uri) if uri is not None else None
        if uri is not None and (parsed is None or parsed.scheme not in _WEB):
            raise refusal(name, "must be an https or http URL", uri)


def _check_called(metadata: ClientMetadata, rules: _Rules) -> None:
    for name in _CALLED:
        uri = getattr(metadata, name)
        # OIDC Registration §2 and Core §4 know no exception for this one.
        may_be_local = rules.development and name != "initiate_login_uri"
        if uri is not None and not _is_encrypted(parse_uri(uri), may_be_local):
            raise refusal(name, "must be an https URL without fragment", uri)


def _is_encrypted(uri: Uri | None, may_be_local: bool) -> bool:
    if uri is None:
        return False
    is_local = may_be_local and uri.scheme == "http" and uri.is_loopback
    return uri.scheme == "https" or is_local


def _check_frontchannel(metadata: ClientMetadata, rules: _Rules) -> None:
    """OIDC Front-Channel Logout §2: only a site of the client's own is framed."""
    uri = metadata.frontchannel_logout_uri
    if uri is None:
        return
    origins = {
        parsed.origin for parsed in map(parse_uri, metadata.redirect_uris) if parsed
    }
    framed = parse_uri(uri)
    if framed is None or framed.origin not in origins:
        raise refusal(
            "frontchannel_logout_uri",
            "must share its origin with a redirect URI",
            uri,
        )


def _check_keys(metadata: ClientMetadata, rules: _Rules) -> None:
    if metadata.jwks is not None and metadata.jwks_uri is not None:
        raise refusal("jwks", "must not be there together with jwks_uri")
    has_keys = metadata.jwks is not None or metadata.jwks_uri is not None
    needs_keys = signs_in(metadata.grant_types) or not rules.supported.keyless_jwt
    signs = metadata.token_endpoint_auth_method == "private_key_jwt"
    if signs and needs_keys and not has_keys:
        raise refusal("jwks", "or jwks_uri is needed for private_key_jwt")


def _hosts(uris: tuple[str, ...]) -> set[str]:
    parsed = (parse_uri(uri) for uri in uris)
    return {uri.host.lower() for uri in parsed if uri}


def _check_sector(metadata: ClientMetadata, rules: _Rules) -> None:
    """OIDC Core §8.1: several hosts have to say for whom they belong together."""
    if metadata.subject_type == "pairwise" and not metadata.sector:
        raise refusal("sector_identifier_uri", "is needed to tell the sector")


# The order is the order of refusals.
_CHECKS: tuple[Callable[[ClientMetadata, _Rules], None], ...] = (
    _check_choices,
    _check_flow,
    _check_authentication,
    _check_scope,
    _check_redirect_uris,
    _check_links,
    _check_called,
    _check_frontchannel,
    _check_keys,
    _check_sector,
)
