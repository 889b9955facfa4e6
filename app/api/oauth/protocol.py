"""RFC 6749 sections 3.2, 5.1 and 5.2: how protocol requests are read and answered.

Programs ask here, with libraries that read the protocol's own form of an error. That
form is used for whatever goes wrong below ``/oauth2/``, so that no library meets a page
or a problem document where it expects ``error``.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from app.api.request_body import read_body
from app.core.context import current, refused
from app.core.exceptions import AppError
from app.oauth.errors import InvalidClient, InvalidRequest, OAuthError
from app.oauth.parameters import Parameters, parse_form
from app.services.clients.authentication import ClientCall

PREFIX = "/oauth2/"
# People come to these; whoever accepts a page gets one.
BROWSER_PATHS = frozenset({"/oauth2/authorize", "/oauth2/logout", "/oauth2/resume"})
_FORM = "application/x-www-form-urlencoded"
_NOT_KEPT = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_SECRETS = frozenset(
    "access_token client_assertion client_secret code code_verifier device_code "
    "id_token password refresh_token token".split()
)
_BY_STATUS = {
    401: "invalid_client",
    403: "access_denied",
    429: "temporarily_unavailable",
    500: "server_error",
    503: "temporarily_unavailable",
}


async def read_call(request: Request) -> ClientCall:
    """Return a request that a client makes for itself.

    Raises:
        InvalidRequest: It is no form, or a parameter or the field ``Authorization`` is
            there twice.
    """
    return ClientCall(
        endpoint=request.scope["path"],
        authorization=read_authorization(request),
        parameters=await read_form(request),
    )


def read_authorization(request: Request) -> str | None:
    """Return the field, if there is one.

    Raises:
        InvalidRequest: There are two: which of them counts, nobody could know.
    """
    fields = _fields(request, b"authorization")
    if len(fields) > 1:
        raise InvalidRequest("Authorization is there twice")
    return fields[0] if fields else None


def _fields(request: Request, wanted: bytes) -> list[str]:
    """Return the values of a field; ASGI has names in lower case."""
    found = [value for name, value in request.scope["headers"] if name == wanted]
    return [value.decode("latin-1") for value in found]


async def read_form(request: Request) -> Parameters:
    """Return the parameters of the body.

    Raises:
        InvalidRequest: It is in another form, a parameter is there twice, or stands in
            the URL as well; or the URL holds a secret.
    """
    body = await read_body(request)
    if body and not is_form(request):
        raise InvalidRequest(f"the body must be {_FORM}")
    parameters = parse_form(body)
    check_query(request, parameters)
    return parameters


def is_form(request: Request) -> bool:
    """Tell whether the body says that it is a form."""
    kinds = _fields(request, b"content-type")
    kind = kinds[0].partition(";")[0] if kinds else ""
    return kind.strip(" \t").lower() == _FORM


def check_query(request: Request, parameters: Mapping[str, str]) -> None:
    """Refuse parameters in the URL that belong, or are, in the body.

    URLs end up in logs and histories (RFC 6749 section 2.3.1, RFC 6750 section 2.3).

    Raises:
        InvalidRequest: There is one.
    """
    if not request.scope["query_string"]:
        return
    query = parse_form(request.scope["query_string"])
    if not query.keys().isdisjoint(_SECRETS):
        raise InvalidRequest("a secret stands in the URL; it should be changed")
    if not query.keys().isdisjoint(parameters):
        raise InvalidRequest("a parameter is there twice")


def protocol_json(content: Any, status: int = 200, **headers: str) -> Response:
    """Return JSON that nothing may keep (RFC 6749 section 5.1)."""
    response = Response(orjson.dumps(content), status, media_type="application/json")
    response.raw_headers += _NOT_KEPT
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def refusal(error: OAuthError, **headers: str) -> Response:
    """Return a refusal as RFC 6749 section 5.2 has it; the log learns why."""
    refused(error.error, error.hint or error.description, error)
    if isinstance(error, InvalidClient) and error.challenge is not None:
        headers["WWW_Authenticate"] = error.challenge
    body = _body(error.error, error.description)
    return protocol_json(body, error.status, **headers)


def app_refusal(error: AppError) -> Response:
    """Return any other refusal of this service in the same form."""
    name = _BY_STATUS.get(error.status, "invalid_request")
    headers = {key.replace("-", "_"): value for key, value in error.headers.items()}
    return protocol_json(_body(name, error.title), error.status, **headers)


def _body(error: str, description: str) -> dict[str, str]:
    body = {
        "error": error,
        "error_description": description,
        "correlation_id": current().correlation_id,
    }
    return {name: value for name, value in body.items() if value}
