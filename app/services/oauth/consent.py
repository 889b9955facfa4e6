"""What people let applications have: remembered, listed, taken back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from app.core.exceptions import NotFound
from app.events.oauth.authorization import ConsentGranted, ConsentRevoked
from app.models.oauth.consent import OAuthConsent
from app.oauth.clients.client import Client
from app.oauth.clients.redirect_uri import may_send
from app.oauth.interaction import ConsentState
from app.policies.permission import Actor
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import check_editable, existing


class ConsentNotFound(NotFound):
    """The application has nothing of this person's."""

    code = "consent_not_found"
    title = "There is no such application"


class Consent(NamedTuple):
    """What a person agreed to, with the name of the application for their eyes.

    Attributes:
        resources: What is at APIs that it named, each with the scopes there.
        last_used_at: When the application last got tokens; None if nothing of that is
            kept any more.
    """

    id: UUID
    client_id: str
    client_name: str
    scope: str
    claims: tuple[str, ...]
    resources: Mapping[str, Collection[str]]
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


class OAuthConsentService:
    """Consents of people, one for each application."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_page(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> list[Consent]:
        """Return a page of what a person agreed to, the oldest first."""
        rows = await self._uow.oauth_consents.list_named(
            user_id, after=after, limit=limit
        )
        return [_told(*row) for row in rows]

    async def known(self, user_id: UUID, client_id: str) -> ConsentState:
        """Return what is remembered of a person and a client.

        It stays so until the transaction ends: whoever takes it back waits, and then
        ends what was granted on its strength.
        """
        row = await self._uow.oauth_consents.of(user_id, client_id, lock=True)
        if row is None:
            return ConsentState()
        return ConsentState(
            scope=frozenset(row.scope.split()),
            claims=frozenset(row.claims.split()),
            resources={name: frozenset(of) for name, of in _resources(row).items()},
            places=_places(row),
        )

    async def may_send(self, user_id: UUID | None, client: Client, uri: str) -> bool:
        """Tell whether a browser may be sent to a client without a click (ADR-0014).

        Args:
            user_id: Who is signed in there; None if nobody is.
            client: Whose URI it is.
            uri: Where it would be sent; it matched what is registered.
        """
        if client.is_vouched_for or user_id is None:
            return client.is_vouched_for
        row = await self._uow.oauth_consents.of(user_id, client.client_id)
        return row is not None and may_send(client, uri, _places(row))

    async def remember(
        self,
        user_id: UUID,
        client_id: str,
        scope: Iterable[str],
        claims: Iterable[str],
        place: str | None = None,
        resources: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Add to what a person agreed to; nothing that was agreed to before is lost.

        Two of their browsers may do so at once: the row is there before it is locked.

        Args:
            user_id: Who agreed.
            client_id: To what the application asked for.
            scope: The scopes of it, apart from resources.
            claims: The claims of it that no scope stands for.
            place: Where they agreed to be sent to, as ``place_of`` has it.
            resources: What of it is at APIs that it named.
        """
        now, consents = self._uow.clock.now(), self._uow.oauth_consents
        empty = {"id": self._uow.randomness.uuid7(), "scope": "", "claims": ""}
        key = {"user_id": user_id, "client_id": client_id}
        await consents.add_once(empty | key | {"created_at": now, "updated_at": now})
        row = await consents.of(user_id, client_id, lock=True)
        assert row is not None
        row.scope = " ".join(sorted({*row.scope.split(), *scope}))
        row.claims = " ".join(sorted({*row.claims.split(), *claims}))
        if place is not None:
            row.places = " ".join(sorted({*_places(row), place}))
        if resources:
            row.resources = _joined(_resources(row), resources)
        row.updated_at = now
        there = (token for of in resources.values() for token in of)
        self._uow.record(
            ConsentGranted(
                user_id=user_id,
                client_id=client_id,
                scope=tuple(sorted({*scope, *there})),
                claims=tuple(sorted(claims)),
            )
        )

    async def revoke(self, user_id: UUID, client_id: str) -> None:
        """Forget what a person agreed to, and end every grant of the application.

        Raises:
            ConsentNotFound: There is neither.
        """
        now = self._uow.clock.now()
        forgotten = await self._uow.oauth_consents.delete(user_id, client_id)
        ended = await self._uow.oauth_grants.revoke_for_consent(
            user_id, client_id, at=now, reason="consent_revoked"
        )
        if not forgotten and not ended:
            raise ConsentNotFound
        self._uow.record(
            ConsentRevoked(user_id=user_id, client_id=client_id, grants=ended)
        )

    async def revoke_for(self, actor: Actor, user_id: UUID, client_id: str) -> None:
        """Do the same in somebody's place.

        Raises:
            ConsentNotFound: There is neither.
            Forbidden: The account may do more than the actor.
            UserNotFound: There is no such account.
        """
        await existing(self._uow, user_id, lock=True)
        await check_editable(self._uow, actor, user_id)
        await self.revoke(user_id, client_id)


def _places(row: OAuthConsent) -> frozenset[str]:
    """Return where the person agreed to be sent to; of older consents nobody knows."""
    return frozenset((row.places or "").split())


def _resources(row: OAuthConsent) -> Mapping[str, Collection[str]]:
    """Return what the person agreed to at APIs that were named."""
    return row.resources or {}


def _joined(
    known: Mapping[str, Collection[str]], more: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    names = sorted({*known, *more})
    return {name: sorted({*known.get(name, ()), *more.get(name, ())}) for name in names}


def _told(
    row: OAuthConsent, client_name: str, last_used_at: datetime | None
) -> Consent:
    return Consent(
        id=row.id,
        client_id=row.client_id,
        client_name=client_name,
        scope=row.scope,
        claims=tuple(row.claims.split()),
        resources=_resources(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_used_at=last_used_at,
    )
