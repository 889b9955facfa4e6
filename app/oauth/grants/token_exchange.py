"""RFC 8693: an access token for another, for whoever was sent the first.

Narrower than the standard, which leaves policy to the server:

- Only own access tokens about people are exchanged. An ID token says who signed in, and
  lets nobody do anything; tokens of trusted issuers have a grant of their own
  (RFC 7523), and a client needs no token of another to speak for itself.
- The caller authenticates, and the token is one for its API, or its own: what somebody
  was sent for another API is not theirs to use (RFC 9700 §2.3, confused deputy).
- The new token ends no later, and with the same grant; it has no scope that the first
  one has not, and none about people.
- The caller is named in ``act``, unless its policy lets it impersonate. Whoever acted
  before stays named.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core import jose
from app.oauth.clients.client import Client
from app.oauth.clients.exchange import Exchanged, ExchangePolicy
from app.oauth.clients.resource import Resource
from app.oauth.errors import (
    Check,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    UnauthorizedClient,
)
from app.oauth.grants.base import Granted, Stores
from app.oauth.parameters import RESOURCE, Parameters
from app.oauth.ports import PresentedToken
from app.oauth.resources.grant import ask_resources
from app.oauth.resources.request import scope_for, scope_of
from app.oauth.scopes import PERSONAL, parse_scope
from app.oauth.subject import subject_of_client

_TYPES = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN = f"{_TYPES}access_token"
# What we issue is a JWT too, and may be asked for as one (§3).
_REQUESTED = (None, ACCESS_TOKEN, f"{_TYPES}jwt")
MAX_ACTORS = 5  # nested: each hop makes the token longer
_NOT_TAKEN = "the subject_token is not acceptable"


class TokenExchange:
    """``urn:ietf:params:oauth:grant-type:token-exchange``."""

    name = "urn:ietf:params:oauth:grant-type:token-exchange"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the client gets for a token that it was sent.

        Raises:
            UnauthorizedClient: It cannot prove who it is, or may exchange nothing.
            InvalidRequest: A parameter is missing or malformed, or a token does not
                hold or is not for this client to exchange (§2.2.2).
            InvalidTarget: No resource is named, or one that is not to be had.
            InvalidScope: More than the token has, or nothing is left.
        """
        policy = _policy(client)
        _check_types(parameters)
        subject = await _find(parameters, "subject_token", stores)
        _check_subject(subject, client, policy)
        named = await _names_actor(parameters, client, stores)
        act = _act(subject.claims, client, is_named=named or not policy.impersonation)
        resources = await _resources(parameters, client, stores)
        scope = _scope(parameters.get("scope"), subject, client, resources)
        return Granted(
            client=client,
            scope=scope,
            resources=resources,
            authentication=subject.authentication,
            grant_id=subject.grant_id,
            exchanged=Exchanged(
                act, subject.lives, subject.client_id, subject.claims["jti"]
            ),
            is_narrowed=True,  # of what speaks of a person, whoever acts
        )


def _policy(client: Client) -> ExchangePolicy:
    if client.is_public:  # its name is no proof, and tokens travel
        raise UnauthorizedClient("the client has to authenticate for this grant")
    if client.exchange is None:
        raise UnauthorizedClient("the client may not exchange tokens")
    return client.exchange


def _check_types(parameters: Parameters) -> None:
    """RFC 8693 §2.1: types are URIs; both of a pair are there, or neither."""
    if parameters.need("subject_token_type") != ACCESS_TOKEN:
        raise InvalidRequest("subject_token_type is not accepted; send an access token")
    if parameters.get("requested_token_type") not in _REQUESTED:
        raise InvalidRequest("requested_token_type is not issued here")
    kind = parameters.get("actor_token_type")
    if ("actor_token" in parameters) != (kind is not None):
        raise InvalidRequest("actor_token and actor_token_type go together")
    if kind not in (None, ACCESS_TOKEN):
        raise InvalidRequest("actor_token_type is not accepted; send an access token")


async def _find(parameters: Parameters, name: str, stores: Stores) -> PresentedToken:
    found = await stores.presented_tokens.find(parameters.need(name))
    if found is None:
        hint = f"{name} is unknown, expired or revoked, or its grant is over"
        raise InvalidRequest(
            f"the {name} is not acceptable", hint=hint, check=Check(name)
        )
    return found


