"""SQL for APIs that access tokens are asked for by name."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.models.oauth.resource import OAuthResource
from app.repositories.base import Order, Repository

_BY_IDENTIFIER = Order((OAuthResource.identifier,))


class OAuthResourceRepository(Repository[OAuthResource]):
    """Resources, found by what ``aud`` says of them."""

    async def by_id(
        self, resource_id: UUID, *, lock: bool = False
    ) -> OAuthResource | None:
        """Return a resource, active or not, or None."""
        query = select(OAuthResource).where(OAuthResource.id == resource_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def by_identifiers(
        self, identifiers: Collection[str]
    ) -> Sequence[OAuthResource]:
        """Return those of these resources that exist, active or not."""
        named = OAuthResource.identifier.in_(list(identifiers))
        return (await self.db.scalars(select(OAuthResource).where(named))).all()

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[OAuthResource]:
        """Return a page of the resources in the order of their identifiers."""
        query = select(OAuthResource)
        return await self.page(query, _BY_IDENTIFIER, after=after, limit=limit)

    async def delete(self, resource: OAuthResource) -> None:
        """Delete a resource; grants that name it give no tokens for it any more."""
        one = OAuthResource.id == resource.id
        await self.db.execute(delete(OAuthResource).where(one))
        self.db.expunge(resource)
