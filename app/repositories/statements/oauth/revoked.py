"""What ended of late, read in one statement for all that wait for it (ADR-0084)."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    bindparam,
    cast,
    func,
    null,
    select,
    union_all,
)

from app.database import Database
from app.models.oauth.grant import OAuthGrant
from app.models.oauth.jti import OAuthRevokedToken
from app.models.session import Session
from app.models.token_epoch import TokenEpoch

_INSTANT = OAuthGrant.expires_at.type
_SINCE = bindparam("since", type_=_INSTANT)
_WINDOW = bindparam("window", type_=_INSTANT)
_NOW = bindparam("now", type_=_INSTANT)
_MOST = bindparam("most", type_=OAuthGrant.counter.type)
# PostgreSQL takes a bare NULL for a text.
_NEVER = cast(null(), _INSTANT).label("expires_at")
_NOBODY = cast(null(), OAuthGrant.id.type).label("client_entry")
_REDEEMED = OAuthGrant.redeemed_at.is_not(None)
_IN_SESSION = (_REDEEMED, ~OAuthGrant.is_offline, OAuthGrant.revoked_at.is_(None))
_OF_SESSION = Session.id == OAuthGrant.session_id


def _latest(query: Select[Any], at: Any) -> Select[Any]:
    """Return the rows of a part that ended last; what has a limit is no bare part."""
    limited = query.order_by(at.desc()).limit(_MOST).subquery()
    return select(limited.c.id, limited.c.at, _NEVER, _NOBODY)


def _noted(*where: Any) -> Select[Any]:
    """Return what no other row says, the latest of it."""
    table = OAuthRevokedToken
    at = table.ended_at.label("at")
    query = select(table.id, at, table.expires_at, table.client_entry).where(*where)
    latest = table.ended_at.desc(), table.expires_at.desc()
    limited = query.order_by(*latest).limit(_MOST).subquery()
    each = limited.c
    return select(each.id, each.at, each.expires_at, each.client_entry)


def _part(at: Any, *where: Any) -> Select[Any]:
    return select(OAuthGrant.id, at.label("at")).where(at > _SINCE, *where)


def _in_sessions(at: Any, *where: Any) -> Select[Any]:
    return _part(at, *_IN_SESSION, *where).join(Session, _OF_SESSION)


# What reaches its planned end a moment after it was refreshed leaves tokens too.
_USED = OAuthGrant.refreshed_at > _WINDOW
_ENDED: CompoundSelect[Any] = union_all(
    _latest(_part(OAuthGrant.revoked_at, _REDEEMED), OAuthGrant.revoked_at),
    _latest(_in_sessions(Session.revoked_at), Session.revoked_at),
    _latest(
        _part(OAuthGrant.expires_at, OAuthGrant.expires_at <= _NOW, _REDEEMED, _USED),
        OAuthGrant.expires_at,
    ),
    _latest(
        _in_sessions(
            Session.expires_at,
            Session.expires_at <= _NOW,
            Session.absolute_expires_at <= _NOW,
            _USED,
        ),
        Session.expires_at,
    ),
    _noted(OAuthRevokedToken.ended_at > _SINCE),
    # Of the release before; these are read whole, and there are none a day later.
    _noted(OAuthRevokedToken.ended_at.is_(None), OAuthRevokedToken.expires_at > _NOW),
)
_EPOCH = select(func.max(TokenEpoch.started_at).label("epoch"))


class RevokedStatements:
    """One round trip each, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._database = database

    async def epoch(self) -> datetime | None:
        """Return when everything was ended at once, or None."""
        row = await self._database.fetch_one(_EPOCH, {})
        epoch: datetime | None = row.epoch if row is not None else None
        return epoch

    async def ended(
        self, since: datetime, *, window: datetime, now: datetime, most: int
    ) -> list[Any]:
        """Return ``id``, ``at``, ``expires_at`` and ``client_entry`` of what ended.

        Args:
            since: What ended before is known already.
            window: Tokens that were issued before have expired.
            now: The present.
            most: How many rows of a kind at most, the latest of them.

        Returns:
            Grants with the instant of their end; tokens and clients that were noted
            have ``expires_at`` as well, and no instant if the release before did it.
        """
        values = {"since": since, "window": window, "now": now, "most": most}
        return await self._database.fetch_all(_ENDED, values)
