"""What tests of workloads share: an issuer that is trusted, and requests."""

from collections.abc import Mapping
from typing import Any

from httpx2 import Response

from app.oauth.grants.jwt_bearer import JwtBearer
from app.schemas.trusted_issuer import TrustedIssuerChange
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application
from tests.support.oauth import Protocol
from tests.workloads.issuers import WorkloadIssuer

OPTIONS: dict[str, object] = {
    "oauth": {"scopes": {"orders:read": "See orders", "orders:write": "Change them"}},
    "outbound": {"allowed_hosts": ["127.0.0.1"]},
}
SCOPE = "orders:read orders:write"
ON_GITHUB = [
    {"claim": "repository", "equals": "octo-org/octo-repo"},
    {"claim": "ref", "glob": "refs/heads/*"},
]
ON_KUBERNETES = [
    {"claim": "/kubernetes.io/namespace", "equals": "ci"},
    {"claim": "sub", "glob": "system:serviceaccount:ci:*"},
]


async def deployer(protocol: Protocol, **metadata: Any) -> Application:
    """Register what workloads act as: a client that keeps no secret."""
    usual = {
        "grant_types": [JwtBearer.name],
        "redirect_uris": [],
        "token_endpoint_auth_method": "none",
        "scope": SCOPE,
    }
    return await protocol.apps(**(usual | metadata))


async def trust(
    runtime: Runtime, issuer: WorkloadIssuer, *rules: Mapping[str, Any], **members: Any
) -> None:
    """Trust an issuer under the name ``ci``."""
    body = TrustedIssuerChange(rules=list(rules), **members)
    async with runtime.unit_of_work() as uow:
        service = TrustedIssuerService(uow, runtime)
        await service.create("ci", issuer.url, body.model_dump(mode="json"))


async def ask(protocol: Protocol, assertion: str, **more: str) -> Response:
    """Ask for a token as a workload does: with its own token alone."""
    form = {"grant_type": JwtBearer.name, "assertion": assertion} | more
    return await protocol.http.post("/oauth2/token", data=form)


async def refused(protocol: Protocol, assertion: str, **more: str) -> str:
    """Return why a workload is refused, as the audit trail has it."""
    answer = await ask(protocol, assertion, **more)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_description"] == "the assertion is not valid"
    hint: str = (await protocol.events("oauth.token_refused"))[-1].data["hint"]
    return hint
