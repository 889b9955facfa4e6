"""SQL for attributes, and for what they are of people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, delete, func, select

from app.models.access.attribute import Attribute, UserAttribute
from app.models.oauth.client import OAuthClient
from app.models.oauth.resource import OAuthResource
from app.oauth.mappings.mapping import ATTRIBUTE
from app.repositories.base import Order, Repository, upserting

_BY_NAME = Order((Attribute.name,))


class AttributeRepository(Repository[Attribute]):
    """Definitions, found by name, and values of people."""

    async def by_name(self, name: str, *, lock: bool = False) -> Attribute | None:
        """Return a definition; with ``lock``, nobody else changes or uses it."""
        query = select(Attribute).where(Attribute.name == name)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def by_names(self, names: Iterable[str]) -> Sequence[Attribute]:
        """Return those of these names that there are, and keep them what they are."""
        query = select(Attribute).where(Attribute.name.in_(sorted(names)))
        query = query.order_by(Attribute.name).with_for_update(read=True)
        return (await self.db.scalars(query)).all()

    async def every(self, *, lock: bool = False) -> Sequence[Attribute]:
        """Return all definitions by name; they are few.

        Args:
            lock: Let nobody change one until the transaction ends; whoever makes one
                takes turns with others who do.
        """
        query = select(Attribute).order_by(Attribute.name)
        return (await self.db.scalars(query.with_for_update() if lock else query)).all()

    async def count(self) -> int:
        """Return how many definitions there are."""
        return int(await self.db.scalar(select(func.count(Attribute.name))) or 0)

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Attribute]:
        """Return a page of definitions by name."""
        return await self.page(select(Attribute), _BY_NAME, after=after, limit=limit)

    async def values_of(self, user_id: UUID) -> dict[str, Any]:
        """Return what attributes are of a person."""
        query = select(UserAttribute).where(UserAttribute.user_id == user_id)
        rows = await self.db.scalars(query.order_by(UserAttribute.attribute))
        return {row.attribute: row.value for row in rows}

    async def held_by(self, user_id: UUID) -> list[tuple[Attribute, Any]]:
        """Return every definition by name, with what it is of a person, or None."""
        mine = and_(
            UserAttribute.attribute == Attribute.name, UserAttribute.user_id == user_id
        )
        query = select(Attribute, UserAttribute.value).outerjoin(UserAttribute, mine)
        rows = await self.db.execute(query.order_by(Attribute.name))
        return [(definition, value) for definition, value in rows]

    async def set_values(
        self, user_id: UUID, values: Mapping[str, Any], at: datetime
    ) -> None:
        """Store values; None takes one away."""
        gone = [name for name, value in values.items() if value is None]
        mine = UserAttribute.user_id == user_id
        if gone:
            query = delete(UserAttribute).where(mine, UserAttribute.attribute.in_(gone))
            await self.db.execute(query)
        rows = [
            {"user_id": user_id, "attribute": name, "value": value, "updated_at": at}
            for name, value in values.items()
            if value is not None
        ]
        if not rows:
            return
        adding = upserting(self.db.get_bind().dialect.name)(UserAttribute).values(rows)
        new = {name: adding.excluded[name] for name in ("value", "updated_at")}
        keys = [UserAttribute.user_id, UserAttribute.attribute]
        await self.db.execute(
            adding.on_conflict_do_update(index_elements=keys, set_=new)
        )

    async def told_by(self, name: str) -> str | None:
        """Return which client or API has a mapping that tells an attribute, or None."""
        source = f"{ATTRIBUTE}{name}"
        for who, mappings in (
            (OAuthClient.client_id, OAuthClient.claim_mappings),
            (OAuthResource.identifier, OAuthResource.claims),
        ):
            text = cast(mappings, Text)
            named = text.contains(source, autoescape=True)  # narrows; read below
            rows = await self.db.execute(select(who, mappings).where(named))
            for found, documents in rows:
                if any(each.get("source") == source for each in documents or ()):
                    return str(found)
        return None

    async def delete(self, attribute: Attribute) -> None:
        """Delete a definition; what it is of people goes with it (foreign keys)."""
        query = delete(Attribute).where(Attribute.name == attribute.name)
        await self.db.execute(query)
        self.db.expunge(attribute)
