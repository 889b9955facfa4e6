"""Tokens as an attacker makes them: any header, any claims, any signature."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from httpx2 import Response
from joserfc.jws import JWSRegistry

from app.core.jose import generate_key
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person

Signer = Callable[[bytes], bytes]


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token, unverified."""
    header, claims, _ = token.split(".")
    return _decode(header), _decode(claims)


def _decode(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def forge(header: Mapping[str, Any], claims: Any, sign: Signer) -> str:
    """Return a compact JWS that no library would agree to make."""
    head, body = (encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{head}.{body}.{encode(sign(f'{head}.{body}'.encode()))}"


def unsigned(_message: bytes) -> bytes:
    """Sign nothing."""
    return b""


def with_secret(secret: bytes) -> Signer:
    """Sign with HMAC-SHA-256."""
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


def with_our_key(runtime: Runtime) -> Signer:
    """Sign as the service does: for tokens that are wrong in their claims only."""
    key = runtime.ring.signing("ES256", runtime.clock.now()).key
    return lambda message: JWSRegistry.algorithms["ES256"].sign(message, key)


def with_own_key() -> tuple[Signer, dict[str, Any]]:
    """Return a signer of the attacker's own, and its public JWK."""
    key = generate_key("ES256")
    jwk = dict(key.as_dict(private=False))
    return lambda message: JWSRegistry.algorithms["ES256"].sign(message, key), jwk


async def present(api: Api, token: str) -> Response:
    """Show a token where every signed-in caller may go."""
    headers = {"Authorization": f"Bearer {token}"}
    return await api.client.get("/api/v1/users/me", headers=headers)


async def assert_refused(api: Api, tokens: Mapping[str, str]) -> None:
    """Demand a 401 for each token; the name says which one got through."""
    for name, token in tokens.items():
        answer = await present(api, token)
        code = answer.json().get("code")
        assert (answer.status_code, code) == (401, "invalid_access_token"), name


def genuine(person: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of somebody's real access token."""
    return parts(person.tokens["access_token"])
