"""What the console's forms about a trusted issuer ask, and what they make of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.models.oauth.trusted_issuer import TrustedIssuer
from app.pages.console.programs.lines import (
    json_of,
    lines_of,
    number_of,
    unread,
)
from app.pages.parts.form import Values
from app.pages.parts.form_page import by_field
from app.schemas.trusted_issuer import Condition

NEW_RULE = "new"  # in place of the number of a rule
_LABELS = {
    "name": N_("Name"),
    "issuer": N_("Issuer"),
    "repository": N_("Repository"),
    "environment": N_("Deployment environment"),
    "branch": N_("Branch"),
    "namespace": N_("Namespace"),
    "service_account": N_("Service account"),
    "conditions": N_("Conditions"),
    "client_id": N_("Client ID"),
    "scope": N_("Scope"),
    "resources": N_("APIs"),
    "user_id": N_("Acts for the account"),
    "audiences": N_("Audiences besides"),
    "jwks_uri": N_("Address of its keys"),
    "jwks": N_("Its keys (JWK Set)"),
    "algorithms": N_("Algorithms"),
    "max_lifetime": N_("Longest life of a token, in seconds"),
    "token": N_("Token"),
    "typed": N_("Name"),
}
_OF_ANOTHER = N_("Rule %(number)s")
_SPACED = re.compile(r"(\S+)\s+([=~])\s+(\S.*)")
_TIGHT = re.compile(r"([^=~\s]+)(=)(\S.*)")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where workloads run, and what is usual there.

    Attributes:
        issuer: As its tokens have it; empty where each installation has its own.
        reusable: The same token comes again and again, as those in files do.
        asked: What its tokens are told apart by.
    """

    name: str
    label: Message
    hint: Message
    icon: str
    issuer: str = ""
    reusable: bool = False
    asked: tuple[str, ...] = ()

    def usual(self) -> dict[str, str]:
        """Return what its form has in it before anybody types."""
        usual = {
            "name": self.name,
            "issuer": self.issuer,
            "algorithms": "RS256 ES256",
            "max_lifetime": "3600",
        }
        return usual if self.reusable else usual | {"single_use": "on"}


_ALL = (
    Platform(
        "github",
        N_("GitHub Actions"),
        N_("Jobs of a repository, by its name, environment or branch."),
        "code",
        "https://token.actions.githubusercontent.com",
        asked=("repository", "environment", "branch"),
    ),
    Platform(
        "kubernetes",
        N_("Kubernetes"),
        N_("Pods of a cluster, by namespace and service account."),
        "apps",
        reusable=True,
        asked=("namespace", "service_account"),
    ),
    Platform(
        "other",
        N_("Another platform"),
        N_("Any issuer of signed tokens, by conditions on what they say."),
        "globe",
    ),
)
PLATFORMS: Mapping[str, Platform] = {each.name: each for each in _ALL}


def labels() -> dict[str, str]:
    """Return how the forms call what they ask."""
    return {name: gettext(label) for name, label in _LABELS.items()}


def shown_issuer(row: TrustedIssuer) -> dict[str, str]:
    """Return what the form of an issuer has in it before anybody types."""
    document = row.document
    jwks = document["jwks"]
    shown = {
        "audiences": "\n".join(document["audiences"]),
        "jwks_uri": document["jwks_uri"] or "",
        "jwks": "" if jwks is None else json.dumps(jwks, indent=1),
        "algorithms": " ".join(document["algorithms"]),
        "max_lifetime": str(document["max_lifetime"]),
    }
    return shown | ({"single_use": "on"} if document["single_use"] else {})


