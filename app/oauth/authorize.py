"""RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2.1; OIDC Core §3.1.2, §6, §7.2.1, §11.

An authorization request is read in two phases. Until the client and its redirect URI
are known to be good (``identify``), a refusal is shown to the person. From then on
(``read_request``) the client is told, at that URI.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from app.core import jose
from app.oauth.claims import ClaimsRequest, parse_claims
from app.oauth.clients.client import Client, PkcePolicy
from app.oauth.clients.redirect_uri import match_redirect_uri
from app.oauth.clients.resource import Resource
from app.oauth.errors import (
    Check,
    InvalidRequest,
    InvalidScope,
    OAuthError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from app.oauth.parameters import RESOURCE, Parameters, is_value, read_hint
from app.oauth.pkce import read_challenge
from app.oauth.resources.grant import check_default
from app.oauth.resources.request import requested_scope, resolve_resources
from app.oauth.response_modes import DEFAULT, find_mode
from app.oauth.scopes import MEMBERSHIP, OPENID, resolve_scope
from app.oauth.supported import Supported

MAX_NONCE = 1_024
MAX_REQUEST = 10_240  # bytes of all values: what waits for a person is stored
_SECONDS = re.compile(r"[0-9]{1,10}")  # three centuries
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646, roughly
_DISPLAYS = ("page", "popup", "touch", "wap")
_MAX_VALUES = 20
_HOW_TO_ANSWER = ("response_mode", "state")
_REFUSED: Mapping[str, type[OAuthError]] = {
    "request": RequestNotSupported,
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """Whom to answer, where, and how.

    Attributes:
        redirect_uri: Where the answer goes.
        redirect_uri_sent: As it was sent; the token request has to repeat it.
        response_mode: A name of ``response_modes`` that reaches this URI.
    """

    client: Client
    redirect_uri: str
    redirect_uri_sent: str | None
    response_mode: str
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest(ReturnAddress):
    """A request that may be granted once the person agrees.

    Attributes:
        nonce: None as well when it is no OpenID Connect request.
        max_age: Of the request, or else the client's default.
        acr_values: Of the request, or else the client's default; in order of liking.
        id_token_hint: As it was sent, not verified.
        claims: The ``claims`` parameter, as ``claims.parse_claims`` reads it.
        resources: What tokens may be asked for; none is the client's default.
        idp_hint: Which connection is to be led to, by name; none of the standard's.
        domain_hint: The same by a domain of addresses.
    """

    scope: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    login_hint: str | None
    id_token_hint: str | None
    claims: ClaimsRequest
    ui_locales: tuple[str, ...]
    display: str
    resources: tuple[Resource, ...] = ()
    idp_hint: str | None = None
    domain_hint: str | None = None

    @property
    def is_openid(self) -> bool:
        """Whether an ID token is asked for; otherwise it is plain OAuth 2.0."""
        return OPENID in self.scope


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the checks look at."""

    params: Parameters
    to: ReturnAddress
    supported: Supported
    pkce: PkcePolicy
    known: Mapping[str, Resource]

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What is asked for by name."""
        return resolve_resources(self.params, self.to.client, self.known)

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """What is asked for, by the client's default too (ADR-0045)."""
        return _read_scope(self)

    @property
    def is_openid(self) -> bool:
        """Whether an ID token is due."""
        return OPENID in self.scope


def identify(
    params: Parameters,
    client: Client | None,
    *,
    scopes: Collection[str],
    development: bool = False,
) -> ReturnAddress:
    """Return whom to answer.

    Args:
        params: The request; reading it already refused what is there twice.
        client: The client of that ``client_id``, if there is one.
        scopes: What this server offers: some of it may be asked for by default.
        development: Whether plain http is acceptable on this machine.

    Raises:
        InvalidRequest: To be shown, never redirected (RFC 6749 §4.1.2.1).
    """
    client_id = params.need("client_id")
    if client is None or client.client_id != client_id:
        raise InvalidRequest(
            "client_id is unknown",
            hint=f"sent {ascii(client_id)}",
            check=Check.CLIENT,
            compared={"sent": ascii(client_id)},
        )
    sent = params.get("redirect_uri")
    if sent is None and _asks_for_openid(params, client, scopes):
        raise InvalidRequest("redirect_uri is missing", check=Check.REDIRECT_URI)
    redirect_uri = match_redirect_uri(sent, client, development=development)
    named = _named_in_object(params)
    mode = find_mode(params.get("response_mode"), redirect_uri) or DEFAULT
    if "response_mode" in named:
        mode = find_mode(named["response_mode"], redirect_uri) or mode
    return ReturnAddress(
        client=client,
        redirect_uri=redirect_uri,
        redirect_uri_sent=sent,
        response_mode=mode.name,
        state=named.get("state", params.get("state")),
    )


