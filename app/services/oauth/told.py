"""What tokens tell of a person besides the protocol's claims, looked up once."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.oauth.claims import claims_for, scope_claims, told_claims
from app.oauth.clients.client import Client
from app.oauth.grants.base import Granted
from app.oauth.mappings.mapping import ClaimMapping
from app.oauth.mappings.told import (
    LEFT_OUT,
    claims_by_scope,
    is_granted,
    mapped_claims,
    sources_of,
    within,
)
from app.oauth.scopes import MEMBERSHIP
from app.services.clients.provider import Provider
from app.services.oauth.person import told_person

_log = logging.getLogger("auth_serve.oauth_token")


@dataclass(frozen=True, slots=True)
class Told:
    """Claims besides those of the protocol.

    Attributes:
        id_token: Of the ID token.
        access_token: Of the access token.
        lists: Claims that say what the person belongs to.
    """

    id_token: Mapping[str, Any] = field(default_factory=dict)
    access_token: Mapping[str, Any] = field(default_factory=dict)
    lists: Collection[str] = ()


_NOTHING = Told()


def mappings_of(granted: Granted) -> tuple[ClaimMapping, ...]:
    """Return what the APIs that an access token is for want told in it."""
    apis = granted.resources or (granted.form,)
    return tuple(mapping for api in apis for mapping in api.claims)


async def told_in_tokens(provider: Provider, granted: Granted, row: Any | None) -> Told:
    """Return what tokens of a grant tell.

    Nothing is looked up where nothing is mapped, asked for or chosen.

    Args:
        provider: The parts of the process.
        granted: What the client is given.
        row: Grant and person; None if the client speaks for itself.
    """
    client, apis = granted.client, mappings_of(granted)
    asked = granted.claims.get("id_token")
    if not (asked or client.id_token_claims or apis):
        return _NOTHING
    scope, claims = granted.scope, granted.claims
    known: Mapping[str, Any] = {}
    if row is not None:
        names = sources_of(apis) | sources_of(client.claim_mappings)
        given = scope_claims(scope)
        names |= client.id_token_claims
        names = frozenset(each for each in names if is_granted(each, scope, given))
        names |= told_claims("id_token", scope=scope, claims=claims)
        if names:
            known = await told_person(provider, row, names)
    mapped = mapped_claims(client.claim_mappings, known, scope)
    return Told(
        id_token={
            **claims_for("id_token", known, scope=scope, claims=claims),
            **claims_by_scope(client.id_token_claims, known, scope),
            **{name: mapped[name] for name in mapped.keys() & client.id_token_claims},
        },
        access_token=mapped_claims(apis, known, scope),
        lists=_lists(client, apis),
    )


def _lists(client: Client, apis: Collection[ClaimMapping]) -> frozenset[str]:
    mapped = (*client.claim_mappings, *apis)
    names = (
        each.path[0]
        for each in mapped
        if each.source in MEMBERSHIP or each.attribute is not None
    )
    return MEMBERSHIP | frozenset(names)


def bounded(
    provider: Provider, granted: Granted, claims: Mapping[str, Any], told: Told
) -> Mapping[str, Any]:
    """Return claims that fit, and say in the log what was left out of them."""
    if told is _NOTHING:
        return claims
    fitting: Mapping[str, Any] = within(
        claims, told.lists, provider.settings.oauth.token_max_bytes
    )
    if LEFT_OUT in fitting:
        known = {"client_id": granted.client.client_id, "left_out": fitting[LEFT_OUT]}
        _log.warning("a token was too large for what its person is in", extra=known)
    return fitting
