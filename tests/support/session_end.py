"""What tests of sessions that end share: applications that are in them."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.models import OAuthGrant, OutboxMessage, User
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory, CodeFactory
from tests.support.job import messages

LOGOUT_URI = "https://app.example.com/logout"


async def listener(runtime: Runtime, **metadata: Any) -> Application:
    """Register an application that is told of ends."""
    return await ApplicationFactory(runtime)(
        **({"backchannel_logout_uri": LOGOUT_URI} | metadata)
    )


async def let_in(
    runtime: Runtime,
    app: Application,
    user_id: UUID,
    session_id: UUID,
    *,
    scope: str = "openid",
    is_redeemed: bool = True,
) -> UUID:
    """Give an application a grant of a session; return the grant's id."""
    async with runtime.database.session(read_only=True) as db:
        user = await db.get_one(User, user_id)
    code = await CodeFactory(runtime)(app, user, scope, session_id=session_id)
    if is_redeemed:
        async with runtime.unit_of_work() as uow:
            redeemed = update(OAuthGrant).where(OAuthGrant.id == code.grant_id)
            await uow.db.execute(redeemed.values(redeemed_at=uow.clock.now()))
    return code.grant_id


async def notices(runtime: Runtime, state: str = "pending") -> list[OutboxMessage]:
    """Return the logout notices in a state, from a connection of its own."""
    found = await messages(runtime, state)
    return [message for message in found if message.kind == BACKCHANNEL_LOGOUT]


async def told(runtime: Runtime) -> list[tuple[str, str, str]]:
    """Return client, account and session of each notice that waits, sorted."""
    payloads = [message.payload for message in await notices(runtime)]
    return sorted((p["client_id"], p["user_id"], p["sid"]) for p in payloads)
