"""Links and codes that are used while the account is locked by who ends them."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.services.accounts.change import end_everything
from app.services.server.runtime import Runtime
from tests.support.api import Api, Mailed

NEW_PASSWORD = "another horse battery staple"
EMAIL = "ann@example.com"
Body = Callable[[Mailed], dict[str, str]]


def link(mail: Mailed) -> dict[str, str]:
    return {"token": mail.token}


def code(mail: Mailed) -> dict[str, str]:
    return {"email": EMAIL, "code": mail.code}


USES: dict[str, tuple[str, str, Body]] = {
    "reset": ("/auth/forgot-password", "/auth/reset-password", link),
    "reset by code": ("/auth/forgot-password", "/auth/reset-password", code),
    "verification": ("/auth/resend-verification", "/auth/verify-email", link),
    "verification by code": ("/auth/resend-verification", "/auth/verify-email", code),
    "sign-in by code": ("/auth/email-code", "/auth/email-code/verify", code),
}


async def _waits(runtime: Runtime) -> None:
    """Return once somebody waits for a lock; SQLite cannot say so."""
    if runtime.settings.database_url.get_secret_value().startswith("sqlite"):
        return
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(60):
        while True:
            async with runtime.database.session(read_only=True) as db:
                if await db.scalar(query):
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("what", USES)
async def test_what_is_used_and_what_ends_it_do_not_wait_for_one_another(
    api: Api, what: str
) -> None:
    """Both lock the account first; else the database ends one of them, with a 503."""
    asks, uses, body = USES[what]
    user = await api.users(email=EMAIL, email_verified=False)
    await api.post(asks, {"email": EMAIL})
    mail = await api.mailed((await api.mails())[-1]["template"])
    sets = {"new_password": NEW_PASSWORD} if "reset" in what else {}

    async with api.runtime.unit_of_work() as uow:
        locked = await uow.users.by_id(user.id, lock=True)
        using = asyncio.create_task(api.post(uses, body(mail) | sets))
        await _waits(api.runtime)
        assert locked is not None
        await end_everything(uow, locked, uow.clock.now(), "test")
    used = await using

    assert used.status_code == 400, used.text
