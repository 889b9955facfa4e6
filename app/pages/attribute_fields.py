"""Attributes of people as fields of a form, at the account and in the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.language import gettext
from app.pages.parts.form import Values
from app.policies.attribute import from_texts
from app.services.attributes.values import FIELD, AttributeValues, Held
from app.services.server.runtime import Runtime

DO = "attributes"  # what the button of the form sends as ``do``
_BOXES = "boxes"  # names of the check boxes there were: browsers send ticked ones alone
_PREFIX = f"{FIELD}."
_TYPES = {"number": "number", "date": "date", "boolean": "checkbox", "strings": "lines"}


@dataclass(frozen=True, slots=True)
class AttributeField:
    """A field of the form.

    Attributes:
        name: As refusals name it.
        type: Of the input, or ``lines``, ``checkbox`` or ``select``.
        text: What stands in it; for a check box, whether it is ticked.
        options: To choose from, as pairs of value and text.
        required: Whether it may not be emptied; who has none may leave it so.
    """

    name: str
    label: str
    type: str
    text: str
    hint: str
    required: bool
    may_write: bool
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class AttributeForm:
    """The form, as the template draws it."""

    fields: Sequence[AttributeField]

    @property
    def may_write(self) -> bool:
        """Tell whether there is anything to save."""
        return any(each.may_write for each in self.fields)

    @property
    def boxes(self) -> str:
        """Return which check boxes there are."""
        names = (
            each.name.removeprefix(_PREFIX)
            for each in self.fields
            if each.type == "checkbox" and each.may_write
        )
        return " ".join(names)

    @property
    def labels(self) -> dict[str, str]:
        """Return what people call the fields."""
        return {each.name: each.label for each in self.fields}


def attribute_form(
    held: Sequence[Held],
    typed: Values | None,
    *,
    by_owner: bool = False,
    may_write: bool = True,
) -> AttributeForm:
    """Return the form of what somebody has.

    Args:
        held: What it shows.
        typed: What was typed into it before it was refused.
        by_owner: The person looks, who may write few.
        may_write: Whether whoever looks may write any.
    """
    fields = []
    for each in held:
        own = may_write and (not by_owner or each.definition.owner_access == "write")
        sent = typed if own else None
        fields.append(_field(each, sent, own, by_owner=by_owner))
    return AttributeForm(fields)


async def told_attributes(
    runtime: Runtime, user_id: UUID, values: Values, *, by_owner: bool = False
) -> dict[str, Any]:
    """Return what a form says of somebody that is not so already.

    It is read in a transaction of its own: the one that writes judges by definitions
    that nobody changes meanwhile, and reads them then.

    What nobody touched is not judged again: a definition that became stricter, or one
    that is required since, stands in nobody's way to another field. What its owner may
    not see is compared with nothing: the answer would tell a right guess.
    """
    async with runtime.unit_of_work(read_only=True) as uow:
        attributes = AttributeValues(uow)
        seen = attributes.seen_by_owner if by_owner else attributes.of
        held = await seen(user_id)
    known = {each.definition.name: each for each in held}
    said: dict[str, Any] = {}
    for name, text in values.items():
        if name.startswith(_PREFIX):
            said[name.removeprefix(_PREFIX)] = text
    for name in values.get(_BOXES, "").split():
        said[name] = f"{_PREFIX}{name}" in values
    return {
        name: value
        for name, text in said.items()
        if (value := _meant(known.get(name), text)) != _stored(known, name)
    }


def _meant(held: Held | None, said: Any) -> Any:
    if isinstance(said, bool):
        return said or None if held is None or held.value is None else said
    texts = said.splitlines()
    value = texts if held is None else from_texts(held.definition, texts)
    return None if value in ("", []) else value


def _stored(held: Mapping[str, Held], name: str) -> Any:
    return held[name].value if name in held else None


def _field(
    held: Held, typed: Values | None, may_write: bool, *, by_owner: bool
) -> AttributeField:
    definition, name = held.definition, f"{_PREFIX}{held.definition.name}"
    text = _text(held.value)
    if typed is not None:
        text = typed.get(name, "")
    choices = definition.allowed if definition.type == "string" else None
    hint = _hint(held) if may_write else ""
    if by_owner and not may_write:
        hint = gettext("An administrator sets this.")
    return AttributeField(
        name=name,
        label=definition.label or definition.name,
        type="select" if choices else _TYPES.get(definition.type, "text"),
        text=text,
        hint=hint,
        required=definition.required and held.value is not None,
        may_write=may_write,
        options=_options(choices, text) if choices else (),
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _hint(held: Held) -> str:
    definition = held.definition
    if definition.type != "strings":
        return ""
    if definition.allowed is None:
        return gettext("One on each line.")
    values = {"values": ", ".join(definition.allowed)}
    return gettext("One on each line, of these: %(values)s") % values


def _options(allowed: Sequence[str], chosen: str) -> list[tuple[str, str]]:
    """Return what to choose from; what is stored and no longer allowed is among it."""
    more = [] if chosen in allowed or not chosen else [chosen]
    return [("", "–"), *((each, each) for each in (*allowed, *more))]
