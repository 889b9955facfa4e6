"""The statements behind every request: refresh, recognise the caller.

Each is one round trip (ADR-0005): Core, compiled once, run as the driver's own
prepared statement. They join what the answer needs and decide by one guarded write.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Exists,
    and_,
    bindparam,
    case,
    exists,
    select,
    update,
)

from app.database import Database
from app.models.oauth.grant import OAuthGrant
from app.models.role import Role
from app.models.session import Session
from app.models.user import User
from app.repositories.statements.held_roles import held_roles_of, roles_held_by
from app.repositories.statements.second_factor import second_factor_columns
from app.repositories.statements.together import PASSED_OVER, asked, sharing

ACTIVE = "active"


def knows_network(user_id: Any, network: Any) -> Exists:
    """Return the condition that an account signed in from a network before."""
    return exists().where(Session.user_id == user_id, Session.network == network)


_KNOWS_NETWORK = select(
    exists()
    .where(
        User.email_canonical == bindparam("email"),
        knows_network(User.id, bindparam("network")),
    )
    .label("is_known")
)
_IDLE_END = bindparam("idle_end", type_=Session.expires_at.type)
_NOW = bindparam("now", type_=Session.expires_at.type)
_LIVE = (Session.revoked_at.is_(None), Session.expires_at > _NOW)
_OWNER_ACTIVE = (
    exists().where(User.id == Session.user_id, User.status == ACTIVE).correlate(Session)
)
_COUNT = update(Session).values(
    counter=Session.counter + 1,
    refreshed_at=_NOW,
    expires_at=case(
        (Session.absolute_expires_at < _IDLE_END, Session.absolute_expires_at),
        else_=_IDLE_END,
    ),
)
_COUNTED = (
    Session.user_id,
    Session.expires_at,
    held_roles_of(Session.user_id).label("roles"),
)
_ROTATE = _COUNT.where(
    Session.id == bindparam("id", type_=Session.id.type),
    Session.counter == bindparam("presented"),
    *_LIVE,
    _OWNER_ACTIVE,
).returning(*_COUNTED)


def _rotate_each() -> Any:
    """Return the same for several at once (PostgreSQL), but what others hold locked."""
    wanted = asked(id=Session.id.type, presented=Session.counter.type)
    locked = (
        select(Session.id, wanted.c.presented, wanted.c.place)
        .join(wanted, wanted.c.id == Session.id)
        .where(Session.counter == wanted.c.presented, *_LIVE, _OWNER_ACTIVE)
        .with_for_update(of=Session, skip_locked=True)
        .cte("locked")
    )
    return _COUNT.where(
        Session.id == locked.c.id, Session.counter == locked.c.presented
    ).returning(*_COUNTED, locked.c.place)


_ROTATE_EACH = _rotate_each()
_STATE = (
    select(
        Session.user_id,
        Session.counter,
        Session.refreshed_at,
        Session.expires_at,
        Session.revoked_at,
        User.status,
        held_roles_of(User.id).label("roles"),
    )
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("id", type_=Session.id.type))
)
# All that an account is, but for the copy of it that searches look at.
ACCOUNT = tuple(each for each in User.__mapper__.columns if each.name != "search_text")
_CALLER_COLUMNS = (
    *ACCOUNT,
    Session.id.label("session_id"),
    Session.authenticated_at,
    held_roles_of(User.id).label("roles"),
)
_CALLER = (
    select(*_CALLER_COLUMNS)
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id", type_=Session.id.type),
        User.id == bindparam("user_id", type_=User.id.type),
        User.status == ACTIVE,
        *_LIVE,
    )
)
# The same for several at once (PostgreSQL).
_ASKED = asked(user_id=Session.user_id.type, session_id=Session.id.type)
_CALLER_EACH = (
    select(*_CALLER_COLUMNS, _ASKED.c.place)
    .join(Session, Session.user_id == User.id)
    .join(
        _ASKED,
        and_(_ASKED.c.session_id == Session.id, _ASKED.c.user_id == User.id),
    )
    .where(User.status == ACTIVE, *_LIVE)
)
_STRENGTH = (
    select(Session.amr, *second_factor_columns(Session.user_id))
    .join(User, User.id == Session.user_id)
    .where(
        Session.id == bindparam("session_id", type_=Session.id.type),
        User.status == ACTIVE,
        *_LIVE,
    )
)
# The same of what an application was granted.
_STRENGTH_OF_GRANT = (
    select(OAuthGrant.amr, *second_factor_columns(OAuthGrant.user_id))
    .join(User, User.id == OAuthGrant.user_id)
    .where(
        OAuthGrant.id == bindparam("grant_id", type_=OAuthGrant.id.type),
        User.status == ACTIVE,
    )
)
_ROLES_IN_SESSION = roles_held_by(
    Session.user_id,
    (Role.permissions, Role.mfa_required, Session.amr),
    Session.id == bindparam("session_id", type_=Session.id.type),
)


class SessionStatements:
    """One round trip each; a row's ``roles`` is a string of names or None."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database
        names = "user_id", "session_id"
        self._callers = sharing(database, _CALLER, _CALLER_EACH, *names)
        names = "id", "presented"
        self._rotated = sharing(
            database, _ROTATE, _ROTATE_EACH, *names, absent=PASSED_OVER
        )

    async def knows_network(self, email: str, network: str) -> bool:
        """Tell whether the account with this address signed in from a network."""
        parameters = {"email": email, "network": network}
        [row] = await self._database.fetch_all(_KNOWS_NETWORK, parameters)
        return bool(row.is_known)

    async def rotate(
        self, session_id: UUID, presented: int, *, now: datetime, idle: timedelta
    ) -> Any | None:
        """Count a live session on from ``presented``; None if it stood elsewhere."""
        parameters = {
            "id": session_id,
            "presented": presented,
            "now": now,
            "idle_end": now + idle,
        }
        row = await self._rotated.get(parameters)
        if row is PASSED_OVER:
            return await self._database.fetch_one(_ROTATE, parameters)
        return row

    async def state(self, session_id: UUID) -> Any | None:
        """Return where a session stands, live or not."""
        return await self._database.fetch_one(_STATE, {"id": session_id})

    async def caller(
        self, user_id: UUID, session_id: UUID, *, now: datetime
    ) -> Any | None:
        """Return the account behind a live session of an active user, or None."""
        parameters = {"user_id": user_id, "session_id": session_id, "now": now}
        return await self._callers.get(parameters)

    async def strength(self, session_id: UUID, *, now: datetime) -> Any | None:
        """Return how a live session was proven, and which factors its account has."""
        parameters = {"session_id": session_id, "now": now}
        return await self._database.fetch_one(_STRENGTH, parameters)

    async def strength_of_grant(self, grant_id: UUID) -> Any | None:
        """Return how the person of a grant signed in, and which factors they have."""
        parameters = {"grant_id": grant_id}
        return await self._database.fetch_one(_STRENGTH_OF_GRANT, parameters)

    async def roles_in(self, session_id: UUID) -> list[Any]:
        """Return the roles of whose session it is, each with how that was proven."""
        parameters = {"session_id": session_id}
        return await self._database.fetch_all(_ROLES_IN_SESSION, parameters)
