"""SQL for keys that outlive a secret key, and for the secret keys that there were."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.models.keys.kept_key import KeptKey, SealingKey
from app.repositories.base import Repository, upserting


class KeptKeyRepository(Repository[KeptKey]):
    """Kept keys, and which secret keys may have sealed something."""

    async def all(self) -> Mapping[str, bytes]:
        """Return what is kept, sealed, by name."""
        rows = await self.db.execute(select(KeptKey.name, KeptKey.sealed))
        return {name: sealed for name, sealed in rows}

    async def put_once(self, kept: Mapping[str, bytes], now: datetime) -> None:
        """Store what nobody stored before; of two at once the first stays."""
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(KeptKey).on_conflict_do_nothing()
        rows = [{"name": n, "sealed": s, "created_at": now} for n, s in kept.items()]
        await self.db.execute(query, rows)

    async def sealing(self) -> Sequence[str]:
        """Return the marks of the keys that something may be sealed by, in order."""
        return [key.mark for key in await self.list_sealing()]

    async def list_sealing(self) -> Sequence[SealingKey]:
        """Return the keys that something may be sealed by, in order."""
        query = select(SealingKey).where(SealingKey.ended_at.is_(None))
        in_order = query.order_by(SealingKey.began_at, SealingKey.mark)
        return (await self.db.scalars(in_order)).all()

    async def take(self, mark: str) -> SealingKey | None:
        """Return a key, locked: whoever ends it and whoever begins with it take turns.

        Of what was read of it before nothing is believed.
        """
        query = select(SealingKey).where(SealingKey.mark == mark).with_for_update()
        fresh = query.execution_options(populate_existing=True)
        return (await self.db.scalars(fresh)).one_or_none()

    async def note_left(self, mark: str, left: int, now: datetime) -> None:
        """Note how many values may still be sealed by a key."""
        query = update(SealingKey).where(SealingKey.mark == mark)
        await self.db.execute(query.values(values_left=left, counted_at=now))

    async def begin_sealing(self, mark: str, now: datetime) -> None:
        """Note that a key seals from now on, whether or not it ended before."""
        insert = upserting(self.db.get_bind().dialect.name)
        values = {"mark": mark, "began_at": now, "ended_at": None}
        await self.db.execute(
            insert(SealingKey)
            .values(**values)
            .on_conflict_do_update(
                index_elements=[SealingKey.mark],
                set_={"ended_at": None, "values_left": None, "counted_at": None},
            )
        )

    async def end_sealing(self, mark: str, now: datetime) -> None:
        """Note that nothing is sealed by a key any more."""
        is_it = (SealingKey.mark == mark) & SealingKey.ended_at.is_(None)
        ended = {"ended_at": now, "values_left": 0, "counted_at": now}
        await self.db.execute(update(SealingKey).where(is_it).values(**ended))
