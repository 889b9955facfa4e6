"""Sessions that began elsewhere: by whom, and what the other side is asked by again.

What is kept travels with the proof of who came, through a second step if there is one,
and is stored in the transaction in which the session begins.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from app.core.secret_key import SealBroken
from app.models.upstream.connection import CHECK_EVERY
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

if TYPE_CHECKING:
    from app.upstreams.protocol import Tokens, UpstreamIdentity

MAX_HINT = 4_096  # characters of an ID token: an address has to hold it
_ASKED_BY = ("refresh_token", "access_token", "expires_at")
_LOOK = 86_400  # seconds until it is seen whether what nobody is asked by is over


class Origin(Protocol):
    """A connection, as far as its sessions have to know it."""

    @property
    def id(self) -> UUID:
        """Which."""
        ...

    @property
    def asks_at_least(self) -> int:
        """Seconds that its kind wants between two questions."""
        ...


def came_by(
    process: Process,
    origin: Origin,
    identity_id: UUID,
    identity: "UpstreamIdentity",
    set_out_at: datetime,
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a session will know of who came, as JSON has it.

    Args:
        process: Seals what is secret of it.
        origin: By which they came.
        identity_id: Of the link.
        identity: Who they are there.
        set_out_at: Before the other side was asked: what it withdrew later counts.
        policy: Of the connection.
    """
    every = asked_every(policy, origin)
    kept = kept_tokens(identity.tokens, policy, asks=every > 0)
    sealed = sealed_tokens(process, identity_id, kept)
    return {
        "connection": origin.id.hex,
        "identity": identity_id.hex,
        "who": identity.subject,
        "sid": identity.tokens.session_id,
        "tokens": b64encode(sealed).decode() if sealed else "",
        "at": set_out_at.isoformat(),
        "every": every or _LOOK,
    }


def asked_every(policy: Mapping[str, Any], origin: Origin) -> int:
    """Return after how many seconds the other side is asked anew; 0 is never."""
    every: int = policy.get("check_every", CHECK_EVERY)
    return max(every, origin.asks_at_least) if every else 0


def kept_tokens(
    tokens: "Tokens", policy: Mapping[str, Any], *, asks: bool
) -> dict[str, Any]:
    """Return of tokens what is kept: to ask by, and to sign out with.

    Args:
        tokens: Of an answer.
        policy: Of the connection.
        asks: Whether the other side is asked anew.
    """
    kept: dict[str, Any] = {}
    if asks and (tokens.refresh_token or tokens.access_token):
        kept = {name: getattr(tokens, name) for name in _ASKED_BY}
    hint = tokens.id_token
    if policy.get("signs_out") and hint is not None and len(hint) <= MAX_HINT:
        kept["id_token"] = hint
    return kept


def sealed_tokens(
    process: Process, identity_id: UUID, kept: Mapping[str, Any]
) -> bytes | None:
    """Return tokens as they are stored; None where there is nothing to keep."""
    if not kept:
        return None
    body, nonce = json.dumps(kept).encode(), process.randomness.bytes(12)
    return process.secret_key.seal(body, nonce, seal_context(identity_id))


def opened_tokens(
    process: Process, identity_id: UUID, sealed: bytes | None
) -> "Tokens | None":
    """Return tokens that were stored; None where there are none to read."""
    from app.upstreams.protocol import Tokens

    if sealed is None:
        return None
    try:
        opened = process.secret_key.unseal(sealed, seal_context(identity_id))
    except SealBroken:
        return None
    return Tokens(**json.loads(opened))


def seal_context(identity_id: UUID) -> str:
    """Return what the tokens of an identity are bound to: in another they are none."""
    return f"upstream_sessions:{identity_id}"


async def admit(uow: UnitOfWork, came: Mapping[str, Any]) -> bool:
    """Tell whether who came may still come in; if so it stays for this transaction.

    Ask before a session is touched: whoever ends what a connection let in holds the
    connection first.
    """
    connection_id, sid = UUID(hex=came["connection"]), came["sid"]
    if await uow.connections.shared(connection_id) is None:
        return False
    identity_id, since = UUID(hex=came["identity"]), datetime.fromisoformat(came["at"])
    if not await uow.upstream_identities.is_there(identity_id):
        return False
    logouts = uow.upstream_logouts
    return not await logouts.came_since(connection_id, came["who"], sid, since)


async def note(uow: UnitOfWork, session_id: UUID, came: Mapping[str, Any]) -> None:
    """Note by whom a session began, or was signed in to once more."""
    due_at = uow.clock.now() + timedelta(seconds=came["every"])
    await uow.upstream_sessions.put(
        session_id,
        UUID(hex=came["identity"]),
        sid=came["sid"],
        sealed_tokens=b64decode(came["tokens"]) or None,
        due_at=due_at if came["tokens"] else None,
    )
