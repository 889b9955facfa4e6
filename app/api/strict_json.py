"""JSON bodies of requests, parsed strictly before anything looks at them."""

from collections.abc import Callable, Coroutine
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
from app.utils import strict_json
from app.utils.strict_json import NotStrict

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
        return strict_json.parse(body)
    except NotStrict as error:
        raise MalformedJson(str(error)) from None


def _check_content_type(request: Request) -> None:
    fields = request.headers.getlist("content-type")
    kind, _, parameters = (fields[0] if fields else "").partition(";")
    charset = parameters.strip().casefold() or "charset=utf-8"
    if len(fields) != 1 or kind.strip().casefold() != "application/json":
        raise UnsupportedMediaType
    if charset.replace('"', "") != "charset=utf-8":
        raise UnsupportedMediaType(hint="another charset")


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
