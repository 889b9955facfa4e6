"""A protected host, and people who are inside, made beforehand for a measured build.

Runs with the code of the build that is measured, see `benchmarks.inside`.
"""

from datetime import timedelta

from app.config import Settings
from app.models import OAuthGrant
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.protected_host import ProtectedHostPolicy
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.server.runtime import Runtime, build_runtime
from benchmarks.stage import PRODUCTION, SECRET

HOST = "wiki.example.org"
_DAY = timedelta(days=1)


async def enter(database_url: str, count: int) -> list[str]:
    """Return the host's cookies of so many people, each signed in already."""
    url = PRODUCTION["AUTH_SERVE_PUBLIC_URL"]
    settings = {"database_url": database_url, "secret_key": SECRET, "public_url": url}
    runtime = build_runtime(Settings.model_validate(settings))
    async with runtime.unit_of_work() as uow:
        hosts = ProtectedHostService(uow, runtime, runtime.gate.hosts)
        policy = ProtectedHostPolicy(roles=["user"]).model_dump()
        host = await hosts.create(HOST, {"name": "Wiki", **policy})
        cookies = [
            await _cookie(uow, runtime, host.client_id, f"user{number}@example.com")
            for number in range(count)
        ]
    await runtime.close()
    return cookies


async def _cookie(uow: UnitOfWork, runtime: Runtime, client_id: str, email: str) -> str:
    user, now = await uow.users.by_email(email), uow.clock.now()
    assert user is not None
    [session] = await uow.sessions.list_live(user.id, now, after=None, limit=1)
    grant = OAuthGrant(
        id=uow.randomness.uuid7(),
        client_id=client_id,
        user_id=user.id,
        session_id=session.id,
        is_offline=False,
        scope="openid profile email",
        claims={},
        acr="aal1",
        amr="pwd",
        authenticated_at=session.authenticated_at,
        counter=0,
        created_at=now,
        redeemed_at=now,
        refreshed_at=now,
        expires_at=now + _DAY,
        absolute_expires_at=now + _DAY,
    )
    uow.oauth_grants.add(grant)
    secret = runtime.secret_key.host_session(grant.id, HOST)
    return f"{runtime.gate.cookies.host}={secret}"
