"""One end for everything that was issued: sessions, grants, links, codes, tokens."""

from app.events.oauth.token_epoch import TokenEpochBegun
from app.models.token_epoch import TokenEpoch
from app.repositories.unit_of_work import UnitOfWork

_WAITED = "given up: everything issued before was ended"


async def begin_epoch(uow: UnitOfWork, reason: str) -> TokenEpochBegun:
    """End whatever was issued before now, and return how much that was.

    Passwords, roles, consents, clients and their secrets stay (ADR-0040).
    """
    now, epochs = uow.clock.now(), uow.token_epochs
    # Twice: a refresh locks its grant before the session, and must not meet us on the
    # way back; and what was granted meanwhile must not slip through.
    grants = await epochs.revoke_grants(now, reason)
    sessions = await epochs.revoke_sessions(now, reason)
    grants += await epochs.revoke_grants(now, reason)
    tokens = await epochs.use_up_tokens(now)
    personal = await uow.personal_tokens.delete_all()
    await epochs.forget_answers()
    await epochs.stop_messages(now, _WAITED)
    epochs.add(TokenEpoch(id=uow.randomness.uuid7(), started_at=now, reason=reason))
    event = TokenEpochBegun(
        user_id=None,
        reason=reason,
        sessions=sessions,
        grants=grants,
        one_time_tokens=tokens,
        personal_tokens=personal,
    )
    uow.record(event)
    return event
