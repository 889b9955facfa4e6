"""What makes a grant live, and what tokens of one are made of.

A grant is live when it was redeemed, is neither revoked nor past its end, its account
is active, and, unless it is offline, its session is neither revoked nor past its
absolute end (ADR-0011).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, or_, select

from app.models.oauth.grant import OAuthGrant
from app.models.session import Session
from app.models.user import User
from app.models.user_claims import UserClaims

INSTANT = OAuthGrant.expires_at.type
ID = bindparam("id", type_=OAuthGrant.id.type)
NOW = bindparam("now", type_=INSTANT)
CLIENT = bindparam("client_id", type_=OAuthGrant.client_id.type)
GRANT = (
    OAuthGrant.id,
    OAuthGrant.client_id,
    OAuthGrant.user_id,
    OAuthGrant.session_id,
    OAuthGrant.is_offline,
    OAuthGrant.scope,
    OAuthGrant.claims,
    OAuthGrant.resources,
    OAuthGrant.acr,
    OAuthGrant.amr,
    OAuthGrant.authenticated_at,
    OAuthGrant.counter,
    OAuthGrant.refreshed_at,
    OAuthGrant.expires_at,
)
_PERSON = (
    User.email,
    User.email_verified,
    User.name,
    User.given_name,
    User.family_name,
    User.picture,
    User.locale,
    User.zoneinfo,
    User.updated_at,
    UserClaims.claims.label("more_claims"),
    UserClaims.updated_at.label("more_updated_at"),
    UserClaims.username_key,
)
_OWNER_ACTIVE = (
    exists()
    .where(User.id == OAuthGrant.user_id, User.status == "active")
    .correlate(OAuthGrant)
)
SESSION_LIVE = (
    exists()
    .where(
        Session.id == OAuthGrant.session_id,
        Session.user_id == OAuthGrant.user_id,
        Session.revoked_at.is_(None),
        Session.absolute_expires_at > NOW,
    )
    .correlate(OAuthGrant)
)
NOT_OVER = (
    OAuthGrant.revoked_at.is_(None),
    OAuthGrant.expires_at > NOW,
    _OWNER_ACTIVE,
)
LIVE = (
    *NOT_OVER,
    OAuthGrant.redeemed_at.is_not(None),
    or_(OAuthGrant.is_offline, SESSION_LIVE),
)


def earlier(one: Any, other: Any) -> ColumnElement[datetime]:
    """Return the first of two instants; each database has its own function for it."""
    return case((one < other, one), else_=other)


def answer(*more: Any) -> Select[Any]:
    """Return what tokens of a stored grant are made of.

    Args:
        more: Columns besides; whoever adds one of another table joins it, and the
            caller says which grants.
    """
    return _with_person(*GRANT, *more)


def told(*more: Any) -> Select[Any]:
    """Return what is told of the person of a grant, and no more of it than that takes.

    Args:
        more: As of ``answer``.
    """
    return _with_person(OAuthGrant.user_id, OAuthGrant.claims, OAuthGrant.acr, *more)


def _with_person(*columns: Any) -> Select[Any]:
    query = select(*columns, *_PERSON).select_from(OAuthGrant)
    query = query.join(User, User.id == OAuthGrant.user_id)
    return query.outerjoin(UserClaims, UserClaims.user_id == User.id)


def answer_of(changed: Any, *more: Any) -> Select[Any]:
    """Return the same of a grant that a step before has changed (PostgreSQL).

    Args:
        changed: The step: a CTE that returns the columns of ``GRANT``, as it left them.
            The table itself still shows how they were.
        more: Columns besides.
    """
    columns = [changed.c[column.key] for column in GRANT]
    query = select(*columns, *_PERSON, *more).select_from(changed)
    query = query.join(User, User.id == changed.c.user_id)
    return query.outerjoin(UserClaims, UserClaims.user_id == User.id)
