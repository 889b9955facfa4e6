"""What a browser posts: parsed narrowly, judged by the schemas that the API uses."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.core.exceptions import (
    BadRequest,
    FieldError,
    PayloadTooLarge,
    Unprocessable,
    UnsupportedMediaType,
    validation_problem,
)
from app.core.language import Message
from app.pages.parts.csrf import refuse_cross_site

MAX_BODY = 16 * 1_024  # bytes
MAX_LONG = 32 * 1_024  # of who signed in: 8,192 of attributes are thrice that encoded
MAX_FIELDS = 60  # as many attributes as there may be, and what goes with them
PROOF = "proof"  # name of the field that holds the solution of a challenge
_LONG = ("/account/profile", "/admin/users/", "/admin/connections/")
_FORM = "application/x-www-form-urlencoded"

Values = Mapping[str, str]
Model = TypeVar("Model", bound=BaseModel)


class UnknownAction(BadRequest):
    """A button that no page of ours has."""

    code = "unknown_action"
    title = "Open the page again, and choose one of its buttons"


class MalformedForm(BadRequest):
    """The form is not what a browser would send."""

    code = "malformed_form"
    title = "The form could not be understood; open the page again"


async def read_form(request: Request) -> Values:
    """Return the fields of a form that our own page sent; a dependency of each POST.

    Raises:
        CrossSiteRequest: Another site sent it.
        UnsupportedMediaType: Another encoding; pages have no upload.
        PayloadTooLarge: Longer than any form of ours.
        MalformedForm: A field twice, U+0000, or bytes that are not UTF-8.
    """
    refuse_cross_site(request)
    is_long = request.scope["route"].path.startswith(_LONG)
    return parse_form(await read_body(request, MAX_LONG if is_long else MAX_BODY))


async def read_body(request: Request, most: int = MAX_BODY) -> bytes:
    """Return a form as it came, whoever sent it.

    Args:
        request: What is read.
        most: Bytes.

    Raises:
        UnsupportedMediaType: Another encoding; pages have no upload.
        PayloadTooLarge: Longer than any form of ours.
    """
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().casefold() != _FORM:
        raise UnsupportedMediaType(hint="not an HTML form")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PayloadTooLarge(hint=f"more than {most} bytes")
    return body


def parse_form(body: bytes) -> Values:
    """Parse ``application/x-www-form-urlencoded`` strictly.

    Raises:
        MalformedForm: A field twice (parsers disagree about which one counts), U+0000,
            too many fields, or bytes that are not UTF-8.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise MalformedForm(hint=str(error)) from error
    values = dict(pairs)
    if len(values) != len(pairs):
        raise MalformedForm(hint="a field stands twice")
    if any("\0" in name + value for name, value in pairs):
        raise MalformedForm(hint="U+0000")
    return values


def fault(field: str, code: str, said: str) -> FieldError:
    """Return what a page itself finds wrong with a field, in words for people."""
    return FieldError(field, code, Message(said))


def refused(field: str, code: str, said: str) -> Unprocessable:
    """Return the refusal of a form for one thing that its page finds wrong."""
    return Unprocessable([fault(field, code, said)])


def validated(
    model: type[Model], values: Values, others: Sequence[FieldError] = ()
) -> Model:
    """Return the fields as a schema; an empty optional field is an absent one.

    Args:
        model: The schema.
        values: What was posted.
        others: What else is wrong with them, to be told at once.

    Raises:
        Unprocessable: The fields at fault are named, their values are not.
    """
    given = {name: value for name, value in values.items() if value}
    return judged(model, given, others)


def judged(
    model: type[Model], given: Mapping[str, Any], others: Sequence[FieldError] = ()
) -> Model:
    """Do the same with what a page made of its fields: lists, instants, numbers.

    Raises:
        Unprocessable: The members at fault are named, their values are not.
    """
    try:
        form = model.model_validate(given)
    except ValidationError as error:
        found = validation_problem(error.errors()).errors
        raise Unprocessable([*found, *others]) from None
    if others:
        raise Unprocessable(list(others))
    return form


def id_of(text: str) -> UUID:
    """Return the id that a button carries; one that nobody has where it is none."""
    try:
        return UUID(hex=text)
    except ValueError:
        return UUID(int=0)
