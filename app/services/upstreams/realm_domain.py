"""Domains whose people a connection leads: added, verified, removed (ADR-0103)."""

import hmac
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, NotFound
from app.core.outbound.txt import txt_records
from app.events.upstream import (
    ConnectionDomainAdded,
    ConnectionDomainRemoved,
    ConnectionDomainVerified,
)
from app.models.upstream.connection import Connection
from app.models.upstream.realm_domain import BY_DNS, BY_WORD, RealmDomain
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.connection import RealmDomain as Shown
from app.services.process.process import Process
from app.services.upstreams.errors import ConnectionNotFound

MOST = 1_000  # each process holds those that are verified


class RealmDomainNotFound(NotFound):
    """The connection has no such domain."""

    code = "realm_domain_not_found"
    title = "The connection has no such domain"


class RealmDomainTaken(Conflict):
    """One connection leads the people of a domain, or none."""

    code = "realm_domain_taken"
    title = "This domain is one of a connection already"


class RealmDomainNotProven(Conflict):
    """Its record is not there, or says something else."""

    code = "realm_domain_not_proven"
    title = "The TXT record of this domain was not found; new ones may take an hour"


class TooManyRealmDomains(Conflict):
    """Each process holds all of them."""

    code = "too_many_realm_domains"
    title = "No more domains can be added"


class RealmDomainService:
    """What users with ``connections:read`` and ``connections:write`` may do."""

    def __init__(
        self, uow: UnitOfWork, process: Process, forget: Callable[[], None]
    ) -> None:
        """Work in this transaction; ``forget`` empties what this process remembers."""
        self._uow = uow
        self._process = process
        self._forget = forget

    async def list_page(
        self, connection_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[RealmDomain]:
        """Return a page of a connection's domains by name.

        Raises:
            ConnectionNotFound: There is no such connection.
        """
        await self._connection(connection_id)
        found = self._uow.realm_domains
        return await found.list_page(connection_id, after=after, limit=limit)

    async def named(self, connection_id: UUID, domain: str) -> RealmDomain:
        """Return a domain of a connection.

        Raises:
            RealmDomainNotFound: It has none of this name.
        """
        row = await self._uow.realm_domains.by_domain(connection_id, domain)
        if row is None:
            raise RealmDomainNotFound
        return row

    async def add(
        self, connection_id: UUID, domain: str, *, verified: bool
    ) -> RealmDomain:
        """Add a domain; nobody is led by it before it is verified.

        Args:
            connection_id: Which leads.
            domain: As ``wire_domain`` has it.
            verified: Whether the caller's word is enough.

        Raises:
            ConnectionNotFound: There is no such connection.
            RealmDomainTaken: A connection has it.
            TooManyRealmDomains: There are as many as a process holds.
        """
        connection = await self._connection(connection_id)
        if await self._uow.realm_domains.count() >= MOST:
            raise TooManyRealmDomains
        row = self._uow.realm_domains.add(
            RealmDomain(
                id=self._uow.randomness.uuid7(),
                connection_id=connection_id,
                domain=domain,
                token=self._uow.randomness.token(),
                created_at=self._uow.clock.now(),
            )
        )
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise RealmDomainTaken from error
        added = ConnectionDomainAdded(connection=connection.name, domain=domain)
        self._uow.record(added)
        if verified:
            self._verify(row, connection, BY_WORD)
        return row

    async def verify(
        self, connection_id: UUID, domain_id: UUID, *, by: str
    ) -> RealmDomain:
        """Have a domain verified: by its record in DNS, or by the caller's word.

        No connection to the database is held while DNS is asked.

        Raises:
            ConnectionNotFound: There is no such connection.
            OutboundFailed: DNS could not be asked.
            RealmDomainNotFound: The connection has no such domain.
            RealmDomainNotProven: The record is not there.
        """
        row = await self._found(connection_id, domain_id)
        if by == BY_DNS:
            domain, token = row.domain, row.token
            await self._uow.db.rollback()
            if not await is_proven(self._process, domain, token):
                raise RealmDomainNotProven
            row = await self._found(connection_id, domain_id)
        self._verify(row, await self._connection(connection_id), by)
        await self._uow.db.flush()
        return row

    def _verify(self, row: RealmDomain, connection: Connection, by: str) -> None:
        now = self._uow.clock.now()
        row.verified_at, row.verified_by = row.verified_at or now, by
        row.checked_at = now if by == BY_DNS else None
        row.missing_since = None
        name, domain = connection.name, row.domain
        self._uow.record(
            ConnectionDomainVerified(connection=name, domain=domain, how=by)
        )
        self._uow.after_commit(self._forget)

    async def remove(self, connection_id: UUID, domain_id: UUID) -> None:
        """Remove a domain: its people sign in with passwords of here from now on.

        Raises:
            ConnectionNotFound: There is no such connection.
            RealmDomainNotFound: The connection has no such domain.
        """
        row = await self._found(connection_id, domain_id)
        name = (await self._connection(connection_id)).name
        await self._uow.realm_domains.delete(row)
        self._uow.record(ConnectionDomainRemoved(connection=name, domain=row.domain))
        self._uow.after_commit(self._forget)

    async def _connection(self, connection_id: UUID) -> Connection:
        row = await self._uow.connections.by_id(connection_id)
        if row is None:
            raise ConnectionNotFound
        return row

    async def _found(self, connection_id: UUID, domain_id: UUID) -> RealmDomain:
        await self._connection(connection_id)
        row = await self._uow.realm_domains.by_id(connection_id, domain_id)
        if row is None:
            raise RealmDomainNotFound
        return row

    @staticmethod
    def shown(row: RealmDomain) -> Shown:
        """Return a domain as API and commands show it."""
        own = {name: getattr(row, name, None) for name in Shown.model_fields}
        own |= {
            "record_name": record_name(row.domain),
            "record_value": record_value(row.token),
        }
        return Shown.model_validate(own)


def record_name(domain: str) -> str:
    """Return where the record of a domain is."""
    return f"_auth-serve.{domain}"


def record_value(token: str) -> str:
    """Return what it says."""
    return f"auth-serve-verification={token}"


async def is_proven(process: Process, domain: str, token: str) -> bool:
    """Tell whether the record of a domain is there, among others or alone.

    Raises:
        OutboundFailed: DNS could not be asked.
    """
    servers = process.settings.outbound.dns_servers
    wanted = record_value(token).encode()
    found = await txt_records(record_name(domain), servers)
    return any(hmac.compare_digest(each.strip(), wanted) for each in found)
