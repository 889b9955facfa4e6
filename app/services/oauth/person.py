"""What applications are told about a person, and under which name."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.core.secret_key import SecretKey
from app.oauth.clients.client import Client
from app.oauth.mappings.mapping import ATTRIBUTE
from app.oauth.scopes import MEMBERSHIP
from app.oauth.subject import session_for, subject_for
from app.policies.second_factor import names_that_count
from app.services.accounts.user_claims import USERNAME
from app.services.clients.provider import Provider
from app.typed_text import username_key

_COLUMNS = (
    "name",
    "given_name",
    "family_name",
    "picture",
    "locale",
    "zoneinfo",
    "email",
    "email_verified",
)


def person_claims(row: Any) -> dict[str, Any]:
    """Return every claim that could be given (OIDC Core section 5.1).

    Args:
        row: Of ``OAuthGrantStatements``: columns of the account, and ``more_claims``,
            which can never replace one of them.
    """
    more: Mapping[str, Any] = _told(row)
    changed = max(row.updated_at, row.more_updated_at or row.updated_at)
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return {**more, **columns, "updated_at": int(changed.timestamp())}


async def told_person(
    provider: Provider, row: Any, names: Collection[str]
) -> dict[str, Any]:
    """Return the same with groups, roles and attributes that are among what is told.

    Of roles, those that count in what the grant proved: an application lets in by them.
    Each is one statement more, so it is run for no other application.
    """
    claims = person_claims(row)
    if not MEMBERSHIP.isdisjoint(names):
        held = await provider.memberships.of(row.user_id)
        claims["groups"] = sorted((held.groups or "").split())
        counted = names_that_count(held, row.acr, provider.settings.mfa)
        claims["roles"] = list(counted)
    if any(name.startswith(ATTRIBUTE) for name in names):
        values = await provider.attributes.of(row.user_id)
        claims |= {f"{ATTRIBUTE}{name}": value for name, value in values.items()}
    return claims


def _told(row: Any) -> Mapping[str, Any]:
    """Return claims beyond the columns, less a name that nobody gave (ADR-0019)."""
    more: Mapping[str, Any] = row.more_claims or {}
    name = more.get(USERNAME)
    if name is None or username_key(name) == row.username_key:
        return more
    return {claim: value for claim, value in more.items() if claim != USERNAME}


def subject_of(user_id: UUID, client: Client, secret_key: SecretKey) -> str:
    """Return the ``sub`` of a person at a client, public or pairwise."""
    return subject_for(user_id, client, key=secret_key.pairwise)


def session_name(session_id: UUID, client: Client, secret_key: SecretKey) -> str:
    """Return the ``sid`` of a session at a client, like the ``sub`` of its person."""
    return session_for(session_id, client, key=secret_key.pairwise)
