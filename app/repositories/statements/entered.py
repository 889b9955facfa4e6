"""The statement behind each request to a protected host: is its visitor still in?

One round trip (ADR-0005), together with those of the same moment (ADR-0046). The grant
is judged as everywhere: it, its session and its account (``live_grant.py``).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.database import Database
from app.models.oauth.grant import OAuthGrant
from app.models.user import User
from app.models.user_claims import UserClaims
from app.repositories.statements.held_roles import (
    group_names_of,
    held_roles_of,
    weaker_roles_of,
)
from app.repositories.statements.live_grant import ID, LIVE
from app.repositories.statements.together import asked, sharing

_COLUMNS = (
    OAuthGrant.id,
    OAuthGrant.client_id,
    OAuthGrant.user_id,
    OAuthGrant.session_id,
    OAuthGrant.acr,
    OAuthGrant.authenticated_at,
    OAuthGrant.counter,
    OAuthGrant.refreshed_at,
    User.email,
    User.email_verified,
    User.name,
    UserClaims.claims["preferred_username"].as_string().label("username"),
    UserClaims.username_key,
    held_roles_of(OAuthGrant.user_id).label("roles"),
    weaker_roles_of(OAuthGrant.user_id).label("weaker_roles"),
    group_names_of(OAuthGrant.user_id).label("groups"),
)
_ASKED = asked(id=OAuthGrant.id.type)


def _entered(*more: Any) -> Any:
    query = select(*_COLUMNS, *more).select_from(OAuthGrant)
    query = query.join(User, User.id == OAuthGrant.user_id)
    query = query.outerjoin(UserClaims, UserClaims.user_id == User.id)
    return query.where(*LIVE)


_ENTERED = _entered().where(OAuthGrant.id == ID)
_ENTERED_EACH = _entered(_ASKED.c.place).join(_ASKED, _ASKED.c.id == OAuthGrant.id)


class EnteredStatements:
    """Who entered a protected host, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._shared = sharing(database, _ENTERED, _ENTERED_EACH, "id")

    async def find(self, grant_id: UUID, now: datetime) -> Any | None:
        """Return a live grant and its person, names in strings; None if it is over."""
        return await self._shared.get({"id": grant_id, "now": now})
