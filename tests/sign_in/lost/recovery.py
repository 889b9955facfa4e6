"""What tests of lost factors share: the mails of a recovery, as they arrive."""

import re
from datetime import timedelta
from typing import Any

from httpx2 import Response
from sqlalchemy import update

from app.jobs.mail import MailJob
from app.models import User
from app.services.one_time.token import OneTimeTokenService, Purpose
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person

RECOVER = "/auth/factors/recover"
ANNOUNCED = "Your second factors are about to be removed"
LINK = "Remove the second factors of your account"
DONE = "The second factors of your account were removed"
DELAY = 72  # hours
NEW_PASSWORD = "another horse battery"


async def begun(api: Api, person: Person, password: str = PASSWORD) -> dict[str, Any]:
    """Return what somebody gets for the right password alone."""
    document: dict[str, Any] = (await api.login(person.email, password)).json()
    assert document["code"] == "mfa_required"
    return document


async def ask(api: Api, person: Person, password: str = PASSWORD) -> Response:
    """Say that every factor is lost."""
    first = await begun(api, person, password)
    return await api.post(RECOVER, {"mfa_token": first["mfa_token"]})


async def arrived(api: Api) -> list[str]:
    """Deliver what is due; return the subjects of all mails so far, oldest first."""
    while await MailJob(api.runtime).run():
        pass
    return [mail.subject for mail in reversed(api.runtime.mailbox.list())]


async def token_in(api: Api, subject: str) -> str:
    """Return the token of the link in the latest mail with this subject."""
    await arrived(api)
    mails = [each for each in api.runtime.mailbox.list() if each.subject == subject]
    found = re.search(r"\?token=(\S+)", mails[0].text)
    assert found
    return found[1]


async def finish(api: Api, token: str, password: str = PASSWORD) -> Response:
    """Use the link of the last mail."""
    return await api.post(f"{RECOVER}/finish", {"token": token, "password": password})


async def loser(api: Api) -> Person:
    """Return somebody with an app, a passkey and recovery codes, all of them lost."""
    person, factors = await api.person(), FactorFactory(api.runtime)
    await factors.totp(person.id)
    await factors.passkey(person.id)
    await factors.recovery_codes(person.id)
    return person


async def change(api: Api, person: Person, **columns: Any) -> None:
    """Change an account in the database."""
    async with api.runtime.database.session() as db:
        await db.execute(update(User).where(User.id == person.id).values(**columns))
        await db.commit()


async def reset(api: Api, person: Person) -> None:
    """Choose another password with nothing but the mailbox."""
    await api.post("/auth/forgot-password", {"email": person.email})
    token = (await api.mailed("reset_password")).token
    body = {"token": token, "new_password": NEW_PASSWORD}
    assert (await api.post("/auth/reset-password", body)).status_code == 204


async def by_passkey(api: Api, person: Person) -> None:
    """Sign in with a passkey that was not lost after all."""
    held = await FactorFactory(api.runtime).passkey(person.id)
    options = (await api.post("/auth/passkey/options", {})).json()
    body = {"response": held.get(options)}
    assert (await api.post("/auth/passkey/verify", body)).status_code == 200


async def due_link(api: Api, person: Person) -> str:
    """Return the last link of a recovery whose time has come."""
    runtime, due = api.runtime, api.runtime.clock.now() - timedelta(seconds=1)
    async with runtime.unit_of_work() as uow:
        row = await OneTimeTokenService(uow, runtime).issue(
            Purpose.FACTOR_RECOVERY,
            subject=person.email,
            ttl=600,
            user_id=person.id,
            data={"due_at": due.isoformat()},
        )
    return runtime.secret_key.one_time_token(Purpose.FACTOR_RECOVERY, row.id)
