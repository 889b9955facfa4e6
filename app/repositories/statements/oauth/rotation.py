"""Refresh tokens of grants: counted on by one guarded write, for one or for several."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Executable,
    Select,
    String,
    bindparam,
    case,
    exists,
    select,
    update,
)

from app.models.oauth.grant import OAuthGrant
from app.models.session import Session
from app.repositories.statements.oauth.live_grant import (
    CLIENT,
    GRANT,
    ID,
    INSTANT,
    LIVE,
    NOW,
    answer,
    answer_of,
    earlier,
)
from app.repositories.statements.together import asked

PROLONG_EACH = timedelta(days=1)
_COUNT = update(OAuthGrant).values(
    counter=OAuthGrant.counter + 1,
    refreshed_at=NOW,
    expires_at=earlier(
        OAuthGrant.absolute_expires_at,
        case(
            (OAuthGrant.is_offline, bindparam("offline_end", type_=INSTANT)),
            else_=bindparam("idle_end", type_=INSTANT),
        ),
    ),
)
_COUNT_ONE = _COUNT.where(
    OAuthGrant.id == ID,
    OAuthGrant.client_id == CLIENT,
    OAuthGrant.counter == bindparam("presented"),
    *LIVE,
).returning(*GRANT)
_SESSION_END = bindparam("session_end", type_=INSTANT)
# ``refreshed_at`` also says how long ago a session's own refresh token was spent; what
# was never refreshed, as every browser's, has none of which that could be asked.
_PROLONGABLE = (
    Session.revoked_at.is_(None),
    Session.expires_at > NOW,
    Session.expires_at < bindparam("prolong_below", type_=INSTANT),
    Session.expires_at < Session.absolute_expires_at,
)
_PROLONG = (
    update(Session)
    .where(*_PROLONGABLE)
    .values(
        expires_at=earlier(Session.absolute_expires_at, _SESSION_END),
        refreshed_at=case((Session.counter == 0, NOW), else_=Session.refreshed_at),
    )
)


def _rotate_in_one() -> Select[Any]:
    counted = _COUNT_ONE.cte("counted")
    prolong = _PROLONG.where(
        Session.id == counted.c.session_id,
        Session.user_id == counted.c.user_id,
        counted.c.is_offline.is_(False),
    )
    return answer_of(counted).add_cte(prolong.cte("prolonged"))


def _rotate_each() -> Select[Any]:
    """Return the same for several at once, but what others hold locked.

    It waits for nobody, so that no caller is held up by another's grant, and no two of
    these for each other. Sessions are left alone, for they would be waited for.
    """
    wanted = asked(
        id=OAuthGrant.id.type,
        client_id=String(),
        presented=OAuthGrant.counter.type,
    )
    locked = (
        select(OAuthGrant.id, wanted.c.presented, wanted.c.place)
        .join(wanted, wanted.c.id == OAuthGrant.id)
        .where(
            OAuthGrant.client_id == wanted.c.client_id,
            OAuthGrant.counter == wanted.c.presented,
            *LIVE,
        )
        .with_for_update(of=OAuthGrant, skip_locked=True)
        .cte("locked")
    )
    count = _COUNT.where(
        OAuthGrant.id == locked.c.id, OAuthGrant.counter == locked.c.presented
    )
    counted = count.returning(*GRANT, locked.c.place).cte("counted")
    is_prolongable = (
        exists()
        .where(
            Session.id == counted.c.session_id,
            Session.user_id == counted.c.user_id,
            counted.c.is_offline.is_(False),
            *_PROLONGABLE,
        )
        .correlate(counted)
    )
    return answer_of(counted, counted.c.place, is_prolongable.label("is_prolongable"))


ROTATE = _rotate_in_one()
ROTATE_EACH = _rotate_each()
_OWN_SESSION = exists().where(
    OAuthGrant.id == ID,
    OAuthGrant.session_id == Session.id,
    OAuthGrant.user_id == Session.user_id,
    OAuthGrant.is_offline.is_(False),
)
PROLONG_OWN = _PROLONG.where(_OWN_SESSION).returning(Session.id)
ROTATE_STEPS: Sequence[Executable] = (
    _COUNT_ONE,
    PROLONG_OWN,
    answer().where(OAuthGrant.id == ID),
)
