"""The work behind an answer tells nobody whether an address has an account.

Time is not measured here: what costs it is, the statements that reach the database.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api

KNOWN = "known@example.com"
UNKNOWN = "unknown@example.com"
STATES = ("verified", "unverified", "invited", "disabled")
_WRITE = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)")


@contextmanager
def written(runtime: Runtime) -> Iterator[Counter[str]]:
    """Count what is written meanwhile, by statement and table, undone or not."""
    seen: Counter[str] = Counter()
    engine = runtime.database.engine.sync_engine

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if found := _WRITE.match(statement.lstrip()):
            seen[" ".join(found.groups())] += 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def known_as(api: Api, state: str) -> None:
    """Make the account of KNOWN."""
    user = await api.users.with_password(
        PASSWORD,
        email=KNOWN,
        email_verified=state in ("verified", "disabled"),
        status="disabled" if state == "disabled" else "active",
    )
    if state == "invited":
        async with api.runtime.unit_of_work() as uow:
            passwords = PasswordService(api.runtime)
            await InvitationService(uow, api.runtime, passwords).send(user)


@pytest.mark.parametrize("state", STATES)
async def test_t086_registering_a_known_address_writes_what_a_new_one_does(
    api: Api, runtime: Runtime, state: str
) -> None:
    object.__setattr__(runtime.settings, "registration", "verified")
    await known_as(api, state)
    counts = {}
    for email in (UNKNOWN, KNOWN):
        body = {"email": email, "password": "quite another horse"}
        with written(runtime) as counts[email]:
            answer = await api.post("/auth/register", body)
        assert answer.status_code == 202

    assert counts[UNKNOWN]["INSERT INTO users"] == 1
    new, known = counts[UNKNOWN], counts[KNOWN]
    # Rows of one table that are written together are one statement, or two; an
    # invitation that is sent again is a mail besides.
    assert sum(((new - known) + (known - new)).values()) <= 3, (new, known)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "path", ["/auth/forgot-password", "/auth/resend-verification", "/auth/email-code"]
)
async def test_t086_asking_for_a_mail_writes_the_same_for_everybody(
    api: Api, runtime: Runtime, state: str, path: str
) -> None:
    await known_as(api, state)
    counts = []
    for email in (UNKNOWN, KNOWN):
        with written(runtime) as seen:
            await api.post(path, {"email": email})
        counts.append(seen)

    assert counts[0] == counts[1]


@pytest.mark.parametrize("state", STATES)
async def test_t086_a_refused_sign_in_writes_the_same_for_everybody(
    api: Api, runtime: Runtime, state: str
) -> None:
    await known_as(api, state)
    counts = []
    for email in (UNKNOWN, KNOWN):
        with written(runtime) as seen:
            await api.login(email, "wrong")
        counts.append(seen)

    assert counts[0] == counts[1]
