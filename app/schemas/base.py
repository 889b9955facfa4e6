"""What all bodies share."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

MAX_EMAIL = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
MAX_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_SECRET = 4_096
Item = TypeVar("Item")


class Input(BaseModel):
    """A request body: an unknown field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Output(BaseModel):
    """A response body: it has the declared fields and no other.

    Each is built when it is first used; most never are, and half a megabyte is saved.
    """

    model_config = ConfigDict(from_attributes=True, extra="ignore", defer_build=True)


def _rfc3339(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]


def _email(value: str) -> str:
    """Accept what can be delivered to; RFC 5321 with SMTPUTF8, no lookup."""
    address = value.strip()
    if len(address) > MAX_EMAIL:
        raise ValueError("an email address has at most 254 characters")
    if len(address.rpartition("@")[0].encode()) > MAX_LOCAL:
        raise ValueError("the part before the @ has at most 64 octets")
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized


def _shown(value: str) -> str:
    if not value.isprintable():
        raise ValueError("only printable characters")
    return value


Email = Annotated[
    str,
    Field(max_length=2 * MAX_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(_email),
]
# What people type to find an account: not judged, only looked up.
TypedEmail = Annotated[str, Field(max_length=2 * MAX_EMAIL)]
# The policy judges passwords by its own words; this only bounds the work before it.
Password = Annotated[
    str, Field(max_length=MAX_SECRET, json_schema_extra={"format": "password"})
]
Token = Annotated[str, Field(max_length=512)]
Code = Annotated[str, Field(max_length=32)]
ShownText = Annotated[str, Field(max_length=200), AfterValidator(_shown)]


class Page(Output, Generic[Item]):
    """A page of a list; ``next_cursor`` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class FieldProblem(Output):
    """One field at fault."""

    field: str
    code: str
    message: str


class Problem(Output):
    """RFC 9457 problem details, as every refusal of the API is told."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldProblem] | None = None


def plain(model: BaseModel) -> dict[str, Any]:
    """Return the fields that a caller really sent."""
    return model.model_dump(exclude_unset=True)
