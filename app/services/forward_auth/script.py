"""Scripts at protected hosts: a personal access token as a password (RFC 7617).

The token alone says whose script it is; the policy of the host is asked about that
person, at this moment. The user name is not looked at: each tool wants another one.
"""

from base64 import b64decode
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.context import current
from app.oauth.acr import acr_of
from app.policies.personal_token import HOSTS_ENTER
from app.repositories.statements.entered import EnteredStatements
from app.services.clients.provider import Provider
from app.services.process.rate_limit import by_address
from app.utils.personal_token import digest_of, is_personal

_SCHEME = "basic "


@dataclass(frozen=True, slots=True)
class ScriptVisitor:
    """A row of ``EnteredStatements.find``, of a script; it is in no session.

    Attributes:
        acr: As strong as the sign-in was that made the token.
    """

    id: UUID
    user_id: UUID
    email: str
    email_verified: bool
    username: str | None
    username_key: str | None
    name: str | None
    authenticated_at: datetime
    roles: str | None
    weaker_roles: str | None
    groups: str | None
    acr: str
    session_id: UUID | None = None


_COPIED = [each.name for each in fields(ScriptVisitor)][:-2]


class ScriptVisitors:
    """Recognises owners of tokens where a host takes tokens."""

    def __init__(self, provider: Provider, entered: EnteredStatements) -> None:
        """Ask by these statements."""
        self._provider = provider
        self._entered = entered

    def are_taken_at(self, host: str) -> bool:
        """Tell whether the operator lets tokens in there."""
        settings = self._provider.settings.personal_tokens
        return settings.enabled and host in settings.hosts

    async def find(self, token: str) -> ScriptVisitor | str:
        """Return who made a token for scripts that come, or why it is of nobody.

        Raises:
            TooManyRequests: Too many wrong ones came from there.
        """
        provider, digest = self._provider, digest_of(token)
        now, row = provider.clock.now(), None
        if digest is not None:
            row = await self._entered.find_script(digest, now)
        if row is None:
            # As at the API: who has a right one never pays for others.
            await provider.limiter.take(*by_address(provider.limits.token_address))
            return "personal access token: no such live one"
        if HOSTS_ENTER not in row.scope.split():
            return f"personal access token: {HOSTS_ENTER} is missing"
        current().user_id, current().token_id = row.user_id, row.id
        provider.personal_tokens.note_use(row, current().ip, now)
        return _visitor(row)


def _visitor(row: Any) -> ScriptVisitor:
    told = {name: getattr(row, name) for name in _COPIED}
    return ScriptVisitor(**told, acr=acr_of(row.amr))


def token_in(field: str) -> str:
    """Return the personal access token of an ``Authorization`` field, or nothing."""
    if field[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    try:
        pair = b64decode(field[len(_SCHEME) :].strip(), validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return ""
    password = pair.partition(":")[2]
    return password if is_personal(password) else ""
