"""An account that nobody proved, while its maker and the reader of its mailbox race.

Whoever registered somebody else's address uses the account with all their might, at
both processes, at the moment in which its owner proves to read mail there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.models import User
from app.policies.permission import ADMIN_ROLE
from tests.factories.oauth import Application
from tests.races.crowd import (
    NEW_PASSWORD,
    address,
    crowd,
    statuses,
)
from tests.support.api import Api, Person
from tests.support.oauth import Protocol, SignedIn

SQUATTED = "a squatter's good passphrase"
CHANGED = "a squatter's next passphrase"


@dataclass
class Squatter:
    """Who made the account, with everything that one can hold of it."""

    api: Api
    person: Person
    app: Application
    grant: SignedIn
    kept: list[dict[str, Any]]

    async def act(self, both: list[AsyncClient]) -> list[Response]:
        """Sign in, refresh and change the password, all at once."""
        spent = {"refresh_token": self.person.tokens["refresh_token"]}
        form = {"grant_type": "refresh_token", "client_id": self.app.client_id}
        login = {"email": self.person.email, "password": SQUATTED}
        change = {"current_password": SQUATTED, "new_password": CHANGED}
        taken = {"email": self.person.email, "password": SQUATTED}
        grants = [form | {"refresh_token": self.grant.refresh_token}] * 4
        groups = await asyncio.gather(
            crowd(both, "/api/v1/auth/login", [login] * 6),
            crowd(both, "/api/v1/auth/refresh", [spent] * 4),
            crowd(both, "/oauth2/token", grants, form=True),
            crowd(
                both, "/api/v1/auth/change-password", [change] * 2, person=self.person
            ),
            crowd(both, "/api/v1/auth/register", [taken] * 2),
        )
        self.kept += [a.json() for a in (*groups[0], *groups[1]) if a.is_success]
        self.kept += [a.json() for a in groups[2] if a.is_success]
        return [answer for group in groups for answer in group]

    async def assert_dead(self) -> None:
        """Demand that nothing of theirs opens anything."""
        for password in (SQUATTED, CHANGED):
            assert (await self.api.login(self.person.email, password)).is_client_error
        protocol = Protocol(self.api)
        for tokens in (self.person.tokens, self.grant.tokens, *self.kept):
            holder = Person(self.person.id, self.person.email, tokens)
            again = {"refresh_token": tokens["refresh_token"]}
            refreshed = await protocol.refresh(self.app, tokens["refresh_token"])
            told = await protocol.userinfo(tokens["access_token"])
            assert (await self.api.get("/users/me", holder)).status_code == 401
            assert (await self.api.post("/auth/refresh", again)).status_code == 401
            assert (told.status_code, refreshed.status_code) == (401, 400)


async def squatter(api: Api) -> Squatter:
    """Return somebody who registered an address that they do not read."""
    email = address()
    body = {"email": email, "password": SQUATTED, "name": "Squatter"}
    made = await api.post("/auth/register", body)
    assert made.status_code == 201, made.text
    user = await _holders(api, email)
    person = await api.signed_in(Person(user[0].id, email), SQUATTED)
    app = await Protocol(api).apps.public()
    grant = await Protocol(api).signed_in(app, "openid offline_access", user=user[0])
    return Squatter(api, person, app, grant, [])


async def _holders(api: Api, email: str) -> Sequence[User]:
    query = select(User).where(User.email_canonical == email)
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).all()


async def test_whoever_reads_the_mails_has_the_account_alone(
    api: Api, both: list[AsyncClient]
) -> None:
    """Link and code of the owner race each other too; one of them counts, once."""
    theirs = await squatter(api)
    email = theirs.person.email
    await api.post("/auth/forgot-password", {"email": email})
    link = await api.mailed("reset_password")
    await api.post("/auth/email-code", {"email": email})
    code = (await api.mailed("email_code")).code
    reset = {"token": link.token, "new_password": NEW_PASSWORD}

    acted, resets, codes = await asyncio.gather(
        theirs.act(both),
        crowd(both, "/api/v1/auth/reset-password", [reset] * 6),
        crowd(both, "/api/v1/auth/email-code/verify", [{"email": email, "code": code}]),
    )

    assert all(answer.status_code < 500 for answer in acted), statuses(acted)
    proofs = [*resets, *codes]
    assert {answer.is_success for answer in proofs} == {True, False}, statuses(proofs)
    assert all(answer.status_code < 500 for answer in proofs), statuses(proofs)
    [found] = await _holders(api, email)
    assert (found.id, found.email_verified) == (theirs.person.id, True)
    assert found.name is None
    await theirs.assert_dead()


async def test_whoever_gets_the_address_otherwise_has_it_alone(
    api: Api, both: list[AsyncClient]
) -> None:
    """A change of address, and an administrator who makes one or gives it to one."""
    theirs = await squatter(api)
    email = theirs.person.email
    mover = await api.person(email=address())
    await api.post("/users/me/email", {"email": email}, mover)
    moves = {"token": (await api.mailed("change_email")).token}
    other = await api.users(email=address())
    admin = await api.person(ADMIN_ROLE, email=address())
    given = {"email": email, "email_verified": True}

    acted, moved, made, set_by = await asyncio.gather(
        theirs.act(both),
        crowd(both, "/api/v1/users/me/email/confirm", [moves] * 4, person=mover),
        crowd(both, "/api/v1/users", [{"email": email}] * 4, person=admin),
        both[1].patch(f"/api/v1/users/{other.id}", json=given, headers=admin.headers),
    )

    assert all(answer.status_code < 500 for answer in acted), statuses(acted)
    ways = [*moved, *made, set_by]
    assert all(answer.status_code < 500 for answer in ways), statuses(ways)
    assert sum(answer.is_success for answer in ways) == 1, statuses(ways)
    [found] = await _holders(api, email)
    assert found.id != theirs.person.id
    await theirs.assert_dead()
