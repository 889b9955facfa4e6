"""Who is asking: from an access token to a live session of an active account."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.exceptions import Forbidden, Unauthenticated
from app.core.security import InvalidToken, TokenOfApplication
from app.factors.base import MULTI_FACTOR
from app.oauth.acr import TWO_FACTORS
from app.policies.permission import Actor, covers, permissions_of
from app.policies.personal_token import narrowed
from app.policies.second_factor import has_second_factor, roles_that_count
from app.services.process.process import Process
from app.services.sessions.errors import (
    InsufficientUserAuthentication,
    ReauthenticationRequired,
    SecondFactorRequired,
    TokenRefused,
    TokenScopeMissing,
)
from app.utils.personal_token import is_personal


class InvalidAccessToken(Unauthenticated):
    """Forged, expired, revoked, or of an account that may not sign in (RFC 6750)."""

    code = "invalid_access_token"
    title = "The access token is not valid; refresh it or sign in again"

    @property
    def headers(self) -> dict[str, str]:
        """RFC 6750 section 3.1."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class IssuedToApplication(InvalidAccessToken):
    """A token of the authorization server; only the owner's part may take one."""


class IssuedToScript(InvalidAccessToken):
    """A personal access token; who takes those asks ``PersonalCallerService``."""


class NoBearerToken(Unauthenticated):
    """The ``Authorization`` field holds another scheme, or a token without one."""

    @property
    def detail(self) -> str:
        """How to send it: most often the word before the token was forgotten."""
        return "Send the access token as: Authorization: Bearer ACCESS_TOKEN"


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """A caller as the database has it at this moment.

    Attributes:
        actor: What policies ask about.
        account: The columns of the account, ``session_id`` and ``roles``.
    """

    actor: Actor
    account: Any


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do in a session.

    Attributes:
        actor: Holds what counts in it as it was proven.
        with_two_factors: What all of their roles allow.
    """

    actor: Actor
    with_two_factors: frozenset[str]


class AuthenticationService:
    """Recognises callers. The database is asked every time: nothing is remembered."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def recognise(self, authorization: list[str]) -> SignedInUser:
        """Return the caller of a request.

        Args:
            authorization: The ``Authorization`` fields of the request.

        Raises:
            Unauthenticated: There is none, or more than one, or no bearer token.
            InvalidAccessToken: The token, its session or its account does not hold.
        """
        now, token = self._process.clock.now(), bearer_of(authorization)
        try:
            caller = self._process.tokens.verify(token, now)
        except TokenOfApplication as error:
            raise IssuedToApplication(hint=str(error)) from None
        except InvalidToken as error:
            kind = IssuedToScript if is_personal(token) else InvalidAccessToken
            raise kind(hint=str(error)) from None
        row = await self._process.statements.caller(
            caller.user_id, caller.session_id, now=now
        )
        if row is None:
            raise InvalidAccessToken(hint="the session or the account is not active")
        current().user_id = row.id
        actor = Actor(
            user_id=row.id,
            session_id=row.session_id,
            authenticated_at=row.authenticated_at,
            roles=tuple(sorted((row.roles or "").split())),
        )
        return SignedInUser(actor, row)

    async def authorise(self, actor: Actor, permission: str) -> Actor:
        """Return the actor with all permissions of this session, if it has this one.

        Raises:
            SecondFactorRequired: A role has it that counts only with two factors.
            TokenScopeMissing: Their personal access token was not made for it.
            Forbidden: No role of theirs has it.
        """
        if actor.token_id is not None and permission not in actor.scope:
            raise TokenScopeMissing(permission)
        rights = await self.rights_of(actor)
        if rights.actor.may(permission):
            return rights.actor
        if covers(rights.with_two_factors, (permission,)):
            raise SecondFactorRequired(TWO_FACTORS, f"{permission} wants two factors")
        raise Forbidden(hint=f"{permission} is missing")

    async def rights_of(self, actor: Actor) -> Rights:
        """Return what this session may do, and what more it could with two factors."""
        if actor.token_id is not None:
            return await self._rights_of_token(actor, actor.token_id)
        roles = await self._process.statements.roles_in(actor.session_id)
        counted = roles_that_count(roles, self._process.settings.mfa)
        held = replace(actor, permissions=permissions_of(counted))
        return Rights(held, permissions_of(roles))

    async def _rights_of_token(self, actor: Actor, token_id: UUID) -> Rights:
        """Return what a token may do: it proves what the session did that made it."""
        roles = await self._process.personal_tokens.roles_of(token_id)
        counted = roles_that_count(roles, self._process.settings.mfa)
        may = narrowed(permissions_of(counted), actor.scope)
        could = narrowed(permissions_of(roles), actor.scope)
        return Rights(replace(actor, permissions=may), could)

    async def demand_presence(self, actor: Actor) -> None:
        """Refuse what only the owner may do, unless they proved lately to be there.

        By the strongest that the account has: a session of one factor does not lower an
        account of two. It is asked of few requests, so it costs the others no query.

        Raises:
            ReauthenticationRequired: Sign in again first, with a second factor if there
                is one.
            InsufficientUserAuthentication: The same, for an application.
            InvalidAccessToken: The session ended meanwhile.
            TokenRefused: It is a personal access token that asks.
        """
        self._demand(actor, await self._strength(actor))

    async def demand_presence_of_two(self, actor: Actor) -> None:
        """Do the same for what asks for the password itself: it is one factor of two.

        An account that has but one is not asked for more than that.
        """
        strength = await self._strength(actor)
        if has_second_factor(strength):
            self._demand(actor, strength)

    async def _strength(self, actor: Actor) -> Any:
        """Return how somebody signed in, and which factors they have."""
        now, statements = self._process.clock.now(), self._process.statements
        if actor.token_id is not None:  # nobody is there who could prove it
            raise TokenRefused(hint="it wants a recent sign-in")
        if actor.grant_id is None:
            row = await statements.strength(actor.session_id, now=now)
        else:
            row = await statements.strength_of_grant(actor.grant_id)
        if row is None:
            raise InvalidAccessToken(hint="the session ended meanwhile")
        return row

    def _demand(self, actor: Actor, strength: Any) -> None:
        max_age, now = self._process.settings.session.recent_ttl, self._process.clock
        is_recent = actor.signed_in_within(timedelta(seconds=max_age), now.now())
        has_two = has_second_factor(strength)
        if is_recent and (not has_two or MULTI_FACTOR in strength.amr):
            return
        kind: type[ReauthenticationRequired | InsufficientUserAuthentication]
        kind = ReauthenticationRequired
        if actor.grant_id is not None:
            kind = InsufficientUserAuthentication
        hint = "too weak" if is_recent else "too old"
        raise kind(max_age, TWO_FACTORS if has_two else None, hint)


def bearer_of(fields: list[str]) -> str:
    """Return the one token of a request.

    Raises:
        Unauthenticated: There is none, or more than one, or another scheme.
    """
    if len(fields) != 1:
        raise Unauthenticated(hint=f"{len(fields)} Authorization fields")
    scheme, _, token = fields[0].partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise NoBearerToken(hint="no bearer token")
    return token.strip()
