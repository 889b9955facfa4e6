"""SQL for hosts whose proxy asks here who is there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app.models.oauth.client import OAuthClient
from app.models.oauth.protected_host import ProtectedHost
from app.repositories.base import Order, Repository

_BY_HOST = Order((ProtectedHost.host,))


class ProtectedHostRepository(Repository[ProtectedHost]):
    """Hosts, found by name. Who deletes the client of one deletes it too."""

    async def by_host(self, host: str, *, lock: bool = False) -> ProtectedHost | None:
        """Return a host, or None.

        Args:
            host: Its name, as it is stored.
            lock: Let nobody else change it until the transaction ends.
        """
        query = select(ProtectedHost).where(ProtectedHost.host == host)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def served(self, host: str) -> ProtectedHost | None:
        """Return a host whose client is active, or None."""
        query = select(ProtectedHost).where(ProtectedHost.host == host)
        query = query.join(
            OAuthClient, OAuthClient.client_id == ProtectedHost.client_id
        )
        return await self.one_or_none(query.where(OAuthClient.status == "active"))

    async def by_client(self, client_id: str) -> ProtectedHost | None:
        """Return the host that people sign in to by this client, or None."""
        query = select(ProtectedHost).where(ProtectedHost.client_id == client_id)
        return await self.one_or_none(query)

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[ProtectedHost]:
        """Return a page of the hosts by name."""
        return await self.page(
            select(ProtectedHost), _BY_HOST, after=after, limit=limit
        )

    async def names_group(self, name: str) -> bool:
        """Tell whether a host lets people in by a group of this name, in any case."""
        named = await self._named(ProtectedHost.groups)
        return any(each.lower() == name.lower() for each in named)

    async def names_role(self, name: str) -> bool:
        """Tell whether a host lets people in by a role of this name."""
        return name in await self._named(ProtectedHost.roles)

    async def _named(self, column: InstrumentedAttribute[list[str] | None]) -> set[str]:
        rows = await self.db.scalars(select(column).where(column.is_not(None)))
        return {each for row in rows for each in row or ()}
