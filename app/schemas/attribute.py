"""Bodies of ``/api/v1/attributes``, and values of people."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from app.schemas.base import Input, Instant, Output, ShownText

MAX_TEXT = 1_000  # characters of a value, or of each text of a list
ATTRIBUTE_NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,62}$"
AttributeName = Annotated[str, Field(pattern=ATTRIBUTE_NAME)]
AttributeType = Literal["string", "number", "boolean", "date", "strings"]
OwnerAccess = Literal["none", "read", "write"]
_Pattern = Annotated[str, Field(min_length=1, max_length=200)]
_MaxLength = Annotated[int, Field(ge=1, le=MAX_TEXT, strict=True)]
_Allowed = Annotated[
    list[Annotated[ShownText, Field(min_length=1)]],
    Field(min_length=1, max_length=100),
]
# Judged by definitions, and bounded here before they are read.
AttributeValues = Annotated[dict[AttributeName, Any], Field(max_length=100)]


class Attribute(Output):
    """What an operator wants to know of people, and what it may be."""

    name: str
    type: AttributeType
    label: str
    owner_access: OwnerAccess
    required: bool
    pattern: str | None
    max_length: int | None
    allowed: list[str] | None
    created_at: Instant
    updated_at: Instant


class AttributeCreate(Input):
    """A new attribute.

    ``owner_access``: whether people see theirs (``read``) and change it (``write``).
    ``pattern``, ``max_length`` and ``allowed`` are for texts and each text of a list.
    """

    name: AttributeName
    type: AttributeType = "string"
    label: ShownText = ""
    owner_access: OwnerAccess = "none"
    required: StrictBool = False
    pattern: _Pattern | None = None
    max_length: _MaxLength | None = None
    allowed: _Allowed | None = None


class AttributeChange(Input):
    """What changes; an absent field stays. Name and type are for ever.

    Values that are stored stay; what is written from then on is judged anew.
    """

    label: ShownText = ""
    owner_access: OwnerAccess = "none"
    required: StrictBool = False
    pattern: _Pattern | None = None
    max_length: _MaxLength | None = None
    allowed: _Allowed | None = None


class HeldAttribute(Output):
    """An attribute of a person: what it is, and null where it is nothing."""

    name: str
    type: AttributeType
    label: str
    owner_access: OwnerAccess
    required: bool
    pattern: str | None
    max_length: int | None
    allowed: list[str] | None
    value: Any


class HeldAttributes(Output):
    """All attributes of a person that the reader may see, by name."""

    attributes: list[HeldAttribute]
