"""The statements behind the protocol's endpoints: redeem, refresh, look up.

Each is one round trip (ADR-0005): Core, compiled once, run as the driver's own
prepared statement. What redeeming and refreshing change is decided by a guarded write;
PostgreSQL runs the steps as one statement, SQLite one after the other.

A grant is live when it was redeemed, is neither revoked nor past its end, its account
is active, and, unless it is offline, its session is neither revoked nor past its
absolute end (ADR-0011).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    case,
    exists,
    literal,
    or_,
    select,
    update,
)

from app.database import Database
from app.models.client import OAuthClient
from app.models.grant import OAuthGrant
from app.models.jti import OAuthAssertion, OAuthRevokedToken
from app.models.one_time_token import OneTimeToken
from app.models.session import Session
from app.models.token_epoch import TokenEpoch
from app.models.user import User
from app.models.user_claims import UserClaims
from app.repositories.base import upserting
from app.repositories.statements.session import ACTIVE, roles_of
from app.repositories.statements.together import asked, reading

_CODE = "authorization_code"
_PROLONG_EACH = timedelta(days=1)
_INSTANT = OAuthGrant.expires_at.type
_ID = bindparam("id", type_=OAuthGrant.id.type)
_NOW = bindparam("now", type_=_INSTANT)
_CLIENT = bindparam("client_id", type_=OAuthGrant.client_id.type)
_TOKEN_ID = bindparam("token_id", type_=OAuthRevokedToken.id.type)
_GRANT = (
    OAuthGrant.id,
    OAuthGrant.client_id,
    OAuthGrant.user_id,
    OAuthGrant.session_id,
    OAuthGrant.is_offline,
    OAuthGrant.scope,
    OAuthGrant.claims,
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
_SESSION_LIVE = (
    exists()
    .where(
        Session.id == OAuthGrant.session_id,
        Session.user_id == OAuthGrant.user_id,
        Session.revoked_at.is_(None),
        Session.absolute_expires_at > _NOW,
    )
    .correlate(OAuthGrant)
)
_NOT_OVER = (
    OAuthGrant.revoked_at.is_(None),
    OAuthGrant.expires_at > _NOW,
    _OWNER_ACTIVE,
)
_LIVE = (
    *_NOT_OVER,
    OAuthGrant.redeemed_at.is_not(None),
    or_(OAuthGrant.is_offline, _SESSION_LIVE),
)


def _earlier(one: Any, other: Any) -> ColumnElement[datetime]:
    return case((one < other, one), else_=other)


# A code needs the session of its sign-in even where its grant will outlive it: who
# signs out before it is redeemed does not let it go through.
_PENDING = (*_NOT_OVER, OAuthGrant.redeemed_at.is_(None), _SESSION_LIVE)
_USE_CODE = (
    update(OneTimeToken)
    .where(
        OneTimeToken.id == _ID,
        OneTimeToken.purpose == bindparam("purpose", _CODE),
        OneTimeToken.subject == _CLIENT,
        OneTimeToken.consumed_at.is_(None),
        OneTimeToken.expires_at > _NOW,
        exists().where(OAuthGrant.id == OneTimeToken.id, *_PENDING),
    )
    .values(consumed_at=_NOW)
    .returning(OneTimeToken.id, OneTimeToken.data)
)
_BEGIN = update(OAuthGrant).values(redeemed_at=_NOW, refreshed_at=_NOW)
_COUNT = (
    update(OAuthGrant)
    .where(
        OAuthGrant.id == _ID,
        OAuthGrant.client_id == _CLIENT,
        OAuthGrant.counter == bindparam("presented"),
        *_LIVE,
    )
    .values(
        counter=OAuthGrant.counter + 1,
        refreshed_at=_NOW,
        expires_at=_earlier(
            OAuthGrant.absolute_expires_at,
            case(
                (OAuthGrant.is_offline, bindparam("offline_end", type_=_INSTANT)),
                else_=bindparam("idle_end", type_=_INSTANT),
            ),
        ),
    )
    .returning(*_GRANT)
)
_SESSION_END = bindparam("session_end", type_=_INSTANT)
# ``refreshed_at`` also says how long ago a session's own refresh token was spent; what
# was never refreshed, as every browser's, has none of which that could be asked.
_PROLONG = (
    update(Session)
    .where(
        Session.revoked_at.is_(None),
        Session.expires_at > _NOW,
        Session.expires_at < bindparam("prolong_below", type_=_INSTANT),
        Session.expires_at < Session.absolute_expires_at,
    )
    .values(
        expires_at=_earlier(Session.absolute_expires_at, _SESSION_END),
        refreshed_at=case((Session.counter == 0, _NOW), else_=Session.refreshed_at),
    )
)


def _answer(*more: Any) -> Select[Any]:
    """Return what tokens of a stored grant are made of."""
    query = select(*_GRANT, *_PERSON, *more).select_from(OAuthGrant)
    query = query.join(User, User.id == OAuthGrant.user_id)
    return query.outerjoin(UserClaims, UserClaims.user_id == User.id)


def _answer_of(changed: Any, *more: Any) -> Select[Any]:
    """Return the same of a grant that a step before has changed (PostgreSQL)."""
    columns = [changed.c[column.key] for column in _GRANT]
    query = select(*columns, *_PERSON, *more).select_from(changed)
    query = query.join(User, User.id == changed.c.user_id)
    return query.outerjoin(UserClaims, UserClaims.user_id == User.id)


def _redeem_in_one() -> Select[Any]:
    used = _USE_CODE.cte("used")
    begin = _BEGIN.where(OAuthGrant.id == used.c.id, *_NOT_OVER).returning(
        *_GRANT, used.c.data
    )
    begun = begin.cte("begun")
    return _answer_of(begun, begun.c.data.label("code"))


def _rotate_in_one() -> Select[Any]:
    counted = _COUNT.cte("counted")
    prolong = _PROLONG.where(
        Session.id == counted.c.session_id,
        Session.user_id == counted.c.user_id,
        counted.c.is_offline.is_(False),
    )
    return _answer_of(counted).add_cte(prolong.cte("prolonged"))


_REDEEM = _redeem_in_one()
_REDEEM_STEPS: Sequence[Executable] = (
    _USE_CODE,
    _BEGIN.where(OAuthGrant.id == _ID).returning(OAuthGrant.id),
    _answer(OneTimeToken.data.label("code"))
    .join(OneTimeToken, OneTimeToken.id == OAuthGrant.id)
    .where(OAuthGrant.id == _ID),
)
_ROTATE = _rotate_in_one()
_OWN_SESSION = exists().where(
    OAuthGrant.id == _ID,
    OAuthGrant.session_id == Session.id,
    OAuthGrant.user_id == Session.user_id,
    OAuthGrant.is_offline.is_(False),
)
_ROTATE_STEPS: Sequence[Executable] = (
    _COUNT,
    _PROLONG.where(_OWN_SESSION).returning(Session.id),
    _answer().where(OAuthGrant.id == _ID),
)
_CODE_STATE = (
    select(
        OneTimeToken.subject.label("client_id"),
        OneTimeToken.user_id,
        OneTimeToken.consumed_at,
        OneTimeToken.expires_at,
        OAuthGrant.redeemed_at,
        OAuthGrant.revoked_at,
    )
    .outerjoin(OAuthGrant, OAuthGrant.id == OneTimeToken.id)
    .where(OneTimeToken.id == _ID, OneTimeToken.purpose == bindparam("purpose", _CODE))
)
_STATE = _answer(and_(*_LIVE).label("is_live")).where(OAuthGrant.id == _ID)
_IS_REVOKED = exists().where(OAuthRevokedToken.id == _TOKEN_ID)
_USERINFO = _answer().where(OAuthGrant.id == _ID, *_LIVE, ~_IS_REVOKED)
_HOLDS = select(OAuthGrant.id).where(OAuthGrant.id == _ID, *_LIVE, ~_IS_REVOKED)
# The same for several at once (PostgreSQL).
_ASKED = asked("id", "token_id")
_IS_REVOKED_TOO = exists().where(OAuthRevokedToken.id == _ASKED.c.token_id)
_USERINFO_EACH = (
    _answer(_ASKED.c.place)
    .join(_ASKED, _ASKED.c.id == OAuthGrant.id)
    .where(*_LIVE, ~_IS_REVOKED_TOO)
)
_HOLDS_EACH = (
    select(OAuthGrant.id, _ASKED.c.place)
    .join(_ASKED, _ASKED.c.id == OAuthGrant.id)
    .where(*_LIVE, ~_IS_REVOKED_TOO)
)
# Whom an application acts for at the owner's part of our API, by what it was granted:
# grant, session, account and client are judged together.
_CALLER = (
    select(
        *(each for each in User.__table__.columns if each.name != "search_text"),
        OAuthGrant.session_id,
        OAuthGrant.authenticated_at,
        roles_of(User.id).label("roles"),
    )
    .select_from(OAuthGrant)
    .join(User, User.id == OAuthGrant.user_id)
    .join(OAuthClient, OAuthClient.client_id == OAuthGrant.client_id)
    .where(OAuthGrant.id == _ID, OAuthClient.status == ACTIVE, *_LIVE, ~_IS_REVOKED)
)
# What speaks for no person has no row that an epoch could end.
_IS_OF_BEFORE = exists().where(
    TokenEpoch.started_at >= bindparam("issued_at", type_=_INSTANT)
)
_TOKEN_HOLDS = select(literal(1).label("one")).where(~_IS_REVOKED, ~_IS_OF_BEFORE)


@cache
def _see(dialect: str) -> Any:
    """Return the statement that returns a row only to the first of equals."""
    digest = bindparam("digest", type_=OAuthAssertion.digest.type)
    end = bindparam("expires_at", type_=_INSTANT)
    adding = upserting(dialect)(OAuthAssertion).values(digest=digest, expires_at=end)
    return adding.on_conflict_do_nothing().returning(OAuthAssertion.expires_at)


class OAuthGrantStatements:
    """One round trip each, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._database = database
        names = "id", "token_id"
        self._persons = reading(database, _USERINFO, _USERINFO_EACH, *names)
        self._held = reading(database, _HOLDS, _HOLDS_EACH, *names)

    async def redeem(self, code_id: UUID, client_id: str, now: datetime) -> Any | None:
        """Use a code of this client up and begin its grant; None if it does not hold.

        The row has the grant, the person, and as ``code`` what the code was bound to.
        Of any number of callers at once exactly one gets it.
        """
        parameters = {"id": code_id, "client_id": client_id, "now": now}
        return await self._change(_REDEEM, _REDEEM_STEPS, parameters)

    async def code_state(self, code_id: UUID) -> Any | None:
        """Return what became of a code, whosever it is; None if it is not known."""
        return await self._database.fetch_one(_CODE_STATE, {"id": code_id})

    async def rotate(
        self,
        grant_id: UUID,
        client_id: str,
        presented: int,
        *,
        now: datetime,
        idle: timedelta,
        offline_idle: timedelta,
        session_idle: timedelta,
    ) -> Any | None:
        """Count a live grant on from ``presented``; None if it stood elsewhere.

        Once a day at most, the session that it hangs on is prolonged too; an offline
        grant hangs on none, and must not keep anybody signed in.
        """
        session_end = now + session_idle
        parameters = {
            "id": grant_id,
            "client_id": client_id,
            "presented": presented,
            "now": now,
            "idle_end": now + idle,
            "offline_end": now + offline_idle,
            "session_end": session_end,
            "prolong_below": session_end - _PROLONG_EACH,
        }
        return await self._change(_ROTATE, _ROTATE_STEPS, parameters)

    async def _change(
        self, whole: Executable, steps: Sequence[Executable], parameters: dict[str, Any]
    ) -> Any | None:
        if self._database.is_sqlite:
            return await self._database.fetch_guarded(steps, parameters)
        return await self._database.fetch_one(whole, parameters)

    async def state(self, grant_id: UUID, now: datetime) -> Any | None:
        """Return grant and person, and as ``is_live`` whether the grant holds."""
        return await self._database.fetch_one(_STATE, {"id": grant_id, "now": now})

    async def person(self, grant_id: UUID, token_id: UUID, now: datetime) -> Any | None:
        """Return grant and person behind an access token that holds, or None."""
        return await self._persons.get((grant_id, token_id, now))

    async def caller(self, grant_id: UUID, token_id: UUID, now: datetime) -> Any | None:
        """Return the account that an application acts for, if its token holds."""
        parameters = {"id": grant_id, "token_id": token_id, "now": now}
        return await self._database.fetch_one(_CALLER, parameters)

    async def holds(
        self,
        grant_id: UUID | None,
        token_id: UUID,
        now: datetime,
        *,
        issued_at: datetime,
    ) -> bool:
        """Tell whether an access token holds, and its grant if it has one."""
        if grant_id is None:
            alone = {"token_id": token_id, "issued_at": issued_at}
            row = await self._database.fetch_one(_TOKEN_HOLDS, alone)
        else:
            row = await self._held.get((grant_id, token_id, now))
        return row is not None

    async def see_assertion(self, digest: bytes, expires_at: datetime) -> bool:
        """Remember an assertion; False if it was seen before."""
        statement = _see("sqlite" if self._database.is_sqlite else "postgresql")
        parameters = {"digest": digest, "expires_at": expires_at}
        return await self._database.fetch_one(statement, parameters) is not None
