"""The statements behind every request: sign in, refresh, recognise the caller.

Each is one round trip (performance.md): Core, compiled once, run as the driver's own
prepared statement. They join what the answer needs and decide by one guarded write.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.database import Database
from app.models.audit_event import AuditEvent
from app.models.role import Role, UserRole
from app.models.session import Session
from app.models.user import User

_ACTIVE = "active"
_AUDIT = tuple(column.name for column in AuditEvent.__table__.columns)
_SESSION = tuple(column.name for column in Session.__table__.columns)


class _Joined(FunctionElement[str]):
    """The values of a group in one string, joined by spaces.

    SQLAlchemy's ``aggregate_strings`` renders its separator at each execution, which a
    statement that is compiled once cannot have.
    """

    inherit_cache = True
    type = String()


@compiles(_Joined, "postgresql")
def _joined_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ' ')"


@compiles(_Joined, "sqlite")
def _joined_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, ' ')"


def _roles_of(user_id: Any) -> ScalarSelect[str | None]:
    """Return the role names of a user as one string, joined by spaces."""
    query = select(_Joined(UserRole.role)).where(UserRole.user_id == user_id)
    return query.correlate_except(UserRole).scalar_subquery()


def _parameter(table: Any, name: str, prefix: str = "") -> ColumnElement[Any]:
    return bindparam(prefix + name, type_=table.__table__.c[name].type)


_KNOWN_NETWORK = exists().where(
    Session.user_id == User.id, Session.network == bindparam("network")
)
_KNOWS_NETWORK = select(
    exists()
    .where(
        User.email_canonical == bindparam("email"),
        Session.user_id == User.id,
        Session.network == bindparam("network"),
    )
    .label("is_known")
)
_CANDIDATE = select(
    User.id,
    User.email,
    User.locale,
    User.password_hash,
    User.status,
    User.email_verified,
    _roles_of(User.id).label("roles"),
    _KNOWN_NETWORK.label("known_network"),
).where(User.email_canonical == bindparam("email"))

# The row lock of this update is what makes a password change, a disabling and a sign-in
# of the same account happen one after the other: whoever comes second sees the first.
_TOUCH = (
    update(User)
    .where(
        User.id == _parameter(Session, "user_id"),
        User.status == _ACTIVE,
        func.coalesce(User.password_hash, "") == bindparam("password_hash"),
    )
    .values(last_sign_in_at=_parameter(User, "last_sign_in_at"))
    .returning(User.id)
)
_ADD_SESSION = insert(Session).values(
    {name: _parameter(Session, name) for name in _SESSION}
)
_ADD_AUDIT = insert(AuditEvent).values(
    {name: _parameter(AuditEvent, name, "audit_") for name in _AUDIT}
)


def _start_in_one() -> Select[tuple[UUID]]:
    """Return the three statements as one, each fed by the one before (PostgreSQL)."""
    touched = _TOUCH.cte("touched")
    session = select(*(_parameter(Session, name) for name in _SESSION))
    audit = select(*(_parameter(AuditEvent, name, "audit_") for name in _AUDIT))
    is_touched = exists(select(touched.c.id))
    add_session = insert(Session).from_select(_SESSION, session.where(is_touched))
    add_audit = insert(AuditEvent).from_select(_AUDIT, audit.where(is_touched))
    return select(touched.c.id).add_cte(add_session.cte("s"), add_audit.cte("a"))


_START = _start_in_one()
_IDLE_END = bindparam("idle_end", type_=Session.expires_at.type)
_NOW = bindparam("now", type_=Session.expires_at.type)
_LIVE = (Session.revoked_at.is_(None), Session.expires_at > _NOW)
_OWNER_ACTIVE = exists().where(User.id == Session.user_id, User.status == _ACTIVE)
_ROTATE = (
    update(Session)
    .where(
        Session.id == bindparam("id", type_=Session.id.type),
        Session.counter == bindparam("presented"),
        *_LIVE,
        _OWNER_ACTIVE,
    )
    .values(
        counter=Session.counter + 1,
        refreshed_at=_NOW,
        expires_at=case(
            (Session.absolute_expires_at < _IDLE_END, Session.absolute_expires_at),
            else_=_IDLE_END,
        ),
    )
    .returning(
        Session.user_id,
        Session.expires_at,
        _roles_of(Session.user_id).label("roles"),
    )
)
_STATE = (
    select(
        Session.user_id,
        Session.counter,
        Session.refreshed_at,
        Session.expires_at,
        Session.revoked_at,
        User.status,
        _roles_of(User.id).label("roles"),
    )
    .join(User, User.id == Session.user_id)
    .where(Session.id == bindparam("id", type_=Session.id.type))
)
_CALLER = (
    select(
        *(column for column in User.__table__.columns if column.name != "search_text"),
        Session.id.label("session_id"),
        Session.authenticated_at,
        _roles_of(User.id).label("roles"),
    )
    .join(Session, Session.user_id == User.id)
    .where(
        Session.id == bindparam("session_id", type_=Session.id.type),
        User.id == bindparam("user_id", type_=User.id.type),
        User.status == _ACTIVE,
        *_LIVE,
    )
)
_PERMISSIONS = (
    select(Role.permissions)
    .join(UserRole, UserRole.role == Role.name)
    .where(UserRole.user_id == bindparam("user_id", type_=User.id.type))
)


class SessionStatements:
    """One round trip each; a row's ``roles`` is a string of names or None."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database

    async def candidate(self, email: str, network: str) -> Any | None:
        """Return what a sign-in by canonical address needs to know, or None."""
        parameters = {"email": email, "network": network}
        return await self._database.fetch_one(_CANDIDATE, parameters)

    async def knows_network(self, email: str, network: str) -> bool:
        """Tell whether the account with this address signed in from a network."""
        parameters = {"email": email, "network": network}
        [row] = await self._database.fetch_all(_KNOWS_NETWORK, parameters)
        return bool(row.is_known)

    async def start(
        self,
        session: Mapping[str, Any],
        audit: Mapping[str, Any],
        *,
        password_hash: str | None,
    ) -> bool:
        """Store a new session with its evidence, if the account is still the same.

        Args:
            session: Every column of ``sessions``.
            audit: Every column of ``audit_events``.
            password_hash: The hash that the password was checked against.

        Returns:
            False when the account was disabled, deleted or given another password
            since it was read; nothing was stored then.
        """
        parameters = {
            **session,
            **{f"audit_{name}": value for name, value in audit.items()},
            "last_sign_in_at": session["created_at"],
            "password_hash": password_hash or "",
        }
        if self._database.is_sqlite:
            steps = (_TOUCH, _ADD_SESSION, _ADD_AUDIT)
            return await self._database.run_guarded(steps, parameters)
        return await self._database.fetch_one(_START, parameters) is not None

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
        return await self._database.fetch_one(_ROTATE, parameters)

    async def state(self, session_id: UUID) -> Any | None:
        """Return where a session stands, live or not."""
        return await self._database.fetch_one(_STATE, {"id": session_id})

    async def caller(
        self, user_id: UUID, session_id: UUID, *, now: datetime
    ) -> Any | None:
        """Return the account behind a live session of an active user, or None."""
        parameters = {"user_id": user_id, "session_id": session_id, "now": now}
        return await self._database.fetch_one(_CALLER, parameters)

    async def permissions(self, user_id: UUID) -> frozenset[str]:
        """Return what a user may do, through all of their roles."""
        rows = await self._database.fetch_all(_PERMISSIONS, {"user_id": user_id})
        return frozenset(name for row in rows for name in row.permissions)
