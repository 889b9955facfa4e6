"""The statements behind the protocol's endpoints: redeem, refresh, look up.

Each is one round trip (ADR-0005): Core, compiled once, run as the driver's own
prepared statement. What redeeming and refreshing change is decided by a guarded write;
PostgreSQL runs the steps as one statement, SQLite one after the other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Executable,
    Select,
    and_,
    bindparam,
    exists,
    literal,
    select,
    update,
)

from app.database import Database
from app.models.oauth.client import OAuthClient
from app.models.oauth.grant import OAuthGrant
from app.models.oauth.jti import OAuthAssertion, OAuthRevokedToken
from app.models.one_time_token import OneTimeToken
from app.models.token_epoch import TokenEpoch
from app.models.user import User
from app.repositories.base import upserting
from app.repositories.oauth.jti import LONGEST_TOKEN
from app.repositories.statements.held_roles import held_roles_of
from app.repositories.statements.oauth.live_grant import (
    CLIENT,
    GRANT,
    ID,
    INSTANT,
    LIVE,
    NOT_OVER,
    NOW,
    SESSION_LIVE,
    answer,
    answer_of,
    told,
)
from app.repositories.statements.oauth.rotation import (
    PROLONG_EACH,
    PROLONG_OWN,
    ROTATE,
    ROTATE_EACH,
    ROTATE_STEPS,
)
from app.repositories.statements.session import ACCOUNT, ACTIVE
from app.repositories.statements.together import PASSED_OVER, asked, sharing

_CODE = "authorization_code"
_TOKEN_ID = bindparam("token_id", type_=OAuthRevokedToken.id.type)
# A code needs the session of its sign-in even where its grant will outlive it: who
# signs out before it is redeemed does not let it go through.
_PENDING = (*NOT_OVER, OAuthGrant.redeemed_at.is_(None), SESSION_LIVE)
_USE_CODE = (
    update(OneTimeToken)
    .where(
        OneTimeToken.id == ID,
        OneTimeToken.purpose == bindparam("purpose", _CODE),
        OneTimeToken.subject == CLIENT,
        OneTimeToken.consumed_at.is_(None),
        OneTimeToken.expires_at > NOW,
        exists().where(OAuthGrant.id == OneTimeToken.id, *_PENDING),
    )
    .values(consumed_at=NOW)
    .returning(OneTimeToken.id, OneTimeToken.data)
)
_BEGIN = update(OAuthGrant).values(redeemed_at=NOW, refreshed_at=NOW)


def _redeem_in_one() -> Select[Any]:
    used = _USE_CODE.cte("used")
    begin = _BEGIN.where(OAuthGrant.id == used.c.id, *NOT_OVER).returning(
        *GRANT, used.c.data
    )
    begun = begin.cte("begun")
    return answer_of(begun, begun.c.data.label("code"))


_REDEEM = _redeem_in_one()
_REDEEM_STEPS: Sequence[Executable] = (
    _USE_CODE,
    _BEGIN.where(OAuthGrant.id == ID).returning(OAuthGrant.id),
    answer(OneTimeToken.data.label("code"))
    .join(OneTimeToken, OneTimeToken.id == OAuthGrant.id)
    .where(OAuthGrant.id == ID),
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
    .where(OneTimeToken.id == ID, OneTimeToken.purpose == bindparam("purpose", _CODE))
)
_STATE = answer(and_(*LIVE).label("is_live")).where(OAuthGrant.id == ID)
_IS_REVOKED = exists().where(OAuthRevokedToken.id == _TOKEN_ID)
_USERINFO = told().where(OAuthGrant.id == ID, *LIVE, ~_IS_REVOKED)
_HOLDS = select(OAuthGrant.id).where(OAuthGrant.id == ID, *LIVE, ~_IS_REVOKED)
# The same for several at once (PostgreSQL).
_ASKED = asked(id=OAuthGrant.id.type, token_id=OAuthRevokedToken.id.type)
_IS_REVOKED_TOO = exists().where(OAuthRevokedToken.id == _ASKED.c.token_id)
_USERINFO_EACH = (
    told(_ASKED.c.place)
    .join(_ASKED, _ASKED.c.id == OAuthGrant.id)
    .where(*LIVE, ~_IS_REVOKED_TOO)
)
_HOLDS_EACH = (
    select(OAuthGrant.id, _ASKED.c.place)
    .join(_ASKED, _ASKED.c.id == OAuthGrant.id)
    .where(*LIVE, ~_IS_REVOKED_TOO)
)
# Whom an application acts for at the owner's part of our API, by what it was granted:
# grant, session, account and client are judged together.
_CALLER = (
    select(
        *ACCOUNT,
        OAuthGrant.session_id,
        OAuthGrant.authenticated_at,
        held_roles_of(User.id).label("roles"),
    )
    .select_from(OAuthGrant)
    .join(User, User.id == OAuthGrant.user_id)
    .join(OAuthClient, OAuthClient.client_id == OAuthGrant.client_id)
    .where(OAuthGrant.id == ID, OAuthClient.status == ACTIVE, *LIVE, ~_IS_REVOKED)
)
# What speaks for no person has no row that an epoch could end.
_IS_OF_BEFORE = exists().where(
    TokenEpoch.started_at >= bindparam("issued_at", type_=INSTANT)
)
# Its client ended and lives again; what it had before does not.
_IS_OF_PAST = exists().where(
    OAuthRevokedToken.id == bindparam("past", type_=OAuthRevokedToken.id.type),
    OAuthRevokedToken.expires_at >= bindparam("past_until", type_=INSTANT),
)
_TOKEN_HOLDS = select(literal(1).label("one")).where(
    ~_IS_REVOKED, ~_IS_OF_BEFORE, ~_IS_OF_PAST
)


@cache
def _see(dialect: str) -> Any:
    """Return the statement that returns a row only to the first of equals."""
    digest = bindparam("digest", type_=OAuthAssertion.digest.type)
    end = bindparam("expires_at", type_=INSTANT)
    adding = upserting(dialect)(OAuthAssertion).values(digest=digest, expires_at=end)
    return adding.on_conflict_do_nothing().returning(OAuthAssertion.expires_at)


class OAuthGrantStatements:
    """One round trip each, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._database = database
        names = "id", "token_id"
        self._persons = sharing(database, _USERINFO, _USERINFO_EACH, *names)
        self._held = sharing(database, _HOLDS, _HOLDS_EACH, *names)
        presented = "id", "client_id", "presented"
        self._rotated = sharing(
            database, ROTATE, ROTATE_EACH, *presented, absent=PASSED_OVER
        )

    async def redeem(self, code_id: UUID, client_id: str, now: datetime) -> Any | None:
        """Use a code of this client up and begin its grant; None if it does not hold.

        The row has the grant, the person, and as ``code`` what the code was bound to.
        Of any number of callers at once exactly one gets it.
        """
        parameters = {"id": code_id, "client_id": client_id, "now": now}
        if self._database.is_sqlite:
            return await self._database.fetch_guarded(_REDEEM_STEPS, parameters)
        return await self._database.fetch_one(_REDEEM, parameters)

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
            "prolong_below": session_end - PROLONG_EACH,
        }
        if self._database.is_sqlite:
            return await self._database.fetch_guarded(ROTATE_STEPS, parameters)
        row = await self._rotated.get(parameters)
        if row is PASSED_OVER:
            return await self._database.fetch_one(ROTATE, parameters)
        if getattr(row, "is_prolongable", False):
            await self._database.fetch_one(PROLONG_OWN, parameters)
        return row

    async def state(self, grant_id: UUID, now: datetime) -> Any | None:
        """Return grant and person, and as ``is_live`` whether the grant holds."""
        return await self._database.fetch_one(_STATE, {"id": grant_id, "now": now})

    async def person(self, grant_id: UUID, token_id: UUID, now: datetime) -> Any | None:
        """Return the person behind an access token that holds, or None."""
        return await self._persons.get(
            {"id": grant_id, "token_id": token_id, "now": now}
        )

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
        past: UUID | None,
    ) -> bool:
        """Tell whether an access token holds, and its grant if it has one.

        ``past`` is the entry of what its client had before it ended and lived again;
        None where a grant says it.
        """
        if grant_id is None:
            alone = {
                "token_id": token_id,
                "issued_at": issued_at,
                "past": past,
                "past_until": issued_at + LONGEST_TOKEN,
            }
            row = await self._database.fetch_one(_TOKEN_HOLDS, alone)
        else:
            row = await self._held.get(
                {"id": grant_id, "token_id": token_id, "now": now}
            )
        return row is not None

    async def see_assertion(self, digest: bytes, expires_at: datetime) -> bool:
        """Remember an assertion; False if it was seen before."""
        statement = _see("sqlite" if self._database.is_sqlite else "postgresql")
        parameters = {"digest": digest, "expires_at": expires_at}
        return await self._database.fetch_one(statement, parameters) is not None
