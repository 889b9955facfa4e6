"""RFC 7521 §4 and §5, RFC 7523 §3, RFC 8725 §3: an issuer that is believed, and when.

Fail closed: an issuer without rules, a rule without conditions, and one that everybody
who uses a shared issuer could fulfil are refused when they are made.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.jose import ALGORITHMS
from app.oauth.scopes import PERSONAL
from app.oauth.trust.condition import Condition
from app.oauth.uri import parse_uri

DISCOVERY = "/.well-known/openid-configuration"
# Anybody in the world gets tokens of these: what has to stand there for certain, so
# that one owner is meant. The pattern is of the text before the first wildcard.
_SHARED: Mapping[str, Mapping[str, str]] = {
    "https://token.actions.githubusercontent.com": {
        "sub": r"repo:[^/:]+/.*",
        "repository": r"[^/]+/.*",
        "repository_id": r"[0-9]+",
        "repository_owner": r".+",
        "repository_owner_id": r"[0-9]+",
        "enterprise_id": r"[0-9]+",
    },
    "https://gitlab.com": {
        "sub": r"project_path:[^/:]+/.*",
        "project_path": r"[^/]+/.*",
        "project_id": r"[0-9]+",
        "namespace_path": r".+",
        "namespace_id": r"[0-9]+",
    },
    "https://accounts.google.com": {"sub": r".+", "email": r".+"},
    "https://app.terraform.io": {
        "sub": r"organization:[^:]+:.*",
        "terraform_organization_id": r".+",
        "terraform_organization_name": r".+",
    },
    "https://agent.buildkite.com": {
        "sub": r"organization:[^:]+:.*",
        "organization_slug": r".+",
        "organization_id": r".+",
    },
}
# May end in a pattern, where a separator has to stand before it: otherwise the owner
# would be whoever's name or number begins so (of Google, ``sub`` is a number).
_WHOLE = frozenset({"sub", "repository", "project_path"})
_SEPARATED = (r"/.*", r":.*")


class NotTrustworthy(ValueError):
    """What an administrator says of an issuer cannot stand.

    Attributes:
        field: Dotted path of the member at fault.
        message: What has to be otherwise.
    """

    def __init__(self, field: str, message: str) -> None:
        """Name the member and what is wrong with it."""
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom tokens of an issuer speak for, if they fulfil all conditions.

    Attributes:
        client_id: The client that is given tokens, as its service account.
        user_id: Whom it acts for; None is the client itself.
        scope: What may be asked for; None is all that the client has for itself.
        resources: What its tokens may be for; None is whatever the client may ask for.
        authenticates_client: The token is as good as the client's own assertion, for
            whatever the client may do (RFC 7523 §2.2).
    """

    conditions: tuple[Condition, ...]
    client_id: str
    user_id: UUID | None = None
    scope: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    authenticates_client: bool = False

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a token fulfils all of it; of no condition nothing follows."""
        fulfilled = [condition.holds(claims) for condition in self.conditions]
        return bool(fulfilled) and all(fulfilled)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """Who signs tokens of workloads, and what this server makes of them.

    Attributes:
        issuer: ``iss``, in every character.
        audiences: What ``aud`` may be besides the names of this server.
        jwks_uri: Where its keys are; None and no ``jwks``: where its discovery says.
        jwks: Its keys, where they cannot be fetched.
        max_lifetime: Seconds from ``iat`` to ``exp`` at most.
        single_use: Each token counts once, by its ``jti``, which it then needs.
        rules: The first one that a token fulfils counts.
    """

    issuer: str
    audiences: tuple[str, ...] = ()
    jwks_uri: str | None = None
    jwks: Mapping[str, Any] | None = None
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    max_lifetime: int = 3_600
    single_use: bool = True
    rules: tuple[Rule, ...] = ()

    @property
    def keys_at(self) -> str:
        """The address that its keys are asked for at: its own, or its discovery."""
        return self.jwks_uri or self.issuer.rstrip("/") + DISCOVERY

    def rule_for(
        self, claims: Mapping[str, Any], client_id: str | None, *, authenticates: bool
    ) -> Rule | None:
        """Return the first rule that a token fulfils, or None.

        Args:
            claims: Of the token, which was verified.
            client_id: The client that is named beside it; None if none is.
            authenticates: Whether it is to prove a client.
        """
        for rule in self.rules:
            is_meant = client_id is None or rule.client_id == client_id
            if is_meant and rule.authenticates_client >= authenticates:
                if rule.holds(claims):
                    return rule
        return None


def check_issuer(trusted: TrustedIssuer, *, own: str, development: bool) -> None:
    """Refuse an issuer that could not be believed safely.

    Args:
        trusted: As the administrator says it.
        own: The issuer that this server is.
        development: Whether plain http on this machine will do.

    Raises:
        NotTrustworthy: Which member, and why.
    """
    _check_url("issuer", trusted.issuer, development)
    if trusted.issuer.rstrip("/") == own.rstrip("/"):
        raise NotTrustworthy("issuer", "is this server itself; use token exchange")
    if trusted.jwks_uri is not None:
        _check_url("jwks_uri", trusted.jwks_uri, development)
        if trusted.jwks is not None:
            raise NotTrustworthy("jwks", "must not be there together with jwks_uri")
    unknown = [name for name in trusted.algorithms if name not in ALGORITHMS]
    if unknown or not trusted.algorithms:
        raise NotTrustworthy("algorithms", f"must be some of {', '.join(ALGORITHMS)}")
    if not trusted.rules:
        raise NotTrustworthy("rules", "must say whom tokens of this issuer speak for")
    for place, rule in enumerate(trusted.rules):
        _check_rule(f"rules.{place}", rule, _SHARED.get(trusted.issuer))


def _check_url(field: str, url: str, development: bool) -> None:
    uri = parse_uri(url)
    is_local = (
        uri is not None and development and uri.scheme == "http" and uri.is_loopback
    )
    if uri is None or not (uri.scheme == "https" or is_local):
        raise NotTrustworthy(field, "must be an https URL without fragment")
    if field == "issuer" and uri.query is not None:  # OIDC Discovery §2
        raise NotTrustworthy(field, "must not have a query")


def _check_rule(field: str, rule: Rule, shared: Mapping[str, str] | None) -> None:
    where = f"{field}.conditions"
    if not rule.conditions:
        raise NotTrustworthy(where, "must not be empty: everybody would be meant")
    for place, condition in enumerate(rule.conditions):
        reason = condition.why_not()
        if reason is not None:
            raise NotTrustworthy(f"{where}.{place}", reason)
    if shared is not None and not any(_names_owner(c, shared) for c in rule.conditions):
        raise NotTrustworthy(
            where,
            "must say whose tokens are meant, since anybody has tokens of this issuer: "
            f"one of {', '.join(shared)}, with the owner in it",
        )
    personal = [token for token in rule.scope or () if token in PERSONAL]
    if personal:
        raise NotTrustworthy(f"{field}.scope", "must not be about people")
    if rule.scope == ():
        raise NotTrustworthy(f"{field}.scope", "must not be empty: nobody gets a token")
    if rule.resources == ():
        raise NotTrustworthy(
            f"{field}.resources", "must not be empty: nobody gets a token"
        )
    narrowed = (rule.user_id, rule.scope, rule.resources)
    if rule.authenticates_client and any(each is not None for each in narrowed):
        raise NotTrustworthy(
            f"{field}.authenticates_client",
            "gives all that the client may do: no user_id, scope or resources with it",
        )


def _names_owner(condition: Condition, shared: Mapping[str, str]) -> bool:
    pattern = shared.get(condition.claim)
    if pattern is None:
        return False
    if condition.glob is not None and not (
        condition.claim in _WHOLE and pattern.endswith(_SEPARATED)
    ):
        return False
    return re.fullmatch(pattern, condition.fixed, re.DOTALL) is not None
