"""``/.well-known``: what other programs look for (RFC 8615)."""

import hashlib
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.core.exceptions import NotFound
from app.core.late.route import LateRoute
from app.oauth.metadata import provider_metadata
from app.oauth.resources.metadata import resource_metadata
from app.oauth.scopes import ACCOUNT, OFFLINE_ACCESS, PERSONAL
from app.oauth.supported import Supported
from app.oauth.tokens import own_api
from app.services.server.signing_key import SigningKeyService
from app.utils.base_path import base_path

router = APIRouter(prefix="/.well-known", tags=["well-known"], route_class=LateRoute)
_CACHE = "public, max-age=300"


@router.get("/jwks.json", responses={304: {"description": "Unchanged"}})
async def jwks(request: Request) -> Response:
    """Return the keys that verify tokens (RFC 7517); built once, cached by readers."""
    runtime = get_runtime(request)
    await SigningKeyService(runtime).look()
    ring = runtime.ring
    return _published(request, ring.jwks, ring.etag)


@router.get("/openid-configuration", responses={304: {"description": "Unchanged"}})
async def openid_configuration(request: Request) -> Response:
    """Return what this server offers (OIDC Discovery section 4)."""
    return _metadata(request)


@router.get(
    "/oauth-authorization-server", responses={304: {"description": "Unchanged"}}
)
async def oauth_authorization_server(request: Request) -> Response:
    """Return the same to clients that do not know OpenID Connect (RFC 8414)."""
    return _metadata(request)


@router.get("/openid-configuration/{base:path}", include_in_schema=False)
@router.get("/oauth-authorization-server/{base:path}", include_in_schema=False)
async def metadata_of_path(base: str, request: Request) -> Response:
    """Return the same where an issuer with a path is looked for (RFC 8414 section 3).

    The path stands after the well-known one; section 5 has both names.
    """
    if f"/{base}" != base_path(get_runtime(request).settings.public_url):
        raise NotFound(hint="no issuer with this path")
    return _metadata(request)


@router.get(
    "/oauth-protected-resource/api/v1", responses={304: {"description": "Unchanged"}}
)
async def own_api_metadata(request: Request) -> Response:
    """Say whom to ask for tokens for `/api/v1`, and how (RFC 9728)."""
    settings = get_runtime(request).settings
    return _resource(request, own_api(settings.public_url), (ACCOUNT,))


@router.get("/oauth-protected-resource", responses={304: {"description": "Unchanged"}})
async def userinfo_metadata(request: Request) -> Response:
    """Say the same of who people are: the userinfo endpoint goes by the issuer."""
    runtime = get_runtime(request)
    about = PERSONAL - {ACCOUNT, OFFLINE_ACCESS}
    scopes = tuple(each for each in runtime.supported.scopes if each in about)
    return _resource(request, runtime.settings.public_url, scopes)


@router.get("/oauth-protected-resource/{base:path}", include_in_schema=False)
async def resource_of_path(base: str, request: Request) -> Response:
    """Return either where an issuer has a path (RFC 9728 section 3.1)."""
    path = base_path(get_runtime(request).settings.public_url)
    if path and f"/{base}" == path:
        return await userinfo_metadata(request)
    if path and f"/{base}" == own_api(path):
        return await own_api_metadata(request)
    raise NotFound(hint="no resource with this path")


def _resource(request: Request, resource: str, scopes: tuple[str, ...]) -> Response:
    settings = get_runtime(request).settings
    issuer = settings.public_url
    docs = f"{issuer}/docs" if settings.serves_docs else None
    body, tag = _described(resource, issuer, scopes, settings.service_name, docs)
    return _published(request, body, tag)


@lru_cache(maxsize=4)
def _described(
    resource: str, issuer: str, scopes: tuple[str, ...], name: str, docs: str | None
) -> tuple[bytes, str]:
    """Return the document of one of our APIs and its entity tag, built once."""
    return _tagged(
        resource_metadata(
            resource, issuer=issuer, scopes=scopes, name=name, documentation=docs
        )
    )


def _tagged(members: dict[str, Any]) -> tuple[bytes, str]:
    body = orjson.dumps(members)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _metadata(request: Request) -> Response:
    runtime = get_runtime(request)
    body, tag = _document(
        runtime.settings.public_url,
        runtime.supported,
        runtime.settings.client_registration != "off",
        runtime.settings.oauth.revoked_tokens != "off",
    )
    return _published(request, body, tag)


@lru_cache(maxsize=4)
def _document(
    issuer: str, supported: Supported, registration: bool, revoked_tokens: bool
) -> tuple[bytes, str]:
    """Return the document and its entity tag, built once."""
    return _tagged(
        provider_metadata(
            issuer,
            supported=supported,
            registration=registration,
            revoked_tokens=revoked_tokens,
        )
    )


def _published(request: Request, body: bytes, tag: str) -> Response:
    headers = {"Cache-Control": _CACHE, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


@router.get("/change-password", status_code=303, response_class=Response)
async def change_password(request: Request) -> Response:
    """Lead password managers to the page (W3C well-known change-password URL).

    Whoever cannot sign in there finds the way to another password.
    """
    issuer = get_runtime(request).settings.public_url
    return Response(status_code=303, headers={"Location": f"{issuer}/account/password"})


@router.get("/security.txt", response_class=Response)
async def security_txt(request: Request) -> Response:
    """Say whom to tell about a weakness (RFC 9116)."""
    runtime = get_runtime(request)
    end = (runtime.clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = f"Contact: mailto:{runtime.settings.smtp.sender}\nExpires: {end}\n"
    return Response(lines, media_type="text/plain")


@router.get("/webauthn")
async def webauthn(request: Request) -> Response:
    """Say whose pages may ask for our passkeys (WebAuthn Level 3 section 5.11)."""
    origins = get_runtime(request).settings.passkey_origins
    return _listed({"origins": origins})


@router.get("/passkey-endpoints")
async def passkey_endpoints(request: Request) -> Response:
    """Lead password managers to the page (W3C, passkey endpoints well-known URL)."""
    page = f"{get_runtime(request).settings.public_url}/account/passkeys"
    return _listed({"enroll": page, "manage": page})


def _listed(members: dict[str, Any]) -> Response:
    headers = {"Cache-Control": _CACHE}
    return Response(orjson.dumps(members), 200, headers, "application/json")
