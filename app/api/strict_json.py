"""JSON bodies as RFC 8259 and I-JSON (RFC 7493) have them, and nothing looser.

Parsers disagree about duplicate keys, NaN, lone surrogates and U+0000, and databases
about the last; what they disagree about is refused here, before anything looks at it.
"""

import json
from collections.abc import Callable, Coroutine
from math import isfinite
from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from app.core.exceptions import (
    BadRequest,
    FieldError,
    Unprocessable,
    UnsupportedMediaType,
    validation_problem,
)
from app.core.late.route import LateRoute

MAX_DEPTH = 16
Model = TypeVar("Model", bound=BaseModel)


class MalformedJson(BadRequest):
    """The body is not JSON that every parser reads alike."""

    code = "malformed_json"
    title = "The body is not acceptable JSON"

    def __init__(self, flaw: str) -> None:
        """Refuse; the kind of flaw and its place are public, the content never is."""
        super().__init__(flaw)
        self._flaw = flaw

    @property
    def detail(self) -> str:
        """What is wrong with it, and where if the parser knows."""
        return f"{self.title}: {self._flaw}"


async def read_json(request: Request) -> Any:
    """Return the parsed body.

    Raises:
        UnsupportedMediaType: It does not say that it is JSON.
        MalformedJson: Not JSON, or JSON that parsers read differently.
    """
    body = await request.body()
    if body:
        _check_content_type(request)
    return parse(body) if body else None


async def read_model(request: Request, model: type[Model]) -> Model:
    """Return the body as a model, for routes that take the bare request.

    Raises:
        Unprocessable: The fields at fault are named, their values are not.
    """
    content = await read_json(request)
    if content is None:
        raise Unprocessable([FieldError("", "missing", "a JSON object is required")])
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise validation_problem(error.errors()) from None


def parse(body: bytes) -> Any:
    """Parse strictly.

    Raises:
        MalformedJson: It says what is wrong.
    """
    try:
        content = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedJson(_flaw(error)) from None
    _check_strings(content, 0)
    return content


def _flaw(error: Exception) -> str:
    """Name the kind of flaw and its place; what stands there may be a secret."""
    if isinstance(error, json.JSONDecodeError):
        kind = error.msg.partition(":")[0].removesuffix(" at")
        return f"{kind}, line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a long number"


def _check_content_type(request: Request) -> None:
    fields = request.headers.getlist("content-type")
    kind, _, parameters = (fields[0] if fields else "").partition(";")
    charset = parameters.strip().casefold() or "charset=utf-8"
    if len(fields) != 1 or kind.strip().casefold() != "application/json":
        raise UnsupportedMediaType
    if charset.replace('"', "") != "charset=utf-8":
        raise UnsupportedMediaType(hint="another charset")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise MalformedJson("a key twice")
    return content


def _constant(name: str) -> Any:
    raise MalformedJson(f"{name} is no JSON")


def _integer(text: str) -> int:
    """Refuse what not every writer of JSON writes again (RFC 7493 section 2.2)."""
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise MalformedJson("a long number")
    return number


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise MalformedJson("a long number")
    return number


def _check_strings(content: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedJson("nested too deeply")
    if isinstance(content, str):
        _check_string(content)
    elif isinstance(content, dict):
        for key, value in content.items():
            _check_string(key)
            _check_strings(value, depth + 1)
    elif isinstance(content, list):
        for value in content:
            _check_strings(value, depth + 1)


def _check_string(text: str) -> None:
    if "\0" in text:
        raise MalformedJson("U+0000")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise MalformedJson("a lone surrogate")


class StrictRoute(LateRoute):
    """A route whose JSON body was parsed strictly before FastAPI sees it."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the strict parser."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def strict(request: Request) -> Response:
            content = await read_json(request)
            request._json = content
            return await handler(request)

        return strict
