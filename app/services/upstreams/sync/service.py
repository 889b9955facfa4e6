"""Readings of directories, as administrators ask for them and look at them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.events.upstream import ConnectionSyncRequested
from app.models.upstream.connection import Connection
from app.models.upstream.sync import ConnectionSync
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.connection import SYNC_WORDS
from app.schemas.connection import ConnectionSync as Shown
from app.services.upstreams.configuration import kind_named
from app.services.upstreams.errors import (
    ConnectionNotFound,
    SyncNotFound,
    SyncNotPossible,
    SyncRunning,
)
from app.services.upstreams.sync.run import add_sync
from app.services.upstreams.sync.state import LEASE, Counts


class ConnectionSyncService:
    """What users with ``connections:read`` and ``connections:write`` may do."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def request(
        self,
        connection_id: UUID,
        via: str,
        *,
        dry_run: bool,
        accept_missing: bool,
        is_held: bool = False,
    ) -> ConnectionSync:
        """Have a directory read; a process of the service does it, within seconds.

        Args:
            connection_id: By which people come from there.
            via: ``api``, ``console`` or ``command``.
            dry_run: Only tell what would become of everybody.
            accept_missing: Withdraw whoever is missing or disabled, however many.
            is_held: The caller goes through it, and no other process.

        Raises:
            ConnectionNotFound: There is no such connection.
            SyncNotPossible: It is off, or no directory.
            SyncRunning: It is being read, or waits to be.
        """
        connection = await self._uow.connections.by_id(connection_id)
        if connection is None:
            raise ConnectionNotFound
        kind = kind_named(connection.kind)
        if not (connection.enabled and kind is not None and kind.asks_password):
            raise SyncNotPossible
        row = add_sync(
            self._uow,
            connection_id,
            via,
            dry_run=dry_run,
            accept_missing=accept_missing,
        )
        if is_held:
            row.lease_until += LEASE
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise SyncRunning from error
        self._uow.record(
            ConnectionSyncRequested(
                connection=connection.name,
                dry_run=dry_run,
                accept_missing=accept_missing,
            )
        )
        return row

    async def list_page(
        self, connection_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[ConnectionSync]:
        """Return a page of a connection's readings, the newest first.

        Raises:
            ConnectionNotFound: There is no such connection.
        """
        if await self._uow.connections.by_id(connection_id) is None:
            raise ConnectionNotFound
        syncs = self._uow.connection_syncs
        return await syncs.list_page(connection_id, after=after, limit=limit)

    async def last(self, row: Connection, limit: int) -> Sequence[ConnectionSync]:
        """Return the newest readings of a connection, the newest first."""
        syncs = self._uow.connection_syncs
        return await syncs.list_page(row.id, after=None, limit=limit)

    async def get(self, connection_id: UUID, sync_id: UUID) -> ConnectionSync:
        """Return a reading.

        Raises:
            ConnectionNotFound: There is no such connection.
            SyncNotFound: There is none.
        """
        if await self._uow.connections.by_id(connection_id) is None:
            raise ConnectionNotFound
        row = await self._uow.connection_syncs.by_id(connection_id, sync_id)
        if row is None:
            raise SyncNotFound
        return row

    @staticmethod
    def shown(row: ConnectionSync) -> Shown:
        """Return a reading as API and commands show it."""
        counts = Counts().data() | row.counts  # an older release counts less
        names = Shown.model_fields.keys() - counts.keys()
        members = {name: getattr(row, name) for name in names} | counts
        for name, (words, instead) in SYNC_WORDS.items():
            if members[name] is not None and members[name] not in words:
                members[name] = instead
        return Shown.model_validate(members)
