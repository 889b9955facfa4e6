"""What attributes are of people, judged by their definitions (ADR-0088)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.exceptions import FieldError, Unprocessable
from app.models.access.attribute import Attribute
from app.policies.attribute import MAX_BYTES, from_texts, judged, size_of
from app.repositories.unit_of_work import UnitOfWork

FIELD = "attributes"
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A definition, and what it is of somebody; None where it is nothing."""

    definition: Attribute
    value: Any

    @property
    def members(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        columns = self.definition.__table__.columns
        told = {each.name: getattr(self.definition, each.name) for each in columns}
        return {**told, "value": self.value}


class AttributeValues:
    """Reads and sets the attributes of accounts that the caller has locked."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def of(self, user_id: UUID) -> list[Held]:
        """Return every attribute with what it is of a person; one statement."""
        held = await self._uow.attributes.held_by(user_id)
        return [Held(definition, value) for definition, value in held]

    async def seen_by_owner(self, user_id: UUID) -> list[Held]:
        """Return those that people may see of themselves."""
        return [
            each
            for each in await self.of(user_id)
            if each.definition.owner_access in ("read", "write")
        ]

    async def read(self, texts: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return what texts mean of who knows no types: a line, a form, a product."""
        known = {each.name: each for each in await self._named(texts)}
        return {
            name: from_texts(known[name], given) if name in known else given
            for name, given in texts.items()
        }

    async def read_known(self, texts: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return the same of those that are defined, and leave the others out."""
        names = {each.name for each in await self._named(texts)}
        return await self.read({n: t for n, t in texts.items() if n in names})

    async def begin(self, user_id: UUID, values: Values) -> None:
        """Set the attributes of a new account, which has all that are required.

        Raises:
            Unprocessable: One is missing, or is not acceptable.
        """
        for row in await self._uow.attributes.every():
            if row.required and values.get(row.name) is None:
                message = f"is required; set it as {FIELD}.{row.name}"
                raise _refused(row.name, "attribute_required", message)
        if values:
            await self.set(user_id, values)

    async def set(
        self, user_id: UUID, values: Values, *, by_owner: bool = False
    ) -> tuple[str, ...]:
        """Set attributes; null empties one, an absent one stays.

        Definitions stay what they are until the transaction is over.

        Args:
            user_id: Whose; the account is locked.
            values: By name.
            by_owner: The person sets them, who may set few.

        Returns:
            Which changed, as fields of the account.

        Raises:
            Unprocessable: There is no such attribute, or the value is not acceptable.
        """
        known = {each.name: each for each in await self._named(values)}
        wanted = _all_judged(known, values, by_owner=by_owner)
        held = await self._uow.attributes.values_of(user_id)
        changed = {
            name: value
            for name, value in wanted.items()
            if held.get(name) != value or type(held.get(name)) is not type(value)
        }
        after = {n: v for n, v in {**held, **changed}.items() if v is not None}
        if size_of(after) > MAX_BYTES:
            message = f"are at most {MAX_BYTES} bytes of JSON together"
            raise Unprocessable([FieldError(FIELD, "attributes_too_large", message)])
        now = self._uow.clock.now()
        await self._uow.attributes.set_values(user_id, changed, now)
        return tuple(f"{FIELD}.{name}" for name in sorted(changed))

    async def _named(self, values: Values) -> Sequence[Attribute]:
        return await self._uow.attributes.by_names(values) if values else ()


def _settable(name: str, row: Attribute | None, *, by_owner: bool) -> Attribute:
    if row is None or (by_owner and row.owner_access == "none"):
        message = f"there is no attribute {name}"
        raise _refused(name, "unknown_attribute", message)
    if by_owner and row.owner_access != "write":
        raise _refused(name, "attribute_not_own", "an administrator sets it")
    return row


def _all_judged(
    known: Mapping[str, Attribute], values: Values, *, by_owner: bool
) -> dict[str, Any]:
    """Return values as they are stored; all that is wrong is told at once."""
    wanted, wrong = {}, []
    for name, value in values.items():
        try:
            row = _settable(name, known.get(name), by_owner=by_owner)
            wanted[name] = _judged(row, value)
        except Unprocessable as error:
            wrong += error.errors
    if wrong:
        raise Unprocessable(wrong)
    return wanted


def _judged(row: Attribute, value: Any) -> Any:
    try:
        judgement = judged(row, value)
    except ValueError as error:
        raise _refused(row.name, "invalid_attribute", str(error)) from error
    if judgement is None and row.required:
        raise _refused(row.name, "attribute_required", "is required")
    return judgement


def _refused(name: str, code: str, message: str) -> Unprocessable:
    return Unprocessable.of(f"{FIELD}.{name}", code, message)
