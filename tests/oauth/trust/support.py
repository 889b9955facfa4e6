"""What tests of trusted issuers share: an issuer as GitHub is one, and its tokens."""

from dataclasses import replace
from typing import Any

from app.oauth.trust.condition import Condition
from app.oauth.trust.issuer import Rule, TrustedIssuer
from tests.oauth.token_support import CLIENT_ID, ISSUER, KEYS, SECONDS, IssuersInMemory

GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:octo-org/octo-repo:environment:prod"
SIGNED = KEYS["RS256"]
RULE = Rule(
    conditions=(
        Condition(claim="repository", equals="octo-org/octo-repo"),
        Condition(claim="ref", glob="refs/heads/*"),
    ),
    client_id=CLIENT_ID,
)


def trusted(**members: Any) -> TrustedIssuer:
    """Return GitHub Actions, trusted; a test states only what it is about."""
    usual: dict[str, Any] = {
        "issuer": GITHUB,
        "jwks": {"keys": [SIGNED.jwk]},
        "rules": (RULE,),
    }
    return TrustedIssuer(**(usual | members))


def issuers(**members: Any) -> IssuersInMemory:
    """Return issuers of which one is trusted."""
    return IssuersInMemory((trusted(**members),))


def rule(**members: Any) -> Rule:
    """Return the rule with something else in it."""
    return replace(RULE, **members)


def claims(**changed: Any) -> dict[str, Any]:
    """Return what the token of a job says, as GitHub documents it."""
    usual = {
        "iss": GITHUB,
        "sub": SUBJECT,
        "aud": ISSUER,
        "jti": "example-id",
        "iat": SECONDS,
        "nbf": SECONDS - 600,
        "exp": SECONDS + 300,
        "ref": "refs/heads/main",
        "repository": "octo-org/octo-repo",
        "repository_owner": "octo-org",
        "environment": "prod",
    }
    return {k: v for k, v in (usual | changed).items() if v is not ...}
