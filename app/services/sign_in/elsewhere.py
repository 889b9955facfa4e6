"""Sessions that began elsewhere: by whom, and what the other side is asked by again.

What is kept travels with the proof of who came, through a second step if there is one,
and is stored in the transaction in which the session begins.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.models.upstream.connection import CHECK_EVERY
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

if TYPE_CHECKING:
    from app.upstreams.protocol import Tokens, UpstreamIdentity

_KEPT = ("refresh_token", "access_token", "expires_at")


def came_by(
    process: Process,
    connection_id: UUID,
    identity_id: UUID,
    identity: "UpstreamIdentity",
    set_out_at: datetime,
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a session will know of who came, as JSON has it.

    Args:
        process: Seals what is secret of it.
        connection_id: By which they came.
        identity_id: Of the link.
        identity: Who they are there.
        set_out_at: Before the other side was asked: what it withdrew later counts.
        policy: Of the connection.
    """
    sealed, every = None, policy.get("check_every", CHECK_EVERY)
    if every:
        sealed = sealed_tokens(process, identity_id, identity.tokens)
    return {
        "connection": connection_id.hex,
        "identity": identity_id.hex,
        "who": identity.subject,
        "sid": identity.tokens.session_id,
        "tokens": b64encode(sealed).decode() if sealed else "",
        "at": set_out_at.isoformat(),
        "every": every,
    }


def sealed_tokens(
    process: Process, identity_id: UUID, tokens: "Tokens"
) -> bytes | None:
    """Return tokens as they are stored; None where the other side gave none to keep."""
    kept = {name: getattr(tokens, name) for name in _KEPT}
    if not (tokens.refresh_token or tokens.access_token):
        return None
    body, nonce = json.dumps(kept).encode(), process.randomness.bytes(12)
    return process.secret_key.seal(body, nonce, seal_context(identity_id))


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
