"""Issuers of workloads' tokens as they really are, by their documentation.

GitHub Actions: "OpenID Connect reference", example claims, discovery and keys of
token.actions.githubusercontent.com. Kubernetes: "Managing Service Accounts" and
"Service Account Issuer Discovery", as of 1.33: no ``typ``, ``aud`` as a list, keys at
``/openid/v1/jwks`` with a media type of their own.
"""

import json
from collections.abc import Callable
from email.message import Message
from typing import Any
from uuid import uuid4

from joserfc.jws import JWSRegistry

from app.core import jose
from tests.oauth.token_support import KEYS
from tests.security.forgery import forge
from tests.servers.http import Answer, HttpServer

_LATER = jose.generate_key("RS256")


class WorkloadIssuer(HttpServer):
    """Publishes a key, and signs for workloads with it.

    Attributes:
        kid: Of the key that signs; :meth:`rotate` makes it another.
        said: What the discovery document says otherwise.
    """

    jwks_path = "/.well-known/jwks"
    media_type = "application/json"
    header: dict[str, Any] = {"typ": "JWT"}

    def __init__(self) -> None:
        """Listen, with one key that everybody knows."""
        super().__init__(self._answer)
        self.kid, self._key = KEYS["RS256"].kid, KEYS["RS256"].key
        self.said: dict[str, Any] = {}
        self.status = 200

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.kid, self._key = "key-later", _LATER

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [request.path for request in self.requests]

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a token."""
        algorithm = JWSRegistry.algorithms["RS256"]

        def by(message: bytes) -> bytes:
            return bytes(algorithm.sign(message, self._key))

        return self.forged(claims, by, **header)

    def forged(
        self, claims: dict[str, Any], by: Callable[[bytes], bytes], **header: Any
    ) -> str:
        """Return a token that somebody else signs."""
        head = {"alg": "RS256", "kid": self.kid, **self.header, **header}
        left = {name: value for name, value in claims.items() if value is not ...}
        return forge(head, left, by)

    @property
    def jwks(self) -> dict[str, Any]:
        """What is published of its key."""
        public = jose.public_jwk(self._key, self.kid, "RS256")
        return {"keys": [public | {"x5t": "example-thumbprint"}]}

    def _answer(self, _method: str, path: str, _h: Message, _body: bytes) -> Answer:
        if path == "/.well-known/openid-configuration":
            document = {
                "issuer": self.url,
                "jwks_uri": self.url + self.jwks_path,
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            } | self.said
            return self._told(document, "application/json")
        if path == self.jwks_path:
            return self._told(self.jwks, self.media_type)
        return 404, {}, b""

    def _told(self, document: Any, media_type: str) -> Answer:
        headers = {"Content-Type": media_type}
        return self.status, headers, json.dumps(document).encode()


class GitHubActions(WorkloadIssuer):
    """Jobs that ask for an ID token."""

    header = {"typ": "JWT", "x5t": "example-thumbprint"}

    def token(self, audience: Any, now: int, **changed: Any) -> str:
        """Return the token of a job in octo-org/octo-repo."""
        claims = {
            "jti": str(uuid4()),
            "sub": "repo:octo-org/octo-repo:environment:prod",
            "environment": "prod",
            "aud": audience,
            "ref": "refs/heads/main",
            "sha": "example-sha",
            "repository": "octo-org/octo-repo",
            "repository_owner": "octo-org",
            "actor_id": "12",
            "repository_visibility": "private",
            "repository_id": "74",
            "repository_owner_id": "65",
            "run_id": "example-run-id",
            "run_number": "10",
            "run_attempt": "2",
            "runner_environment": "github-hosted",
            "actor": "octocat",
            "workflow": "example-workflow",
            "head_ref": "",
            "base_ref": "",
            "event_name": "workflow_dispatch",
            "ref_type": "branch",
            "job_workflow_ref": (
                "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"
            ),
            "iss": self.url,
            "nbf": now - 600,
            "exp": now + 300,
            "iat": now,
        }
        return self.sign(claims | changed)


class Kubernetes(WorkloadIssuer):
    """Service accounts whose tokens a kubelet projects into pods."""

    jwks_path = "/openid/v1/jwks"
    media_type = "application/jwk-set+json"
    header: dict[str, Any] = {}

    def token(self, audience: Any, now: int, **changed: Any) -> str:
        """Return the token of the service account ``deployer`` in ``ci``."""
        claims = {
            "aud": [audience],
            "exp": now + 3_600,
            "iat": now,
            "iss": self.url,
            "jti": str(uuid4()),
            "kubernetes.io": {
                "namespace": "ci",
                "node": {"name": "node-1", "uid": "646e7c5e"},
                "pod": {"name": "deployer-7d9c", "uid": "5e0bd49b"},
                "serviceaccount": {"name": "deployer", "uid": "a5c2a6b3"},
            },
            "nbf": now,
            "sub": "system:serviceaccount:ci:deployer",
        }
        return self.sign(claims | changed)
