"""``/forward-auth``: proxies ask here whether a request may pass (ADR-0081).

Three ways to ask, one judgement. Traefik and Caddy tell of the request in header fields
and hand on what is answered. nginx takes nothing but a status, and asks a second time
where somebody has to be led. Envoy puts the request's own path behind ours.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.core.context import refused
from app.core.exceptions import AppError, NotFound
from app.core.late.route import LateRoute
from app.services.forward_auth.entrance import HostEntrance, Led
from app.services.forward_auth.errors import (
    ForeignReturn,
    ForeignSignOut,
    HostForbidden,
    HostSignInRequired,
    ProxyNotTrusted,
    UnclearRequest,
)
from app.services.forward_auth.gate import ENDPOINT, Kind, Passes, Stays
from app.services.forward_auth.original import (
    FIELDS,
    Original,
    Unclear,
    read_forwarded,
    read_told,
)
from app.services.forward_auth.told import Fields
from app.services.server.runtime import Runtime

router = APIRouter(tags=["forward-auth"], route_class=LateRoute)
PLAIN, NGINX, ENVOY = ENDPOINT, f"{ENDPOINT}/nginx", f"{ENDPOINT}/envoy"
_RAW = frozenset(name.encode() for name in FIELDS | {"host"})
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# What people meet on the way may have been opened by a page that waits for it.
_OPENER = {"Cross-Origin-Opener-Policy": "unsafe-none"}
_EMPTY = (b"content-length", b"0")
_ANSWERS: dict[int | str, dict[str, str]] = {
    200: {"description": "It may pass; `X-Auth-Request-*` say for whom"},
    302: {"description": "A browser has to go there first"},
    401: {"description": "Nobody is signed in"},
    403: {"description": "Not for this person, or not from this proxy"},
}
_OF_NGINX = {status: each for status, each in _ANSWERS.items() if status != 302}


@router.get(PLAIN, responses=_ANSWERS)
async def forward_auth(request: Request) -> Response:
    """Let a request pass, or answer it in place of the program (Traefik, Caddy)."""
    return await _answer(request, _forwarded(request))


@router.get(NGINX, responses=_OF_NGINX)
async def forward_auth_status(request: Request) -> Response:
    """Let a request pass or not: what ``auth_request`` of nginx understands."""
    runtime, original = get_runtime(request), _forwarded(request)
    verdict = await runtime.gate.judge(original)
    if isinstance(verdict, Passes):
        return _passes(verdict.fields)
    if verdict.kind is Kind.FORBIDDEN:
        raise _forbidden(original, verdict)
    raise _sign_in_required(runtime, original, verdict)


@router.api_route(
    ENVOY + "/{path:path}",
    methods=_METHODS,
    responses=_ANSWERS,
    include_in_schema=False,
)
async def forward_auth_envoy(request: Request) -> Response:
    """Do the same for Envoy, which asks with the request's own method and path."""
    fields = _fields(request)
    raw = request.scope["raw_path"].decode("latin-1").removeprefix(ENVOY)
    query = request.scope["query_string"].decode("latin-1")
    target = f"{raw}?{query}" if query else raw
    try:
        original = read_told(
            host="".join(fields.get("host", ())),
            target=target,
            method=request.method,
            fields=fields,
        )
    except Unclear as error:
        raise UnclearRequest(hint=str(error)) from None
    return await _answer(request, original)


def _forwarded(request: Request) -> Original:
    try:
        return read_forwarded(_fields(request))
    except Unclear as error:
        raise UnclearRequest(hint=str(error)) from None


def _fields(request: Request) -> dict[str, list[str]]:
    """Return what is read of a request, in one pass; only of a proxy of ours.

    Raises:
        ProxyNotTrusted: It is none.
    """
    scope = request.scope
    client = scope.get("client")
    if not request.app.state.addresses.trusts(client[0] if client else None):
        raise ProxyNotTrusted(hint=f"asked by {client[0] if client else 'a socket'}")
    fields: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        if name in _RAW:
            fields.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return fields


async def _answer(request: Request, original: Original) -> Response:
    runtime = get_runtime(request)
    verdict = await runtime.gate.judge(original)
    if isinstance(verdict, Passes):
        return _passes(verdict.fields)
    try:
        led = await _lead(runtime, original, verdict)
    except (ForeignReturn, ForeignSignOut) as error:
        refused(error.code, error.hint, error)
        led = HostEntrance(runtime, runtime.gate).page(verdict.policy)
    return _see(led, 302 if original.method in ("GET", "HEAD") else 303)


async def _lead(runtime: Runtime, original: Original, stays: Stays) -> Led:
    """Do what is due in place of the request, or refuse it.

    Raises:
        AppError: Nobody looks at the answer who could be led anywhere.
    """
    entrance, policy, row = (
        HostEntrance(runtime, runtime.gate),
        stays.policy,
        stays.row,
    )
    match stays.kind:
        case Kind.SIGN_OUT:
            return await entrance.leave(original, policy, row)
        case Kind.CALLBACK if original.method == "GET":
            return await entrance.finish(original, policy)
        case Kind.START if original.is_navigation:
            return entrance.begin_as_other(original, policy)
        case Kind.SIGN_IN if original.is_navigation:
            two = stays.by_two_factors
            return entrance.begin(original, policy, by_two_factors=two)
        case Kind.FORBIDDEN if row is not None:
            led = await entrance.refuse(row, policy)
            if original.is_navigation:
                error = _forbidden(original, stays)
                refused(error.code, error.hint, error)
                return led
    raise _refusal(runtime, original, stays)


def _refusal(runtime: Runtime, original: Original, stays: Stays) -> AppError:
    if stays.kind is Kind.SIGN_IN:
        return _sign_in_required(runtime, original, stays)
    if stays.kind is Kind.FORBIDDEN:
        return _forbidden(original, stays)
    return NotFound(hint="no path of ours at a protected host")


def _forbidden(original: Original, stays: Stays) -> HostForbidden:
    policy = stays.policy
    names = sorted({*(policy.roles or ()), *(policy.groups or ())})
    return HostForbidden(original.host, names, hint=stays.why)


def _sign_in_required(
    runtime: Runtime, original: Original, stays: Stays
) -> HostSignInRequired:
    takes_secrets = runtime.gate.takes_secrets(stays.policy)
    by_secret = takes_secrets and not original.is_browser
    realm = original.host
    return HostSignInRequired(realm, by_secret=by_secret, hint=stays.why)


def _passes(fields: Fields) -> Response:
    response = Response()
    response.raw_headers = [_EMPTY, *fields]
    return response


def _see(led: Led, status: int) -> Response:
    headers: Mapping[str, str] = _OPENER | {"Location": led.url}
    response = Response(status_code=status, headers=dict(headers))
    for cookie in led.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response
