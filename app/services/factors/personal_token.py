"""Personal access tokens: made by their owners, listed, revoked (ADR-0086)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.exceptions import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    Unprocessable,
)
from app.events.personal_token import PersonalTokenCreated, PersonalTokenRevoked
from app.models.access.personal_token import PersonalToken
from app.models.user import User
from app.oauth.acr import TWO_FACTORS
from app.policies.permission import Actor
from app.policies.personal_token import offered
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import check_editable, existing
from app.services.factors.change import changeable, charge_change
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process
from app.services.sessions.authentication import AuthenticationService
from app.services.sessions.errors import (
    InsufficientScope,
    SecondFactorRequired,
    TokenRefused,
)
from app.utils.personal_token import CHANCE, digest_of, personal_token


class PersonalTokensOff(Forbidden):
    """The operator does not allow them (``AUTH_SERVE_PERSONAL_TOKENS__ENABLED``)."""

    code = "personal_tokens_off"
    title = "Personal access tokens are not offered here"


class TooManyPersonalTokens(Conflict):
    """The account has as many as it may."""

    code = "too_many_personal_tokens"
    title = "The account has as many tokens as it may; revoke one first"


class PersonalTokenNotFound(NotFound):
    """It is not the account's, or was revoked already."""

    code = "personal_token_not_found"
    title = "There is no such token"


@dataclass(frozen=True, slots=True)
class Made:
    """A token that was made just now.

    Attributes:
        row: What is stored.
        token: What nobody sees again.
    """

    row: PersonalToken
    token: str


class PersonalTokenService:
    """Personal access tokens of an account."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def make(
        self, actor: Actor, name: str, scopes: Sequence[str], expires_at: datetime
    ) -> Made:
        """Make a token; its owner is told by mail.

        Raises:
            AddressNotConfirmed: Anybody may have registered the account.
            FactorsFrozen: Somebody is looking into a sign-in.
            Forbidden: The owner may not do that themselves.
            InsufficientScope: An application is acting for them.
            InvalidAccessToken: The session ended meanwhile.
            PersonalTokensOff: The operator does not allow tokens.
            SecondFactorRequired: They may, with two factors.
            TooManyPersonalTokens: They have as many as they may.
            TooManyRequests: There were too many changes.
            Unprocessable: It would live too long, or not at all.
        """
        self._demand_own(actor)
        self._demand_lifetime(expires_at)
        await self._demand_scopes(actor, scopes)
        await charge_change(self._process, actor.user_id)
        strength = await self._process.statements.strength(
            actor.session_id, now=self._process.clock.now()
        )
        user = await changeable(self._uow, actor.user_id, actor.session_id)
        now = self._uow.clock.now()
        most = self._process.settings.personal_tokens.max_per_user
        if await self._uow.personal_tokens.count_live(user.id, now) >= most:
            raise TooManyPersonalTokens
        token = personal_token(self._process.randomness.bytes(CHANCE))
        row = PersonalToken(
            id=self._uow.randomness.uuid7(),
            user_id=user.id,
            name=name,
            digest=digest_of(token),
            scope=" ".join(scopes),
            amr=strength.amr if strength else [],
            created_at=now,
            expires_at=expires_at,
            last_used_at=None,
            last_used_ip=None,
        )
        self._store(row, user)
        return Made(row, token)

    def _store(self, row: PersonalToken, user: User) -> None:
        self._uow.personal_tokens.add(row)
        self._uow.record(
            PersonalTokenCreated(
                user_id=user.id,
                to=user.email,
                locale=user.locale,
                personal_token_id=row.id,
                token_name=row.name,
                scopes=tuple(row.scopes),
                until=row.expires_at,
                not_me_id=not_me_link(self._uow, self._process, user),
            )
        )

    def _demand_own(self, actor: Actor) -> None:
        if not self._process.settings.personal_tokens.enabled:
            raise PersonalTokensOff
        if actor.grant_id is not None:
            raise InsufficientScope(hint="an application makes no tokens")
        if actor.token_id is not None:
            raise TokenRefused(hint="a token makes no tokens")

    def _demand_lifetime(self, expires_at: datetime) -> None:
        now = self._process.clock.now()
        most = self._process.settings.personal_tokens.max_ttl
        if not now < expires_at <= now + timedelta(seconds=most):
            message = f"must be in the future, and at most {most} seconds away"
            raise Unprocessable([FieldError("expires_at", "out_of_range", message)])

    async def _demand_scopes(self, actor: Actor, scopes: Sequence[str]) -> None:
        rights = await AuthenticationService(self._process).rights_of(actor)
        hosts = bool(self._process.settings.personal_tokens.hosts)
        held = rights.actor.permissions
        missing = set(scopes).difference(offered(held, enters_hosts=hosts))
        if not missing:
            return
        hint = f"{min(missing)} is missing"
        if missing <= set(offered(rights.with_two_factors, enters_hosts=hosts)):
            raise SecondFactorRequired(TWO_FACTORS, hint)
        raise Forbidden(hint=hint)

    async def list_page(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[PersonalToken]:
        """Return a page of somebody's tokens, expired ones too, the latest first."""
        return await self._uow.personal_tokens.list_page(
            user_id, after=after, limit=limit
        )

    async def list_of(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[PersonalToken]:
        """Return the same for administrators.

        Raises:
            UserNotFound: There is no such account.
        """
        await existing(self._uow, user_id)
        return await self.list_page(user_id, after=after, limit=limit)

    async def revoke(self, user_id: UUID, token_id: UUID) -> None:
        """Let a token open nothing any more, from the next request on.

        Raises:
            PersonalTokenNotFound: It is not the account's.
        """
        name = await self._uow.personal_tokens.delete_one(user_id, token_id)
        if name is None:
            raise PersonalTokenNotFound
        self._uow.record(
            PersonalTokenRevoked(
                user_id=user_id, personal_token_id=token_id, token_name=name
            )
        )

    async def revoke_of(self, actor: Actor, user_id: UUID, token_id: UUID) -> None:
        """Do the same as an administrator.

        Raises:
            Forbidden: The account may do more than the actor.
            PersonalTokenNotFound: It is not the account's.
            UserNotFound: There is no such account.
        """
        await existing(self._uow, user_id)
        await check_editable(self._uow, actor, user_id)
        await self.revoke(user_id, token_id)
