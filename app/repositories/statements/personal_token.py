"""The statements behind a request with a personal access token, one round trip each."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, false, or_, select, update

from app.database import Database
from app.models.access.personal_token import PersonalToken
from app.models.role import Role
from app.models.user import User
from app.repositories.statements.held_roles import held_roles_of, roles_held_by
from app.repositories.statements.session import ACCOUNT, ACTIVE

PATIENCE = 3.0  # seconds that a stop waits for the last ones
USE_NOTED = timedelta(minutes=1)  # at most once in that time
_log = logging.getLogger("auth_serve.personal_token")
_NOW = bindparam("now", type_=PersonalToken.expires_at.type)
_SINCE = bindparam("since", type_=PersonalToken.expires_at.type)
_THIS = PersonalToken.id == bindparam("token_id", type_=PersonalToken.id.type)
_FOUND = (
    select(
        *ACCOUNT,
        PersonalToken.id.label("token_id"),
        PersonalToken.scope,
        PersonalToken.amr,
        PersonalToken.created_at.label("made_at"),
        PersonalToken.expires_at,
        PersonalToken.last_used_at,
        held_roles_of(User.id).label("roles"),
    )
    .join(PersonalToken, PersonalToken.user_id == User.id)
    .where(
        PersonalToken.digest == bindparam("digest", type_=PersonalToken.digest.type),
        PersonalToken.expires_at > _NOW,
        User.status == ACTIVE,
        User.must_reset_password == false(),
    )
)
_ROLES = roles_held_by(
    PersonalToken.user_id,
    (Role.permissions, Role.mfa_required, PersonalToken.amr),
    _THIS,
)
_USED = (
    update(PersonalToken)
    .where(
        _THIS,
        or_(PersonalToken.last_used_at.is_(None), PersonalToken.last_used_at < _SINCE),
    )
    .values(last_used_at=_NOW, last_used_ip=bindparam("ip"))
    .returning(PersonalToken.id)
)


class PersonalTokenStatements:
    """Personal access tokens, as requests show them."""

    def __init__(self, database: Database) -> None:
        """Run on the pool of this database, outside of any session."""
        self._database = database
        self._notes: set[asyncio.Task[None]] = set()

    async def find(self, digest: bytes, now: datetime) -> Any | None:
        """Return the active account of a live token, and that; or None."""
        parameters = {"digest": digest, "now": now}
        return await self._database.fetch_one(_FOUND, parameters)

    async def roles_of(self, token_id: UUID) -> list[Any]:
        """Return the roles of its owner, each with how the token was proven."""
        return await self._database.fetch_all(_ROLES, {"token_id": token_id})

    def note_use(self, row: Any, ip: str, now: datetime) -> None:
        """Write down that a token was used, beside the request and not in its way.

        Args:
            row: What ``find`` returned.
            ip: Where from.
            now: When; within a minute of the last use nothing is written.
        """
        if row.last_used_at is not None and row.last_used_at > now - USE_NOTED:
            return
        note = asyncio.create_task(self._note(row.token_id, ip, now))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _note(self, token_id: UUID, ip: str, now: datetime) -> None:
        parameters = {
            "token_id": token_id,
            "ip": ip,
            "now": now,
            "since": now - USE_NOTED,
        }
        try:
            await self._database.fetch_one(_USED, parameters)
        except Exception as error:  # the request was answered; the next one notes it
            _log.warning("use not noted", extra={"error": type(error).__name__})

    async def settle(self) -> None:
        """Wait until every use is written down, but not for a database that hangs."""
        if self._notes:
            await asyncio.wait(self._notes, timeout=PATIENCE)
