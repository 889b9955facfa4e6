"""What a poll of a device runs: one look, and one more when it has something to get.

A loop of devices that wait writes nothing (ADR-0076).
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, exists, select, update

from app.database import Database
from app.models.oauth.device_code import DeviceCode
from app.models.oauth.grant import OAuthGrant
from app.repositories.statements.oauth.live_grant import (
    CLIENT,
    GRANT,
    ID,
    NOT_OVER,
    NOW,
    SESSION_LIVE,
    answer,
    answer_of,
)
from app.repositories.statements.together import asked, sharing

_STATE = select(
    DeviceCode.client_id,
    DeviceCode.expires_at,
    DeviceCode.approved_at,
    DeviceCode.denied_at,
    DeviceCode.redeemed_at,
    DeviceCode.user_id,
)
_ONE = _STATE.where(DeviceCode.id == ID)
_ASKED = asked(id=DeviceCode.id.type)
_EACH = _STATE.add_columns(_ASKED.c.place).join(_ASKED, _ASKED.c.id == DeviceCode.id)
# As with codes: who signs out before the device comes does not let it go through.
_PENDING = (*NOT_OVER, OAuthGrant.redeemed_at.is_(None), SESSION_LIVE)


# Made when the first device comes: many an installation has none.
@cache
def _use() -> Any:
    return (
        update(DeviceCode)
        .where(
            DeviceCode.id == ID,
            DeviceCode.client_id == CLIENT,
            DeviceCode.approved_at.is_not(None),
            DeviceCode.redeemed_at.is_(None),
            DeviceCode.expires_at > NOW,
            exists().where(OAuthGrant.id == DeviceCode.id, *_PENDING),
        )
        .values(redeemed_at=NOW)
        .returning(DeviceCode.id)
    )


@cache
def _begin() -> Any:
    return update(OAuthGrant).values(redeemed_at=NOW, refreshed_at=NOW)


@cache
def _redeem() -> Any:
    used = _use().cte("used")
    begin = _begin().where(OAuthGrant.id == used.c.id, *NOT_OVER).returning(*GRANT)
    return answer_of(begin.cte("begun"))


@cache
def _redeem_steps() -> Sequence[Executable]:
    return (
        _use(),
        _begin().where(OAuthGrant.id == ID).returning(OAuthGrant.id),
        answer().where(OAuthGrant.id == ID),
    )


class DeviceCodeStatements:
    """One round trip each, outside of any session."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database."""
        self._database = database
        self._states = sharing(database, _ONE, _EACH, "id")

    async def state(self, code_id: UUID, now: datetime) -> Any | None:
        """Return what became of a code; None if it is not kept any more."""
        return await self._states.get({"id": code_id, "now": now})

    async def redeem(self, code_id: UUID, client_id: str, now: datetime) -> Any | None:
        """Use an approved code up and begin its grant; None if it does not hold.

        Of any number of callers at once exactly one gets grant and person.
        """
        parameters = {"id": code_id, "client_id": client_id, "now": now}
        if self._database.is_sqlite:
            return await self._database.fetch_guarded(_redeem_steps(), parameters)
        return await self._database.fetch_one(_redeem(), parameters)
