"""SQL for issuers whose tokens of workloads are believed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from app.models.oauth.trusted_issuer import TrustedIssuer
from app.repositories.base import Order, Repository

_BY_NAME = Order((TrustedIssuer.name,))


class TrustedIssuerRepository(Repository[TrustedIssuer]):
    """Trusted issuers, found by name; there are few."""

    async def by_name(self, name: str, *, lock: bool = False) -> TrustedIssuer | None:
        """Return an issuer, active or not; with ``lock``, others wait in line."""
        query = select(TrustedIssuer).where(TrustedIssuer.name == name)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def list_active(self) -> Sequence[TrustedIssuer]:
        """Return every issuer that is believed now."""
        query = select(TrustedIssuer).where(TrustedIssuer.status == "active")
        return (await self.db.scalars(query)).all()

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[TrustedIssuer]:
        """Return a page of the issuers by name."""
        query = select(TrustedIssuer)
        return await self.page(query, _BY_NAME, after=after, limit=limit)

    async def count(self) -> int:
        """Return how many there are."""
        query = select(func.count()).select_from(TrustedIssuer)
        return await self.db.scalar(query) or 0

    async def delete(self, row: TrustedIssuer) -> None:
        """Delete an issuer."""
        query = delete(TrustedIssuer).where(TrustedIssuer.name == row.name)
        await self.db.execute(query)
        self.db.expunge(row)
