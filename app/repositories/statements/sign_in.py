"""The statements of a sign-in, which the attempts of the limiter go along with.

Each round trip costs the loop more than the database: on PostgreSQL there is one before
the hash and one after it, when attempts are counted in the same database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from app.core.rate_limit import Attempt, RateLimitStore, Verdict
from app.core.rate_limit.gcra import microseconds
from app.database import Database
from app.models.audit_event import AuditEvent
from app.models.session import Session
from app.models.user import User
from app.repositories.statements.held_roles import held_roles_of
from app.repositories.statements.rate_limit import (
    SqlStore,
    attempt_parameters,
    give_back_steps,
    kinds_of,
    take_steps,
)
from app.repositories.statements.second_factor import second_factor_columns
from app.repositories.statements.session import ACTIVE, knows_network

_AUDIT = tuple(column.name for column in AuditEvent.__table__.columns)
_SESSION = tuple(column.name for column in Session.__table__.columns)


def _parameter(table: Any, name: str, prefix: str = "") -> ColumnElement[Any]:
    return bindparam(prefix + name, type_=table.__table__.c[name].type)


_KNOWN_NETWORK = knows_network(User.id, bindparam("network"))
_CANDIDATE = select(
    User.id,
    User.email,
    User.locale,
    User.password_hash,
    User.password_changed_at,
    User.status,
    User.email_verified,
    User.must_reset_password,
    User.factors_version,
    User.last_sign_in_at,
    held_roles_of(User.id).label("roles"),
    _KNOWN_NETWORK.label("known_network"),
    *second_factor_columns(User.id),
).where(User.email_canonical == bindparam("email"))
_FOUND = select(
    User.id,
    User.email,
    User.password_changed_at,
    User.email_verified,
    User.must_reset_password,
    User.factors_version,
    User.last_sign_in_at,
    held_roles_of(User.id).label("roles"),
    _KNOWN_NETWORK.label("known_network"),
    *second_factor_columns(User.id),
).where(User.id == bindparam("user_id"))


@cache
def _candidate_counted(kinds: tuple[bool, ...]) -> Executable:
    """Return the candidate with its attempts counted in one statement (PostgreSQL)."""
    found = _CANDIDATE.cte("candidate")
    steps = take_steps(kinds)
    # One row in any case: without an account, and with a refusal.
    row = select(literal(1).label("one")).subquery("row")
    joined = row.outerjoin(found, true())
    for step in steps:
        joined = joined.outerjoin(step, true())
    tats = [step.c.tat.label(f"tat{index}") for index, step in enumerate(steps)]
    return select(*found.c, *tats).select_from(joined)


# The row lock of this update is what makes a password change, a disabling and a sign-in
# of the same account happen one after the other: whoever comes second sees the first.
_TOUCH = (
    update(User)
    .where(
        User.id == _parameter(Session, "user_id"),
        User.status == ACTIVE,
        ~User.must_reset_password,
        User.factors_version == _parameter(User, "factors_version"),
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


@cache
def _start(kinds: tuple[bool, ...]) -> Executable:
    """Return the three as one, each fed by the one before (PostgreSQL).

    Args:
        kinds: Of the attempts to give back, whatever becomes of the rest. Their rows
            come after the account's: whoever locks several does it in this order.
    """
    touched = _TOUCH.cte("touched")
    session = select(*(_parameter(Session, name) for name in _SESSION))
    audit = select(*(_parameter(AuditEvent, name, "audit_") for name in _AUDIT))
    is_touched = exists(select(touched.c.id))
    add_session = insert(Session).from_select(_SESSION, session.where(is_touched))
    add_audit = insert(AuditEvent).from_select(_AUDIT, audit.where(is_touched))
    given_back = give_back_steps(kinds, before=touched)
    return select(touched.c.id).add_cte(
        add_session.cte("s"), add_audit.cte("a"), *given_back
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom a sign-in is about, and what became of its attempts.

    Attributes:
        found: What a sign-in needs to know of the account, or None; its ``roles`` is a
            string of names or None.
        verdicts: One for each attempt that was asked; only the last can be a refusal.
    """

    found: Any | None
    verdicts: Sequence[Verdict]


class SignInStatements:
    """What happens before the hash, and what after it."""

    def __init__(self, database: Database, store: RateLimitStore) -> None:
        """Run on the pool of this database, outside of any session.

        Args:
            database: Where the accounts are.
            store: Where the attempts are counted.
        """
        self._database = database
        self._store = store
        is_joined = isinstance(store, SqlStore) and not database.is_sqlite
        self._joined = SqlStore(database) if is_joined else None

    async def candidate(
        self,
        email: str,
        network: str,
        now: datetime,
        attempts: Sequence[Attempt],
    ) -> Counted:
        """Find the account of a canonical address, and count attempts.

        Args:
            email: The canonical address.
            network: Where the request comes from.
            now: The instant of the attempt.
            attempts: What it counts against, each only if those before allowed it.
        """
        parameters: dict[str, Any] = {"email": email, "network": network}
        if self._joined is None:
            found = await self._database.fetch_one(_CANDIDATE, parameters)
            return Counted(found, await self._store.take(attempts, now))
        instant = microseconds(now)
        parameters |= attempt_parameters(attempts) | {"now": instant}
        statement = _candidate_counted(kinds_of(attempts))
        [row] = await self._database.fetch_all(statement, parameters)
        tats = [getattr(row, f"tat{index}") for index in range(len(attempts))]
        verdicts = await self._joined.verdicts(attempts, tats, instant)
        return Counted(row if row.id is not None else None, verdicts)

    async def found(self, user_id: UUID, network: str) -> Any | None:
        """Return what a sign-in needs to know of an account that is known by its id."""
        parameters = {"user_id": user_id, "network": network}
        return await self._database.fetch_one(_FOUND, parameters)

    async def start(
        self,
        session: Mapping[str, Any],
        audit: Mapping[str, Any],
        *,
        password_hash: str | None,
        factors_version: int,
        give_back: Sequence[Attempt] = (),
    ) -> bool:
        """Store a new session with its evidence, if the account is still the same.

        Args:
            session: Every column of ``sessions``.
            audit: Every column of ``audit_events``.
            password_hash: The hash that the password was checked against.
            factors_version: By which factors it was judged whether one was enough.
            give_back: Attempts that proved rightful, whatever became of the account.

        Returns:
            False when the account was disabled, deleted or given another password
            since it was read; nothing was stored then.
        """
        parameters = {
            **session,
            **{f"audit_{name}": value for name, value in audit.items()},
            "last_sign_in_at": session["created_at"],
            "password_hash": password_hash or "",
            "factors_version": factors_version,
        }
        if self._joined is None and give_back:
            await self._store.give_back(give_back)
            give_back = ()
        if self._database.is_sqlite:
            steps = (_TOUCH, _ADD_SESSION, _ADD_AUDIT)
            return await self._database.run_guarded(steps, parameters)
        parameters |= attempt_parameters(give_back)
        statement = _start(kinds_of(give_back))
        return await self._database.fetch_one(statement, parameters) is not None
