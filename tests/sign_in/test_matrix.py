"""Every way to sign in, at every state of an account: in, one more step, or refused.

The ways are read from the document of the API: one that hands out tokens and has no
row here fails. What a page signs in with goes by the same services.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import update

from app.models import Role, User
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import Purpose
from tests.factories.authenticator import Authenticator
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person

IN = (200, "")
STEP = (401, "mfa_required")
WRONG = (401, "invalid_credentials")
UNVERIFIED = (403, "email_not_verified")
RESET = (403, "password_reset_required")
NO_CODE = (400, "invalid_code")
NO_PASSKEY = (401, "invalid_passkey")
OVER = (401, "invalid_refresh_token")
NO_STEP = (401, "invalid_mfa_token")
Way = Callable[[Api, "Prepared"], Awaitable[Response]]


class Prepared:
    """Somebody who holds everything that signs in, before the state changes."""

    def __init__(self, person: Person, passkey: Authenticator) -> None:
        """Remember what they hold."""
        self.person = person
        self.passkey = passkey
        self.code = ""
        self.waiting: dict[str, Any] = {}


async def by_password(api: Api, who: Prepared) -> Response:
    """Sign in with the password."""
    return await api.login(who.person.email)


async def by_code(api: Api, who: Prepared) -> Response:
    """Sign in with a code from a mail that came before."""
    body = {"email": who.person.email, "code": who.code}
    return await api.post("/auth/email-code/verify", body)


async def by_passkey(api: Api, who: Prepared) -> Response:
    """Sign in with a passkey that verifies its user."""
    options = (await api.post("/auth/passkey/options")).json()
    body = {"response": who.passkey.get(options)}
    return await api.post("/auth/passkey/verify", body)


async def by_refresh(api: Api, who: Prepared) -> Response:
    """Go on with a session that began before."""
    body = {"refresh_token": who.person.tokens["refresh_token"]}
    return await api.post("/auth/refresh", body)


async def by_second_step(api: Api, who: Prepared) -> Response:
    """Finish a sign-in that began before."""
    body = {"mfa_token": who.waiting["mfa_token"]}
    options = (await api.post("/auth/mfa/options", body)).json()
    if "challenge" not in options:
        options |= {"challenge": "AA", "rpId": "localhost"}
    answer = {"factor": "passkey", "response": who.passkey.get(options)}
    return await api.post("/auth/mfa", body | answer)


WAYS: dict[str, Way] = {
    "/api/v1/auth/login": by_password,
    "/api/v1/auth/email-code/verify": by_code,
    "/api/v1/auth/passkey/verify": by_passkey,
    "/api/v1/auth/refresh": by_refresh,
    "/api/v1/auth/mfa": by_second_step,
}
# By state: password, code, passkey, refresh, second step. An account with a passkey
# has a second factor: one is never enough for it. Whoever reads a mail to an address
# that was never confirmed takes the account, and what was set up before goes.
STATES: dict[str, tuple[tuple[int, str], ...]] = {
    "active": (STEP, STEP, IN, IN, IN),
    "disabled": (WRONG, NO_CODE, NO_PASSKEY, OVER, NO_STEP),
    "unverified": (UNVERIFIED, IN, UNVERIFIED, IN, IN),
    "demanded": (STEP, STEP, IN, IN, IN),
    "must_reset": (RESET, RESET, RESET, IN, NO_STEP),
    "not_me": (RESET, NO_CODE, RESET, OVER, NO_STEP),
}


@pytest.fixture
def options() -> dict[str, object]:
    """Addresses have to be confirmed."""
    return {"registration": "verified"}


async def set_state(api: Api, who: Prepared, state: str) -> None:
    """Bring an account into a state, as its owner or an administrator would."""
    person, columns = who.person, dict[str, Any]()
    if state == "disabled":
        admin = await api.admin()
        body = {"status": "disabled"}
        assert (await api.patch(f"/users/{person.id}", body, admin)).status_code == 200
    elif state == "demanded":
        async with api.runtime.database.session() as db:
            await db.execute(update(Role).values(mfa_required=True))
            await db.commit()
    elif state == "unverified":
        columns = {"email_verified": False}
    elif state == "must_reset":
        columns = {"must_reset_password": True}
    elif state == "not_me":
        async with api.runtime.unit_of_work() as uow:
            user = await uow.users.by_id(person.id)
            assert user is not None
            since = api.runtime.clock.now() + timedelta(seconds=1)
            link = not_me_link(uow, api.runtime, user, since=since)
        assert link is not None
        token = api.runtime.secret_key.one_time_token(Purpose.NOT_ME, link)
        assert (await api.post("/auth/not-me", {"token": token})).status_code == 204
    if columns:
        async with api.runtime.database.session() as db:
            query = update(User).where(User.id == person.id)
            await db.execute(query.values(**columns))
            await db.commit()


async def prepared(api: Api) -> Prepared:
    """Return somebody with a session, a passkey, a code, and a step that waits."""
    person = await api.person()
    passkey = await FactorFactory(api.runtime).passkey(person.id)
    who = Prepared(person, passkey)
    who.waiting = (await api.login(person.email)).json()
    await api.post("/auth/email-code", {"email": person.email})
    who.code = (await api.mailed("email_code")).code
    return who


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("state", STATES)
async def test_t098_every_way_at_every_state(api: Api, path: str, state: str) -> None:
    who = await prepared(api)
    await set_state(api, who, state)

    answer = await WAYS[path](api, who)

    expected = STATES[state][[*WAYS].index(path)]
    told = (answer.status_code, answer.json().get("code", ""))
    assert told == expected


def test_t098_no_way_is_missing(app: FastAPI) -> None:
    found = set()
    for path, methods in app.openapi()["paths"].items():
        for method in methods.values():
            good = method["responses"].get("200", {}).get("content", {})
            schema = good.get("application/json", {}).get("schema", {})
            if schema.get("$ref", "").endswith("/Tokens"):
                found.add(path)

    assert found == {*WAYS}