def typed_issuer(values: Values) -> dict[str, Any]:
    """Return what is typed about an issuer, without its rules.

    Raises:
        Unprocessable: Its keys are no JSON.
    """
    lifetime, jwks = (values.get(name, "").strip() for name in ("max_lifetime", "jwks"))
    return {
        "audiences": lines_of(values.get("audiences", "")),
        "jwks_uri": values.get("jwks_uri", "").strip() or None,
        "jwks": json_of("jwks", jwks) if jwks else None,
        "algorithms": values.get("algorithms", "").split(),
        "max_lifetime": number_of(lifetime),
        "single_use": "single_use" in values,
    }


def shown_rule(rule: Mapping[str, Any]) -> dict[str, str]:
    """Return what the form of a rule has in it before anybody types."""
    proves = {"authenticates_client": "on"} if rule["authenticates_client"] else {}
    shown = {
        "conditions": "\n".join(_line(each) for each in rule["conditions"]),
        "client_id": rule["client_id"],
        "scope": rule["scope"] or "",
        "resources": "\n".join(rule["resources"] or ()),
        "user_id": rule["user_id"] or "",
    }
    return shown | proves


def typed_rule(values: Values) -> dict[str, Any]:
    """Return what is typed about a rule; conditions stand in lines.

    Raises:
        Unprocessable: A line cannot be read.
    """
    typed = {name: text.strip() for name, text in values.items()}
    lines = lines_of(typed.get("conditions", ""))
    return {
        "conditions": [*_by_platform(typed), *map(_condition, lines)],
        "client_id": typed.get("client_id", ""),
        "scope": typed.get("scope") or None,
        "resources": lines_of(typed.get("resources", "")) or None,
        "user_id": typed.get("user_id") or None,
        "authenticates_client": "authenticates_client" in typed,
    }


def _by_platform(typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the conditions that a platform's own fields come to."""
    namespace, account = typed.get("namespace", ""), typed.get("service_account", "")
    branch = typed.get("branch", "")
    wanted = {
        "repository": typed.get("repository", ""),
        "environment": typed.get("environment", ""),
        "ref": branch and f"refs/heads/{branch}",
        "/kubernetes.io/namespace": namespace,
        "sub": account and f"system:serviceaccount:{namespace}:{account}",
    }
    return [
        {"claim": claim, "glob" if "*" in value else "equals": value}
        for claim, value in wanted.items()
        if value
    ]


def _condition(line: str) -> dict[str, Any]:
    """Return a condition: ``claim = value``, ``claim ~ pattern``, or one in JSON."""
    if line.startswith("{"):
        try:
            read = Condition.model_validate_json(line)
        except ValidationError:
            raise unread("conditions", line) from None
        return read.model_dump(exclude_unset=True)
    found = _SPACED.fullmatch(line) or _TIGHT.fullmatch(line)
    if found is None:
        raise unread("conditions", line)
    claim, sign, value = found.groups()
    return {"claim": claim, "equals" if sign == "=" else "glob": value}


def _line(condition: Mapping[str, Any]) -> str:
    """Return a condition as it is typed."""
    said = {name: value for name, value in condition.items() if value is not None}
    sign = " ~ " if "glob" in said else " = "
    value = said.get("glob", said.get("equals"))
    line = f"{said['claim']}{sign}{value}"
    try:
        if isinstance(value, str) and _condition(line) == said:
            return line
    except AppError:
        pass  # a claim or a value that lines cannot say
    return json.dumps(said, ensure_ascii=False)


def wrong_in_rule(error: AppError | None, at: int) -> tuple[dict[str, str], list[str]]:
    """Return the sentence for each field, and what is wrong with other rules.

    Args:
        error: Why it is shown again.
        at: Which rule the form is about, counted from 0.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    for name, said in by_field(error).items():
        first, *path = name.split(".")
        if first != "rules":
            found.setdefault(first, said)
        elif not path:
            others.append(said)
        elif path[0] == str(at):
            found.setdefault(path[1] if path[1:] else "conditions", said)
        else:
            named = gettext(_OF_ANOTHER) % {"number": int(path[0]) + 1}
            others.append(f"{named}: {said}")
    return found, others
