"""APIs that tokens are asked for by name, as administrators manage them (ADR-0075)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, NotFound, Unprocessable
from app.events.oauth.resource import (
    OAuthResourceCreated,
    OAuthResourceDeleted,
    OAuthResourceUpdated,
)
from app.models.oauth.resource import OAuthResource
from app.oauth.client_kind import signs_in
from app.oauth.clients.resource import Resource
from app.oauth.uri import parse_uri
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.provider import Provider
from app.services.clients.resource_directory import spellings
from app.services.clients.told_claims import check_mappings
from app.services.process.precondition import demand_version
from app.setting_types import origin_of

CHOICES = (
    "name",
    "scopes",
    "access",
    "access_token_ttl",
    "algorithm",
    "typ",
    "audience_form",
    "scope_form",
    "claims",
    "status",
)


class ResourceNotFound(NotFound):
    """There is no resource of this id."""

    code = "resource_not_found"
    title = "There is no such API"


class ResourceExists(Conflict):
    """The identifier is in use, or reads like one that is."""

    code = "resource_exists"
    title = "An API of this identifier exists"


class ResourceDeclared(Conflict):
    """The settings declare it: what is changed here would be gone at the next start."""

    code = "resource_declared"
    title = "AUTH_SERVE_RESOURCES declares this API; change it there"


class ResourceInUse(Conflict):
    """Tokens of a client would go to an API that nobody knows any more."""

    code = "resource_in_use"
    title = "A client has this API as its audience; change that first"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResource:
    """A resource, wherever it is declared; members are those of the row.

    Attributes:
        version: Of the row; 0 of what the settings declare.
    """

    id: UUID
    identifier: str
    name: str
    scopes: Mapping[str, str]
    access: str
    access_token_ttl: int | None
    algorithm: str | None
    typ: str
    audience_form: str
    scope_form: str
    claims: Sequence[Mapping[str, Any]]
    status: str
    source: str
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class OAuthResourceService:
    """What users with ``resources:read`` and ``resources:write`` may do."""

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._provider = provider

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[KnownResource]:
        """Return a page of the resources in the order of their identifiers.

        What the settings declare hides a row of the same identifier, as it does for
        requests.
        """
        rows = await self._uow.oauth_resources.list_page(after=after, limit=limit)
        stored = {row.identifier: _stored(row) for row in rows}
        behind = after[0] if after else ""
        declared = {
            each.identifier: _declared(each)
            for each in self._provider.resources.declared
            if each.identifier > behind
        }
        known = stored | declared
        return [known[name] for name in sorted(known)][:limit]

    async def get(self, resource_id: UUID) -> KnownResource:
        """Return a resource, active or not.

        Raises:
            ResourceNotFound: There is none.
        """
        for each in self._provider.resources.declared:
            if declared_id(each.identifier) == resource_id:
                return _declared(each)
        return _stored(await self._row(resource_id))

    async def by_identifier(self, identifier: str) -> KnownResource:
        """Return the resource of exactly this identifier.

        Raises:
            ResourceNotFound: There is none.
        """
        for each in self._provider.resources.declared:
            if each.identifier == identifier:
                return _declared(each)
        rows = await self._uow.oauth_resources.by_identifiers([identifier])
        if not rows:
            raise ResourceNotFound
        return _stored(rows[0])

    async def create(
        self, identifier: str, choices: Mapping[str, Any]
    ) -> KnownResource:
        """Register a resource.

        Args:
            identifier: What ``aud`` says of it.
            choices: Of ``CHOICES``; what is not there is as usual.

        Raises:
            ResourceExists: The identifier is in use.
            Unprocessable: Identifier or choices are not acceptable.
        """
        from app.schemas.resource import ResourceChange  # here: seldom needed

        await self._check_identifier(identifier)
        self._check_algorithm(choices)
        await check_mappings(self._uow, "claims", choices.get("claims"))
        now = self._uow.clock.now()
        row = OAuthResource(
            id=self._uow.randomness.uuid7(),
            identifier=identifier,
            version=1,
            created_at=now,
            updated_at=now,
            **(ResourceChange().model_dump() | dict(choices)),
        )
        self._uow.oauth_resources.add(row)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise ResourceExists from error
        self._forget(identifier)
        self._uow.record(OAuthResourceCreated(resource=identifier, access=row.access))
        return _stored(row)

    async def update(
        self,
        resource_id: UUID,
        choices: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> KnownResource:
        """Change a resource: what is withdrawn is in no new token.

        Raises:
            PreconditionFailed: Somebody changed it since.
            ResourceDeclared: The settings declare it.
            ResourceNotFound: There is none.
            Unprocessable: It would not be acceptable.
        """
        row = await self._changeable(resource_id, versions)
        changed = [n for n, value in choices.items() if getattr(row, n) != value]
        self._check_algorithm({name: choices[name] for name in changed})
        await check_mappings(self._uow, "claims", choices.get("claims"))
        for name in changed:
            setattr(row, name, choices[name])
        if changed:
            row.version += 1
            row.updated_at = self._uow.clock.now()
            self._forget(row.identifier)
            fields = tuple(sorted(changed))
            told = OAuthResourceUpdated(resource=row.identifier, fields=fields)
            self._uow.record(told)
        return _stored(row)

    async def delete(self, resource_id: UUID, versions: Collection[str] | None) -> None:
        """Delete a resource: no grant gives a token for it any more.

        Raises:
            PreconditionFailed: Somebody changed it since.
            ResourceDeclared: The settings declare it.
            ResourceInUse: A client has it as its ``audience``.
            ResourceNotFound: There is none.
        """
        row = await self._changeable(resource_id, versions)
        if await self._uow.oauth_clients.is_audience(*spellings(row.identifier)):
            raise ResourceInUse
        await self._uow.oauth_resources.delete(row)
        self._forget(row.identifier)
        self._uow.record(OAuthResourceDeleted(resource=row.identifier))

    async def _row(self, resource_id: UUID, *, lock: bool = False) -> OAuthResource:
        row = await self._uow.oauth_resources.by_id(resource_id, lock=lock)
        if row is None:
            raise ResourceNotFound
        return row

    async def _changeable(
        self, resource_id: UUID, versions: Collection[str] | None
    ) -> OAuthResource:
        names = (each.identifier for each in self._provider.resources.declared)
        if resource_id in map(declared_id, names):
            raise ResourceDeclared
        row = await self._row(resource_id, lock=True)
        demand_version(row.version, versions)
        return row

    def _forget(self, identifier: str) -> None:
        """Have this process read it anew once the transaction is committed."""
        provider = self._provider

        def forget() -> None:
            provider.resources.forget(identifier)
            provider.clients.forget_audience(identifier)

        self._uow.after_commit(forget)

    async def _check_identifier(self, identifier: str) -> None:
        """Keep apart what ``aud`` has to tell apart (RFC 9068 section 5).

        Raises:
            ResourceExists: It is in use, or written like one that is.
            Unprocessable: It is this server's, or a client's that signs people in,
                whose ID tokens have it in ``aud`` too.
        """
        if is_below(identifier, self._provider.settings.public_url):
            message = "must not be of this server itself"
            raise Unprocessable.of("identifier", "invalid_identifier", message)
        if await self._provider_knows(identifier):
            raise ResourceExists
        client = await self._uow.oauth_clients.by_client_id(identifier)
        if client is not None and signs_in(client.document["grant_types"]):
            message = "is the identifier of a client that signs people in"
            raise Unprocessable.of("identifier", "identifier_is_client_id", message)
        if await is_protected_host(self._uow, identifier):
            message = "is a protected host, whose visits have it in aud too"
            raise Unprocessable.of("identifier", "identifier_is_host", message)

    async def _provider_knows(self, identifier: str) -> bool:
        names = spellings(identifier)
        if any(each.identifier in names for each in self._provider.resources.declared):
            return True
        return bool(await self._uow.oauth_resources.by_identifiers(names))

    def _check_algorithm(self, choices: Mapping[str, Any]) -> None:
        algorithm, offered = choices.get("algorithm"), self._provider.resources
        if algorithm is not None and algorithm not in offered.algorithms:
            message = "is not one that AUTH_SERVE_OAUTH__ID_TOKEN_ALGORITHMS names"
            raise Unprocessable.of("algorithm", "algorithm_not_offered", message)


async def check_assigned(
    uow: UnitOfWork,
    provider: Provider,
    resources: Mapping[str, Collection[str] | None] | None,
) -> None:
    """Refuse what cannot be assigned to a client: it would never get it.

    Args:
        uow: The transaction.
        provider: What the settings declare.
        resources: Identifiers, each with scopes or None for all.

    Raises:
        Unprocessable: There is no such API, or it has no such scope.
    """
    service = OAuthResourceService(uow, provider)
    for identifier, scopes in (resources or {}).items():
        try:
            known = await service.by_identifier(identifier)
        except ResourceNotFound:
            message = f"has {identifier}, which is no resource here"
            raise Unprocessable.of("resources", "unknown_resource", message) from None
        unknown = sorted(set(scopes or ()) - set(known.scopes))
        if unknown:
            message = f"has a scope that {identifier} does not have: {unknown[0]}"
            raise Unprocessable.of("resources", "unknown_scope", message)


def declared_id(identifier: str) -> UUID:
    """Return the id of what the settings declare: always the same."""
    return uuid5(NAMESPACE_URL, identifier)


def is_below(name: str, issuer: str) -> bool:
    """Tell whether a name is this server's, or of something at it."""
    theirs, ours = name.casefold().rstrip("/"), issuer.casefold().rstrip("/")
    return theirs == ours or theirs.startswith(f"{ours}/")


def _stored(row: OAuthResource) -> KnownResource:
    more = ("id", "identifier", "version", "created_at", "updated_at")
    members = {name: getattr(row, name) for name in (*more, *CHOICES)}
    return KnownResource(**members, source="database")


def _declared(resource: Resource) -> KnownResource:
    own = (name for name in CHOICES if name not in ("status", "claims"))
    return KnownResource(
        id=declared_id(resource.identifier),
        identifier=resource.identifier,
        status="active",
        source="settings",
        claims=(),
        **{name: getattr(resource, name) for name in own},
    )


async def is_protected_host(uow: UnitOfWork, name: str) -> bool:
    """Tell whether a name is the origin of a host that a proxy asks about.

    What its program is told is signed by the same keys, for that origin (ADR-0081).
    """
    uri = parse_uri(name.casefold())
    if uri is None or uri.path not in ("", "/") or uri.query is not None:
        return False
    host = origin_of(name.casefold()).partition("://")[2]
    return await uow.protected_hosts.by_host(host) is not None
