"""Definitions of attributes, as administrators manage them (ADR-0088)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core.exceptions import Conflict, FieldError, NotFound, Unprocessable
from app.events.attribute import AttributeCreated, AttributeDeleted, AttributeUpdated
from app.models.access.attribute import Attribute
from app.oauth.clients.resource import Resource
from app.oauth.mappings.mapping import attributes_in
from app.policies.attribute import MAX_ATTRIBUTES, check_definition, is_looser
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.precondition import demand_version


class AttributeNotFound(NotFound):
    """There is no attribute of this name."""

    code = "attribute_not_found"
    title = "There is no such attribute"


class AttributeExists(Conflict):
    """The name is in use."""

    code = "attribute_exists"
    title = "An attribute of this name exists"


class TooManyAttributes(Conflict):
    """There are as many as one account is told of at once."""

    code = "too_many_attributes"
    title = "There are as many attributes as this service keeps; delete one first"


class AttributeInUse(Conflict):
    """A client or an API is told it; the text says which."""

    code = "attribute_in_use"
    title = "A claim mapping tells this attribute; change the mapping first"

    def __init__(self, told_by: str) -> None:
        """Name whoever is told it."""
        super().__init__(hint=told_by)
        self._told_by = told_by

    @property
    def detail(self) -> str:
        """Which mapping stands in the way."""
        return f"A claim mapping of {self._told_by} tells it; change that first."


class AttributeService:
    """What users with ``attributes:read`` and ``attributes:write`` may do."""

    def __init__(self, uow: UnitOfWork, declared: Iterable[Resource] = ()) -> None:
        """Work in this transaction.

        Args:
            uow: The caller's.
            declared: APIs of the settings, which are in no table.
        """
        self._uow = uow
        self._declared = declared

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Attribute]:
        """Return a page of definitions by name."""
        return await self._uow.attributes.list_page(after=after, limit=limit)

    async def get(self, name: str, *, lock: bool = False) -> Attribute:
        """Return a definition.

        Raises:
            AttributeNotFound: There is none.
        """
        row = await self._uow.attributes.by_name(name, lock=lock)
        if row is None:
            raise AttributeNotFound
        return row

    async def create(self, members: Mapping[str, Any]) -> Attribute:
        """Define an attribute.

        Raises:
            AttributeExists: The name is in use.
            TooManyAttributes: There are ``MAX_ATTRIBUTES``.
            Unprocessable: No value could be judged by it.
        """
        await self._uow.attributes.every(lock=True)  # one after the other, near the end
        if await self._uow.attributes.count() >= MAX_ATTRIBUTES:
            raise TooManyAttributes
        now = self._uow.clock.now()
        row = Attribute(**members, version=1, created_at=now, updated_at=now)
        _check(row)
        self._uow.attributes.add(row)
        try:
            await self._uow.db.flush()
        except IntegrityError as error:
            raise AttributeExists from error
        self._uow.record(
            AttributeCreated(
                attribute=row.name, type=row.type, owner_access=row.owner_access
            )
        )
        return row

    async def update(
        self,
        name: str,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> Attribute:
        """Change a definition; what is stored of people stays.

        Raises:
            AttributeInUse: People would write themselves what a mapping tells, or
                more than they could when it was made.
            AttributeNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
            Unprocessable: No value could be judged by it.
        """
        row = await self.get(name, lock=True)
        demand_version(row.version, versions)
        changed = [each for each in change if getattr(row, each) != change[each]]
        says_more = "owner_access" in changed or is_looser(row, change)
        for each in changed:
            setattr(row, each, change[each])
        _check(row)
        if says_more and row.owner_access == "write":
            # Who mapped it took it for an administrator's word, or for one of those
            # that people could choose from by then.
            await self._demand_untold(name)
        if changed:
            row.version += 1
            row.updated_at = self._uow.clock.now()
            fields = tuple(sorted(changed))
            self._uow.record(AttributeUpdated(attribute=name, fields=fields))
        return row

    async def delete(self, name: str, versions: Collection[str] | None) -> None:
        """Delete a definition and what it is of people.

        Raises:
            AttributeInUse: A mapping tells it.
            AttributeNotFound: There is none.
            PreconditionFailed: Somebody changed it since.
        """
        row = await self.get(name, lock=True)
        demand_version(row.version, versions)
        await self._demand_untold(name)
        await self._uow.attributes.delete(row)
        self._uow.record(AttributeDeleted(attribute=name))

    async def _demand_untold(self, name: str) -> None:
        told_by = await self._told_by(name)
        if told_by is not None:
            raise AttributeInUse(told_by)

    async def _told_by(self, name: str) -> str | None:
        for api in self._declared:
            if name in attributes_in(api.claims):
                return api.identifier
        return await self._uow.attributes.told_by(name)


def _check(row: Attribute) -> None:
    try:
        check_definition(row)
    except ValueError as error:
        field, message = error.args
        refusal = FieldError(field, "invalid_attribute_definition", message)
        raise Unprocessable([refusal]) from error
