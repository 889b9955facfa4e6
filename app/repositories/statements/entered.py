"""The statements behind requests to a protected host: is its visitor still in?

One round trip each (ADR-0005), together with those of the same moment (ADR-0046). The
grant is judged as everywhere: it, its session and its account (``live_grant.py``).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, false, select

from app.database import Database
from app.models.access.personal_token import PersonalToken
from app.models.oauth.grant import OAuthGrant
from app.models.user import User
from app.models.user_claims import UserClaims
from app.repositories.statements.held_roles import (
    group_names_of,
    held_roles_of,
    weaker_roles_of,
)
from app.repositories.statements.oauth.live_grant import ID, LIVE
from app.repositories.statements.session import ACTIVE
from app.repositories.statements.together import asked, sharing


def _person(user_id: Any) -> tuple[Any, ...]:
    """Return what is told of a person, and what policies ask about."""
    return (
        User.email,
        User.email_verified,
        User.name,
        UserClaims.claims["preferred_username"].as_string().label("username"),
        UserClaims.username_key,
        held_roles_of(user_id).label("roles"),
        weaker_roles_of(user_id).label("weaker_roles"),
        group_names_of(user_id).label("groups"),
    )


_COLUMNS = (
    OAuthGrant.id,
    OAuthGrant.client_id,
    OAuthGrant.user_id,
    OAuthGrant.session_id,
    OAuthGrant.acr,
    OAuthGrant.authenticated_at,
    OAuthGrant.counter,
    OAuthGrant.refreshed_at,
    *_person(OAuthGrant.user_id),
)
_ASKED = asked(id=OAuthGrant.id.type)


def _entered(*more: Any) -> Any:
    query = select(*_COLUMNS, *more).select_from(OAuthGrant)
    query = query.join(User, User.id == OAuthGrant.user_id)
    query = query.outerjoin(UserClaims, UserClaims.user_id == User.id)
    return query.where(*LIVE)


_ENTERED = _entered().where(OAuthGrant.id == ID)
_ENTERED_EACH = _entered(_ASKED.c.place).join(_ASKED, _ASKED.c.id == OAuthGrant.id)
_WITH_TOKEN = (
    select(
        PersonalToken.id,
        PersonalToken.id.label("token_id"),
        PersonalToken.user_id,
        PersonalToken.scope,
        PersonalToken.amr,
        PersonalToken.created_at.label("authenticated_at"),
        PersonalToken.last_used_at,
        *_person(PersonalToken.user_id),
    )
    .join(User, User.id == PersonalToken.user_id)
    .outerjoin(UserClaims, UserClaims.user_id == User.id)
    .where(
        PersonalToken.digest == bindparam("digest", type_=PersonalToken.digest.type),
        PersonalToken.expires_at
        > bindparam("now", type_=PersonalToken.expires_at.type),
        User.status == ACTIVE,
        User.must_reset_password == false(),
    )
)


class EnteredStatements:
    """Who entered a protected host, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._database = database
        self._shared = sharing(database, _ENTERED, _ENTERED_EACH, "id")

    async def find(self, grant_id: UUID, now: datetime) -> Any | None:
        """Return a live grant and its person, names in strings; None if it is over."""
        return await self._shared.get({"id": grant_id, "now": now})

    async def find_script(self, digest: bytes, now: datetime) -> Any | None:
        """Return a live personal access token and its active owner; else None."""
        parameters = {"digest": digest, "now": now}
        return await self._database.fetch_one(_WITH_TOKEN, parameters)
