"""What all bodies share."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from app.models.oauth.client import MAX_CLIENT_ID
from app.typed_text import MAX_EMAIL, read_email, shown_text, trimmed, typed_code

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


def in_utc(value: datetime) -> datetime:
    """Return an instant as it is stored and compared.

    Raises:
        ValueError: Its zone leads it out of the years that there are.
    """
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant in the years 1 to 9999 is required") from None


def _spelled_out(value: Any) -> Any:
    """Refuse numbers: nobody says if they count seconds or milliseconds."""
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value[1:]):
        return value
    raise ValueError("an instant as in RFC 3339 is required")


# With a zone: what has none could be meant in any.
GivenInstant = Annotated[
    AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(in_utc)
]


Email = Annotated[
    str,
    Field(max_length=2 * MAX_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(read_email),
]
# What people type to find an account: not judged, only looked up.
TypedEmail = Annotated[str, Field(max_length=2 * MAX_EMAIL), AfterValidator(trimmed)]
# The policy judges passwords by its own words; this only bounds the work before it.
Password = Annotated[
    str, Field(max_length=MAX_SECRET, json_schema_extra={"format": "password"})
]
Token = Annotated[str, Field(max_length=512)]
# At which application a mail is asked for: whether there is one is seen later.
NamedClient = Annotated[str, Field(min_length=1, max_length=MAX_CLIENT_ID)]
MailedToken = Annotated[Token, AfterValidator(trimmed)]  # people copy it
Code = Annotated[str, Field(max_length=64), AfterValidator(typed_code)]
ShownText = Annotated[str, Field(max_length=200), AfterValidator(shown_text)]


class Page(Output, Generic[Item]):
    """A page of a list; ``next_cursor`` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class FieldProblem(Output):
    """One field at fault."""

    field: str
    code: str
    message: str


class Challenge(Output):
    """Work that passes a limit; send ``proof``: the challenge, ``.`` and a number.

    SHA-256 of the proof has to begin with ``difficulty`` zero bits.
    """

    algorithm: Literal["sha256"]
    challenge: str
    difficulty: int
    expires_in: int


class Problem(Output):
    """RFC 9457 problem details, as every refusal of the API is told."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldProblem] | None = None
    challenge: Challenge | None = None


def plain(model: BaseModel) -> dict[str, Any]:
    """Return the fields that a caller really sent."""
    return model.model_dump(exclude_unset=True)
