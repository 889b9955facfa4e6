"""Refusals made on purpose, and how they leave the process (RFC 9457).

    AppError                     500 internal_error
    ├── BadRequest               400   malformed: nothing in it was understood
    ├── Unauthenticated          401   no acceptable proof of who is asking
    ├── Forbidden                403   known, and not allowed
    ├── NotFound                 404   also what may not be seen
    ├── Conflict                 409   the state of things refuses
    ├── PreconditionFailed       412   somebody else changed it first
    ├── Unprocessable            422   understood, and not acceptable
    ├── TooManyRequests          429   later, see Retry-After
    └── Unavailable              503   not now, see Retry-After

Concrete refusals stand beside the service that makes them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self

import orjson

from app.core.late import models  # noqa: F401  # before whatever imports FastAPI

# isort: split
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.core.allowed_methods import allowed_methods
from app.core.context import current, refused
from app.core.language import ENGLISH, speaking
from app.core.language.words import spoken_wait

_log = logging.getLogger("auth_serve.errors")
PROBLEM_JSON = "application/problem+json"
CLIENT_GONE = 499


class AppError(Exception):
    """A refusal made on purpose, rendered as RFC 9457; ``hint`` is for the log only."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong"
    steps: Sequence[tuple[str, str]] = ()
    """Where a person goes on, for pages: text, and the address if it has one."""

    def __init__(self, hint: str = "", *, retry_after: int | None = None) -> None:
        """Refuse.

        Args:
            hint: The true reason, for the log and never for the answer.
            retry_after: Seconds until another try may succeed.
        """
        super().__init__(hint or self.code)
        self.hint = hint
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Header fields that the answer carries."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(self.retry_after)}

    @property
    def detail(self) -> str | None:
        """What to do about it, when the title does not say so; public."""
        return None

    @property
    def members(self) -> Mapping[str, Any]:
        """Further members of the document (RFC 9457 section 3.2)."""
        return {}

    @property
    def errors(self) -> list["FieldError"]:
        """The fields at fault, for refusals of input."""
        return []


class FieldError(dict[str, Any]):
    """One field at fault: ``field`` (dotted path), ``code`` and ``message``."""

    def __init__(self, field: str, code: str, message: str) -> None:
        """Name the field, the stable code and the sentence for people."""
        super().__init__(field=field, code=code, message=message)


class BadRequest(AppError):
    """The request could not be understood."""

    status = 400
    code = "bad_request"
    title = "The request could not be understood"


class Unauthenticated(AppError):
    """The request carries no acceptable proof of who is asking."""

    status = 401
    code = "unauthenticated"
    title = "Sign in to do this"

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110 section 11.6.1: a 401 names the scheme that would help."""
        return super().headers | {"WWW-Authenticate": "Bearer"}


class Forbidden(AppError):
    """The caller is known, and may not do this."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class NotFound(AppError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not_found"
    title = "There is nothing here"


class Conflict(AppError):
    """The current state of things refuses the change."""

    status = 409
    code = "conflict"
    title = "The current state does not allow this"


class PreconditionFailed(AppError):
    """``If-Match`` names another version than the stored one (RFC 9110 13.1.1)."""

    status = 412
    code = "precondition_failed"
    title = "Somebody changed it since you read it"


class Unprocessable(AppError):
    """The request was understood and its content is not acceptable."""

    status = 422
    code = "validation_failed"
    title = "The request has fields that are not acceptable"

    def __init__(self, errors: list[FieldError], hint: str = "") -> None:
        """Refuse the named fields."""
        super().__init__(hint or "; ".join(error["code"] for error in errors))
        self._errors = errors

    @classmethod
    def of(cls, field: str, code: str, message: str) -> Self:
        """Refuse one field."""
        return cls([FieldError(field, code, message)])

    @property
    def errors(self) -> list[FieldError]:
        """The fields at fault."""
        return self._errors


class TooManyRequests(AppError):
    """A limit was reached; ``retry_after`` says when it ends.

    Some can be passed at once by work: then there is a ``challenge``.
    """

    status = 429
    code = "too_many_attempts"
    title = "Too many attempts; try again later"
    challenge: Mapping[str, Any] | None = None
    compared: Mapping[str, str] = MappingProxyType({})

    @property
    def members(self) -> Mapping[str, Any]:
        """The work that passes it, if any does."""
        return {} if self.challenge is None else {"challenge": self.challenge}

    @property
    def detail(self) -> str | None:
        """How long to wait, as ``Retry-After`` has it and people count it."""
        return spoken_wait(self.retry_after)


class Unavailable(AppError):
    """Something that the answer needs is not available now."""

    status = 503
    code = "unavailable"
    title = "The service cannot do this now; try again shortly"

    def __init__(self, hint: str = "", *, retry_after: int = 5) -> None:
        """Refuse for now; every 503 says when to come back."""
        super().__init__(hint, retry_after=retry_after)

    @property
    def detail(self) -> str | None:
        """How long to wait, as ``Retry-After`` has it and people count it."""
        return spoken_wait(self.retry_after)


