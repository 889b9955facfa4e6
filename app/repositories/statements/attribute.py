"""What attributes are of somebody: read only where an application is told of one."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from app.database import Database
from app.models.access.attribute import UserAttribute

_VALUES = select(UserAttribute.attribute, UserAttribute.value).where(
    UserAttribute.user_id == bindparam("user_id", type_=UserAttribute.user_id.type)
)


class AttributeStatements:
    """One round trip."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database

    async def of(self, user_id: UUID) -> dict[str, Any]:
        """Return every attribute that is anything of somebody at this moment."""
        rows = await self._database.fetch_all(_VALUES, {"user_id": user_id})
        return {row.attribute: row.value for row in rows}
