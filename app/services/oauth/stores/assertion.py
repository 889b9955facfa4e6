"""Tokens of workloads, redeemed for ours: the engine's port on the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.jose import InvalidToken
from app.core.rate_limit import subject_key
from app.events.oauth.trusted_issuer import WorkloadActed
from app.models.oauth.grant import OAuthGrant
from app.oauth.errors import Check, InvalidGrant
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.parameters import Parameters
from app.oauth.ports import Begun, SpokenFor
from app.oauth.trust.assertion import Spoken, believe
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.authentication import TOKEN, AssertionIds, ClientCall
from app.services.clients.provider import Provider

_PROOFS = ("client_secret", "client_assertion", "client_assertion_type")


@dataclass(frozen=True, slots=True)
class ActedFor:
    """Whom a workload acts for; the rest of a row is about signing in."""

    id: UUID
    user_id: UUID


class AssertionStore:
    """Tokens of one request; satisfies ``oauth.ports.Assertions``.

    Attributes:
        row: Grant and person of the token that was redeemed, if it speaks for one.
        reason: Why none was, for the audit trail.
    """

    def __init__(self, provider: Provider) -> None:
        """Redeem outside of any transaction."""
        self._provider = provider
        self._spoken: Spoken | None = None
        self.row: Any | None = None
        self.reason = ""

    async def speaker(self, parameters: Parameters) -> str:
        """Return the client that a token speaks for which comes without another proof.

        Raises:
            InvalidRequest: There is no assertion.
            InvalidGrant: It is not believed, or speaks for another client than named.
        """
        named = parameters.get("client_id")
        spoken = await self._believe(parameters.need("assertion"), named)
        if spoken is None:
            raise InvalidGrant(
                "the assertion is not valid", hint=self.reason, check=Check.ASSERTION
            )
        return spoken.rule.client_id

    async def believe(self, assertion: str, client_id: str) -> SpokenFor | None:
        """Return for whom a token speaks; None if it does not for this client."""
        spoken = self._spoken or await self._believe(assertion, client_id)
        if spoken is None:
            return None
        rule = spoken.rule
        return SpokenFor(
            client_id=rule.client_id, scope=rule.scope, resources=rule.resources
        )

    async def use(
        self, scope: tuple[str, ...], lives: Callable[[int], int]
    ) -> Begun | None:
        """Use that token up; None if it was used before, or nobody is there.

        Raises:
            TooManyRequests: Its subject acts for people too often; it is not used up.
        """
        spoken = self._spoken
        assert spoken is not None  # it was believed
        if spoken.rule.user_id is not None:
            await self._count(spoken)
        try:
            await spoken.use(AssertionIds(self._provider))
        except InvalidToken as error:
            self.reason = str(error)
            return None
        if spoken.rule.user_id is None:
            return Begun()
        ttl = lives(self._provider.settings.token.access_ttl)
        return await self._begin(spoken, spoken.rule.user_id, scope, ttl)

    async def _believe(self, assertion: str, client_id: str | None) -> Spoken | None:
        try:
            self._spoken = await _spoken(self._provider, assertion, client_id)
        except InvalidToken as error:
            self.reason = f"assertion refused: {error}"
        return self._spoken

    async def _count(self, spoken: Spoken) -> None:
        """Bound the grants and entries of the audit trail that one subject makes.

        A token without ``jti`` may come as often as anybody likes.
        """
        limit = self._provider.limits.workload_subject
        key = subject_key("workload", f"{spoken.issuer} {spoken.subject}")
        await self._provider.limiter.take((limit, key))

    async def _begin(
        self, spoken: Spoken, user_id: UUID, scope: tuple[str, ...], ttl: int
    ) -> Begun | None:
        """Begin a grant that lives as long as the token that is due, or its account."""
        async with self._provider.unit_of_work() as uow:
            user = await uow.users.by_id(user_id)
            if user is None or user.status != "active":
                self.reason = "the account of the rule is disabled or gone"
                return None
            row = _grant(uow, spoken, user_id, scope, timedelta(seconds=ttl))
            uow.record(
                WorkloadActed(
                    user_id=user_id,
                    client_id=row.client_id,
                    grant_id=row.id,
                    issuer=spoken.issuer,
                    subject=spoken.subject,
                )
            )
            self.row = ActedFor(row.id, user_id)
        return Begun(grant_id=self.row.id)


def _grant(
    uow: UnitOfWork,
    spoken: Spoken,
    user_id: UUID,
    scope: tuple[str, ...],
    ttl: timedelta,
) -> OAuthGrant:
    now = uow.clock.now()
    row = OAuthGrant(
        id=uow.randomness.uuid7(),
        client_id=spoken.rule.client_id,
        user_id=user_id,
        session_id=uow.randomness.uuid7(),  # of no sign-in: nobody was there
        is_offline=True,
        scope=" ".join(scope),
        claims={},
        acr="",
        amr="",
        authenticated_at=now,
        counter=0,
        created_at=now,
        redeemed_at=now,
        refreshed_at=now,
        expires_at=now + ttl,
        absolute_expires_at=now + ttl,
        revoked_at=None,
        revoked_reason=None,
    )
    return uow.oauth_grants.add(row)


def speaks_for_itself(call: ClientCall) -> bool:
    """Tell whether its assertion alone says who asks (RFC 7521 §4.1)."""
    parameters = call.parameters
    is_bearer = parameters.get("grant_type") == JwtBearer.name
    has_proof = call.authorization is not None or any(
        name in parameters for name in _PROOFS
    )
    return is_bearer and not has_proof


async def preview(
    provider: Provider, assertion: str, client_id: str | None, authenticates: bool
) -> dict[str, Any]:
    """Return what a token would be good for now, for whoever sets an issuer up.

    Raises:
        InvalidToken: For nothing; the text says why.
    """
    spoken = await _spoken(provider, assertion, client_id, authenticates)
    rule = spoken.rule
    return {
        "issuer": spoken.issuer,
        "subject": spoken.subject,
        "client_id": rule.client_id,
        "user_id": rule.user_id,
        "scope": None if rule.scope is None else " ".join(rule.scope),
        "expires_at": spoken.expires_at,
    }


async def _spoken(
    provider: Provider,
    assertion: str,
    client_id: str | None,
    authenticates: bool = False,
) -> Spoken:
    issuer = provider.settings.public_url
    return await believe(
        assertion,
        provider.trusted_issuers,
        audiences={issuer, issuer + TOKEN},
        now=provider.clock.now(),
        client_id=client_id,
        authenticates=authenticates,
    )