class MethodNotAllowed(AppError):
    """The path exists, and not for this method."""

    status = 405
    code = "method_not_allowed"
    title = "This address does not take this method"


class RequestTimeout(AppError):
    """The client began a request and did not end it (RFC 9110 section 15.5.9)."""

    status = 408
    code = "request_timeout"
    title = "The request took too long to arrive"

    @property
    def headers(self) -> dict[str, str]:
        """The rest of the body is not waited for, so the connection is of no use."""
        return super().headers | {"Connection": "close"}


class PayloadTooLarge(AppError):
    """The body is longer than anything this service takes."""

    status = 413
    code = "payload_too_large"
    title = "The request is too large"

    @property
    def headers(self) -> dict[str, str]:
        """The rest of the body is not wanted, so the connection is of no use."""
        return super().headers | {"Connection": "close"}


class HeadTooLarge(AppError):
    """The request line and header fields are longer than any that make sense."""

    status = 431
    code = "head_too_large"
    title = "The request has header fields that are too large"


class UnsupportedMediaType(AppError):
    """The body is not in the form that the path takes."""

    status = 415
    code = "unsupported_media_type"
    title = "Send the body as application/json"


_BY_STATUS: dict[int, type[AppError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        PayloadTooLarge,
        UnsupportedMediaType,
    )
}
_NO_OBJECT = ("model_type", "model_attributes_type", "dict_type")
PageRenderer = Callable[[Request, AppError], Response]


def problem(error: AppError, issuer: str) -> Response:
    """Return a refusal as RFC 9457 has it, in English; the hint stays here."""
    with speaking(ENGLISH):
        return _problem(error, issuer)


def _problem(error: AppError, issuer: str) -> Response:
    document: dict[str, Any] = {
        "type": f"{issuer}/docs/errors#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail or error.title,
        "code": error.code,
        "correlation_id": current().correlation_id,
    }
    document.update(error.members)
    if error.errors:
        document["errors"] = error.errors
    return Response(
        orjson.dumps(document),
        status_code=error.status,
        headers=error.headers,
        media_type=PROBLEM_JSON,
    )


def validation_problem(errors: Sequence[Any]) -> Unprocessable:
    """Return pydantic's complaints without what was sent, which may be a secret."""
    return Unprocessable(
        [
            FieldError(
                ".".join(str(part) for part in error["loc"] if part != "body"),
                error["type"],
                _message(error),
            )
            for error in errors[:20]
        ]
    )


def _message(error: Any) -> str:
    is_absent = error["type"] == "missing" and tuple(error["loc"]) in ((), ("body",))
    if is_absent or error["type"] in _NO_OBJECT:
        return "a JSON object is required"  # pydantic names a class of ours
    return str(error["msg"]).removeprefix("Value error, ")


def _tell(error: AppError) -> None:
    """Give the log the true reason."""
    refused(error.code, error.hint, error)
    if error.status == Unavailable.status:
        # Shedding load is no fault, and a stack per refusal would be load itself.
        _log.warning("refused %s", current().reason)
    elif error.status >= 500:
        _log.error("refused %s", current().reason, exc_info=error.__cause__)


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody; the status is for the access line (as nginx has it)."""
    refused("client_gone")
    return Response(status_code=CLIENT_GONE)


def install_handlers(
    app: FastAPI, render: PageRenderer, outages: Sequence[type[Exception]]
) -> None:
    """Give every error that leaves the application one of its forms.

    Args:
        app: The application.
        render: Makes the answer of a refusal, for people or for programs.
        outages: What the database layer raises when there is no answer. Its other
            errors are defects: they end as 500, and another try would not help.
    """

    def refuse(request: Request, error: AppError) -> Response:
        _tell(error)
        return render(request, error)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)
        return refuse(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refuse(request, validation_problem(error.errors()))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == MethodNotAllowed.status:
            routes = request.app.routes
            headers["Allow"] = allowed_methods(request.scope["path"], routes)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        known = _BY_STATUS.get(error.status_code, BadRequest)(hint=error.detail)
        answer = refuse(request, known)
        answer.headers.update(headers)
        return answer

    async def unavailable(request: Request, error: Exception) -> Response:
        refusal = Unavailable(hint=type(error).__name__)
        _log.error("no answer from the database", exc_info=error)
        return refuse(request, refusal)

    app.add_exception_handler(AppError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, _gone)
    # The second is what a transaction says that was lost before, and used again.
    kinds: list[type[Exception]] = [PoolTimeoutError, PendingRollbackError, *outages]
    for kind in kinds:
        app.add_exception_handler(kind, unavailable)