def _named_in_object(params: Parameters) -> Mapping[str, str]:
    """Return how the refusal of a request object goes back, as far as it says so.

    Nobody verifies it: its word is no better and no worse than the query's, whose
    values it replaces (OIDC Core §6.1). What the query could not hold is left out.
    """
    try:
        claims = jose.unverified_claims(params.get("request", ""))
    except jose.InvalidToken:
        return {}
    named = {name: claims.get(name) for name in _HOW_TO_ANSWER}
    return {n: v for n, v in named.items() if isinstance(v, str) and is_value(v)}


def read_request(
    params: Parameters,
    to: ReturnAddress,
    *,
    supported: Supported,
    pkce: PkcePolicy = "pkce_or_nonce",
    known: Mapping[str, Resource] = MappingProxyType({}),
) -> AuthorizationRequest:
    """Return what is asked for; parameters that are not known are ignored.

    Args:
        params: The request.
        to: What ``identify`` made of it.
        supported: What this server offers.
        pkce: The server's policy, for clients without one of their own.
        known: What ``Resources.find`` made of the resources that are named.

    Raises:
        OAuthError: To be sent to ``to``.
    """
    asked = _Asked(params=params, to=to, supported=supported, pkce=pkce, known=known)
    for check in _CHECKS:
        check(asked)
    values: dict[str, Any] = {name: read(asked) for name, read in _READERS.items()}
    return AuthorizationRequest(
        client=to.client,
        redirect_uri=to.redirect_uri,
        redirect_uri_sent=to.redirect_uri_sent,
        response_mode=to.response_mode,
        state=to.state,
        **values,
    )


def _asks_for_openid(
    params: Parameters, client: Client, scopes: Collection[str]
) -> bool:
    """OIDC Core §3.1.2.1: what such a request must have, also one that is by default.

    Whether all that it asks for is the client's is not asked yet: what is malformed or
    another's is refused later, and sent back if there is somewhere to send it to.
    """
    if OPENID in params.get("scope", "").split(" "):
        return True
    try:
        return OPENID in resolve_scope(params.get("scope"), client, scopes)
    except InvalidScope:
        return False


def _check_response_type(asked: _Asked) -> None:
    """RFC 9700 §2.1.2: ``code`` is the only one, in that very spelling."""
    client = asked.to.client
    if asked.params.need("response_type") != "code":
        raise UnsupportedResponseType("response_type must be code")
    if "code" not in client.response_types:
        raise UnauthorizedClient("the client is not registered for code")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client is not registered for authorization_code")


def _check_unsupported(asked: _Asked) -> None:
    """OIDC Core §6.1, §6.2, §7.2.1: what the metadata says is not taken."""
    for name, refusal in _REFUSED.items():
        if name in asked.params:
            raise refusal(f"{name} is not supported")


def _check_length(asked: _Asked) -> None:
    """Anybody may make a request wait, and none of them has to be this long.

    An ID token may be; of that nothing is kept but the subject.
    """
    values = [v for name, v in asked.params.items() if name != "id_token_hint"]
    values += asked.params.every(RESOURCE)
    if sum(len(value.encode()) for value in values) > MAX_REQUEST:
        raise InvalidRequest("the request is too long")


def _check_response_mode(asked: _Asked) -> None:
    name = asked.params.get("response_mode")
    if find_mode(name, asked.to.redirect_uri) is None:
        raise InvalidRequest("response_mode is not supported for this redirect_uri")


def _check_resources(asked: _Asked) -> None:
    """RFC 8707 §2.1: ``invalid_target`` before anything is said of the scope.

    A client whose own API gets no tokens now is told so before anybody signs in.
    """
    if not asked.resources:
        check_default(asked.to.client)