def _check_subject(
    subject: PresentedToken, client: Client, policy: ExchangePolicy
) -> None:
    reason = None
    is_own = subject.client_id == client.client_id
    if subject.authentication is None and subject.grant_id is None:
        reason = "it is about nobody"
    elif subject.client_id not in policy.clients:
        reason = f"issued to {subject.client_id}, whose tokens are not exchanged"
    elif not is_own and not _is_for(subject.claims, client):
        reason = "it is for another API than the client's"
    elif not _lets_act(subject.claims.get("may_act"), client):
        reason = "may_act names somebody else"
    if reason is not None:
        raise InvalidRequest(_NOT_TAKEN, hint=reason, check=Check.SUBJECT_TOKEN)


def _is_for(claims: Mapping[str, Any], client: Client) -> bool:
    name = client.audience
    return name is not None and jose.has_audience(claims, (name,))


def _lets_act(may_act: Any, client: Client) -> bool:
    """Tell whether a token that says who may act means this client (§4.4)."""
    if may_act is None:
        return True
    mine = {
        "sub": subject_of_client(client.client_id),
        "client_id": client.client_id,
    }
    if not isinstance(may_act, Mapping) or not may_act:
        return False
    return all(name in mine and may_act[name] == mine[name] for name in may_act)


async def _names_actor(parameters: Parameters, client: Client, stores: Stores) -> bool:
    """Tell whether an ``actor_token`` came; it is the caller's, about the caller."""
    if "actor_token" not in parameters:
        return False
    actor = await _find(parameters, "actor_token", stores)
    if actor.client_id != client.client_id or actor.grant_id is not None:
        hint = f"issued to {actor.client_id}, or about a person"
        raise InvalidRequest(
            "the actor_token is not acceptable", hint=hint, check=Check.ACTOR_TOKEN
        )
    return True


def _act(
    claims: Mapping[str, Any], client: Client, *, is_named: bool
) -> Mapping[str, Any] | None:
    """Return who acts (§4.1): the last one outside, who acted before inside."""
    before: Mapping[str, Any] | None = claims.get("act")
    me = subject_of_client(client.client_id)
    if not is_named or (before is not None and before.get("sub") == me):
        return before
    if _depth(before) >= MAX_ACTORS:
        hint = f"more than {MAX_ACTORS} act already"
        raise InvalidRequest(_NOT_TAKEN, hint=hint, check=Check.SUBJECT_TOKEN)
    return {"sub": me} if before is None else {"sub": me, "act": before}


def _depth(act: Mapping[str, Any] | None) -> int:
    return 0 if act is None else 1 + _depth(act.get("act"))


async def _resources(
    parameters: Parameters, client: Client, stores: Stores
) -> tuple[Resource, ...]:
    """Return what the token is for; ``audience`` is another word for it (§2.1)."""
    audience = parameters.get("audience")
    names = parameters.every(RESOURCE) + (() if audience is None else (audience,))
    if not names:
        raise InvalidTarget("name the resource that the token is for")
    asked = Parameters(parameters, {RESOURCE: names})
    return await ask_resources(asked, client, stores.resources)


def _scope(
    text: str | None,
    subject: PresentedToken,
    client: Client,
    resources: tuple[Resource, ...],
) -> tuple[str, ...]:
    """Return what of the first token's scope is left at the resources (§2.2.1)."""
    held = tuple(token for token in subject.scope if token not in PERSONAL)
    left = scope_for(held, resources, client, alone=True)
    wanted = left if text is None else parse_scope(text)
    foreign = [token for token in wanted if token not in left]
    if foreign:
        hint = f"not to be had for it: {' '.join(foreign)}"
        raise InvalidScope("more than the subject_token has here", hint=hint[:1_000])
    if not wanted and scope_of(resources):
        raise InvalidScope("nothing of the subject_token's scope is left here")
    return wanted


def seconds_left(claims: Mapping[str, Any], now: datetime) -> int:
    """Return how many whole seconds a token of ours still lives."""
    left: int = claims["exp"] - int(now.timestamp())
    return left
