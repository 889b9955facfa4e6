"""RFC 6749 §4 and §5: what a grant is, and what comes of one that holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from app.oauth.clients.client import Client
from app.oauth.clients.exchange import Exchanged
from app.oauth.clients.resource import Resource
from app.oauth.parameters import Parameters
from app.oauth.ports import (
    Assertions,
    Authentication,
    Codes,
    DeviceCodes,
    PresentedTokens,
    RefreshTokens,
)
from app.oauth.resources.request import Resources, assigned_scope, scope_for
from app.oauth.scopes import ACCOUNT, OPENID, PERSONAL

_PLAIN = Resource(identifier="")


@dataclass(frozen=True, kw_only=True)  # no slots: something is worked out once
class Granted:
    """What tokens are made of.

    Attributes:
        scope: Of this answer; may be less than the grant has.
        resources: What the access token is for; none is the client's default.
        authentication: Who signed in; None if the client speaks for itself.
        nonce: For the ID token; none when refreshed (OIDC Core §12.2).
        claims: The ``claims`` parameter of the authorization request.
        grant_id: What all tokens of one authorization belong to and end with.
        refresh_counter: Of the refresh token that is due; None if none is. A grant
            begins at 0.
        exchanged: What it has of another token; None if it came of none.
        is_narrowed: Whether the grant has more scope than this answer.
    """

    client: Client
    scope: tuple[str, ...]
    resources: tuple[Resource, ...] = ()
    authentication: Authentication | None = None
    nonce: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    grant_id: UUID | None = None
    refresh_counter: int | None = None
    exchanged: Exchanged | None = None
    is_narrowed: bool = False

    @property
    def person_scope(self) -> tuple[str, ...] | None:
        """What may be told of the person by this token; None is what the grant has.

        The scope of a token for a resource says nothing of it: its API knows none of
        these.
        """
        if not self.is_narrowed:
            return None
        return tuple(token for token in self.scope if token in PERSONAL)

    @cached_property
    def access_scope(self) -> tuple[str, ...]:
        """Scope of the access token: of what it is for, if it is for something."""
        if not self.resources:
            return self.scope
        alone = self.authentication is None
        return scope_for(self.scope, self.resources, self.client, alone=alone)

    @property
    def form(self) -> Resource:
        """What says how the access token looks; several resources agree about it."""
        if self.resources:
            return self.resources[0]
        if ACCOUNT in self.scope:  # for the API of this server, and no other
            return _PLAIN
        return self.client.resource or _PLAIN

    def access_ttl(self, usual: int) -> int:
        """Return how many seconds the access token lives: as the strictest wants it.

        Args:
            usual: Where a resource does not say.
        """
        lives = [one.access_token_ttl for one in self.resources or (self.form,)]
        strictest = min(usual if life is None else life for life in lives)
        if self.exchanged is None:
            return strictest
        return min(strictest, self.exchanged.lives)

    @property
    def has_id_token(self) -> bool:
        """Whether an ID token is due (OIDC Core §3.1.2.1: ``openid`` asks for it)."""
        return self.authentication is not None and OPENID in self.scope

    @property
    def has_refresh_token(self) -> bool:
        """Whether a refresh token is due."""
        return self.refresh_counter is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What grants are redeemed from."""

    codes: Codes
    refresh_tokens: RefreshTokens
    device_codes: DeviceCodes
    resources: Resources
    assertions: Assertions
    presented_tokens: PresentedTokens


class Grant(Protocol):
    """A grant type; one file each, listed in ``__init__.py``."""

    @property
    def name(self) -> str:
        """Its ``grant_type``."""
        ...

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the client is given.

        The client is authenticated, and registered for this grant. A store that was
        asked has changed something: after ``InvalidGrant`` the caller keeps that.

        Raises:
            OAuthError: Nothing, as RFC 6749 §5.2 says it.
        """
        ...


def still_assigned(
    scope: tuple[str, ...], client: Client, resources: tuple[Resource, ...] = ()
) -> tuple[str, ...]:
    """Return what of a granted scope the client may have now.

    A scope that was taken from the client or from a resource since is in no new token.

    Args:
        scope: What was granted.
        client: Whom to.
        resources: Those of the grant that are left.
    """
    mine = client.scope
    if resources:
        mine = mine | assigned_scope(resources, client)
    return tuple(token for token in scope if token in mine)