def _read_scope(asked: _Asked) -> tuple[str, ...]:
    """RFC 6749 §3.3: a default scope is for programs that registered themselves.

    OIDC Core §11: ``offline_access`` is ignored for a client that is not registered
    for refresh tokens. For the others it stays, also without ``prompt=consent``: the
    person is then asked for it in so many words, or was before, or the administrator
    answers for the client (``interaction.decide``), which are the "other conditions"
    that §11 allows.
    """
    text = asked.params.get("scope")
    client, resources = asked.to.client, asked.resources
    return requested_scope(text, client, asked.supported.scopes, resources)


def _read_nonce(asked: _Asked) -> str | None:
    nonce = asked.params.get("nonce") if asked.is_openid else None
    if nonce is not None and len(nonce) > MAX_NONCE:
        raise InvalidRequest("nonce is too long")
    return nonce


def _read_challenge(asked: _Asked) -> str | None:
    """RFC 9700 §2.1.1: PKCE, or for confidential clients what protects as well."""
    params, client = asked.params, asked.to.client
    challenge = read_challenge(
        params.get("code_challenge"), params.get("code_challenge_method")
    )
    policy = client.pkce or asked.pkce
    # Whoever takes a forgotten preview host over gets codes, and must not use them.
    if client.is_public or asked.to.redirect_uri not in client.redirect_uris:
        policy = "always"
    if challenge is not None or policy == "public_only":
        return challenge
    if policy == "pkce_or_nonce" and _read_nonce(asked) is not None:
        return None
    raise InvalidRequest(
        "code_challenge is missing",
        hint=f"PKCE policy is {policy}",
        check=Check.PKCE,
        compared={"sent": "none", "policy": policy},
    )


def _read_prompt(asked: _Asked) -> frozenset[str]:
    """OIDC Core §3.1.2.1: ``none`` stands alone, and nothing else is known."""
    prompt = frozenset(asked.params.get("prompt", "").split())
    unknown = prompt.difference(asked.supported.prompts)
    if unknown:
        hint = f"sent {ascii(sorted(unknown))}"
        raise InvalidRequest("prompt has an unknown value", hint=hint)
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequest("prompt has none together with another value")
    return prompt


def _read_max_age(asked: _Asked) -> int | None:
    text = asked.params.get("max_age")
    if text is None:
        return asked.to.client.default_max_age
    if not _SECONDS.fullmatch(text):
        raise InvalidRequest("max_age must be a number of seconds")
    return int(text)


def _read_claims(asked: _Asked) -> ClaimsRequest:
    text = asked.params.get("claims") if asked.is_openid else None
    if text is None:
        return {}
    hidden = MEMBERSHIP - asked.to.client.scope  # scope and claim have the same names
    return parse_claims(text, set(asked.supported.claims) - hidden)


def _read_acr_values(asked: _Asked) -> tuple[str, ...]:
    values = asked.params.get("acr_values", "").split()
    return tuple(values[:_MAX_VALUES]) or asked.to.client.default_acr_values


def _read_id_token_hint(asked: _Asked) -> str | None:
    return asked.params.get("id_token_hint")


def _read_ui_locales(asked: _Asked) -> tuple[str, ...]:
    tags = asked.params.get("ui_locales", "").split()
    return tuple(tag for tag in tags if _LANGUAGE.fullmatch(tag))[:_MAX_VALUES]


def _read_display(asked: _Asked) -> str:
    display = asked.params.get("display", "")
    return display if display in _DISPLAYS else _DISPLAYS[0]


# The order is the order of refusals.
_CHECKS: tuple[Callable[[_Asked], None], ...] = (
    _check_length,
    _check_response_mode,
    _check_response_type,
    _check_unsupported,
    _check_resources,
)
_READERS: Mapping[str, Callable[[_Asked], Any]] = {
    "scope": lambda asked: asked.scope,
    "nonce": _read_nonce,
    "code_challenge": _read_challenge,
    "prompt": _read_prompt,
    "max_age": _read_max_age,
    "claims": _read_claims,
    "acr_values": _read_acr_values,
    "login_hint": lambda asked: read_hint(asked.params, 320, "login_hint"),
    "idp_hint": lambda asked: read_hint(asked.params, 64, "idp_hint", "kc_idp_hint"),
    "domain_hint": lambda asked: read_hint(asked.params, 253, "domain_hint"),
    "id_token_hint": _read_id_token_hint,
    "ui_locales": _read_ui_locales,
    "display": _read_display,
    "resources": lambda asked: asked.resources,
}
