"""Sessions end when they must, and nobody waits inside somebody's account."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.support.api import PASSWORD, Api, Mailed, Person
from tests.support.chance import FakeClock

NEW = "a brand new password"
Ending = Callable[[Api, Person, Person], Awaitable[None]]


async def is_in(api: Api, person: Person) -> bool:
    """Tell whether either of somebody's tokens still does anything."""
    me = await api.get("/users/me", person)
    body = {"refresh_token": person.tokens["refresh_token"]}
    refreshed = await api.post("/auth/refresh", body)
    return 200 in (me.status_code, refreshed.status_code)


@dataclass
class Intruder:
    """Who registered somebody else's address, and waits with all there is to hold."""

    person: Person
    trojan: Mailed  # a pending move of the account to the intruder's own address

    async def is_in(self, api: Api) -> bool:
        """Tell whether anything of it still leads into the account."""
        if await is_in(api, self.person):
            return True
        browser = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
        moved = await api.client.post(
            "/confirm-email", data={"token": self.trojan.token}, headers=browser
        )
        again = await api.login(self.person.email)
        return moved.status_code == 303 or again.status_code == 200


async def intruder(api: Api, email: str) -> Intruder:
    await api.post("/auth/register", {"email": email, "password": PASSWORD})
    person = await api.signed_in(Person(api.runtime.randomness.uuid7(), email))
    await api.post("/users/me/email", {"email": "evil@example.com"}, person)
    return Intruder(person, await api.mailed("change_email"))


async def comes_by_code(api: Api, email: str) -> Response:
    await api.post("/auth/email-code", {"email": email})
    body = {"email": email, "code": (await api.mailed("email_code")).code}
    return await api.post("/auth/email-code/verify", body)


async def comes_by_reset_link(api: Api, email: str) -> Response:
    await api.post("/auth/forgot-password", {"email": email})
    token = (await api.mailed("reset_password")).token
    await api.post("/auth/reset-password", {"token": token, "new_password": NEW})
    return await api.login(email, NEW)


async def comes_by_reset_code(api: Api, email: str) -> Response:
    await api.post("/auth/forgot-password", {"email": email})
    code = (await api.mailed("reset_password")).code
    body = {"email": email, "code": code, "new_password": NEW}
    await api.post("/auth/reset-password", body)
    return await api.login(email, NEW)


@pytest.mark.parametrize(
    "comes", [comes_by_code, comes_by_reset_link, comes_by_reset_code]
)
async def test_t073_whoever_registered_first_has_no_way_in_later(
    api: Api, comes: Callable[[Api, str], Awaitable[Response]]
) -> None:
    email = "owner@example.com"
    waiting = await intruder(api, email)
    assert await is_in(api, await api.signed_in(waiting.person))

    came = await comes(api, email)

    owner = Person(waiting.person.id, email, came.json())
    assert came.status_code == 200
    assert not await waiting.is_in(api)
    assert (await api.get("/users/me", owner)).json()["email"] == email


async def test_t073_an_intruder_who_moved_on_holds_nothing_of_the_address(
    api: Api,
) -> None:
    email = "owner@example.com"
    waiting = await intruder(api, email)
    verify = await api.mailed("verify_email")  # it lies in the owner's mailbox
    token = {"token": waiting.trojan.token}
    moved = await api.post("/users/me/email/confirm", token, waiting.person)

    clicked = await api.post("/auth/verify-email", {"token": verify.token})
    made = await api.post("/auth/register", {"email": email, "password": NEW})
    owner = await api.signed_in(Person(UUID(made.json()["id"]), email), NEW)

    assert (moved.status_code, clicked.status_code) == (204, 400)
    shown = (await api.get("/users/me", waiting.person)).json()
    assert shown["email"] == "evil@example.com"
    assert shown["id"] != made.json()["id"]
    assert (await api.get("/users/me", owner)).json()["email"] == email


async def test_t085_a_recreated_account_inherits_nothing(api: Api) -> None:
    old = await api.admin()
    await api.admin()
    await api.post("/auth/forgot-password", {"email": old.email})
    link = (await api.mailed("reset_password")).token
    deleted = await api.delete("/users/me", old)

    body = {"email": old.email, "password": PASSWORD}
    new = (await api.post("/auth/register", body)).json()
    stale = await api.post("/auth/reset-password", {"token": link, "new_password": NEW})

    assert deleted.status_code == 204
    assert new["id"] != str(old.id) and new["roles"] == ["user"]
    assert stale.status_code == 400
    assert not await is_in(api, old)


async def test_t112_every_sign_in_begins_a_session_of_its_own(api: Api) -> None:
    first = await api.person()
    planted = {"refresh_token": first.tokens["refresh_token"]}
    headers = {**first.headers, "Cookie": f"session={planted['refresh_token']}"}

    answer = await api.client.post(
        "/api/v1/auth/login",
        json={"email": first.email, "password": PASSWORD},
        headers=headers,
    )

    tokens = answer.json()
    assert tokens["refresh_token"][:30] != planted["refresh_token"][:30]
    second = Person(first.id, first.email, tokens)
    listed = (await api.get("/users/me/sessions", second)).json()["items"]
    assert len(listed) == 2
    assert [each["current"] for each in listed].count(True) == 1


async def by_change(api: Api, victim: Person, _admin: Person) -> None:
    here = await api.signed_in(victim)
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = await api.post("/auth/change-password", body, here)
    assert answer.status_code == 204


async def by_reset(api: Api, victim: Person, _admin: Person) -> None:
    await api.post("/auth/forgot-password", {"email": victim.email})
    token = (await api.mailed("reset_password")).token
    body = {"token": token, "new_password": NEW}
    assert (await api.post("/auth/reset-password", body)).status_code == 204


async def by_administrators_reset(api: Api, victim: Person, admin: Person) -> None:
    answer = await api.post(f"/users/{victim.id}/password-reset", None, admin)
    assert answer.status_code == 202


async def by_administrator(api: Api, victim: Person, admin: Person) -> None:
    answer = await api.post(f"/users/{victim.id}/sessions/revoke", None, admin)
    assert answer.status_code == 204


async def by_disabling(api: Api, victim: Person, admin: Person) -> None:
    answer = await api.patch(f"/users/{victim.id}", {"status": "disabled"}, admin)
    assert answer.status_code == 200


async def by_deleting(api: Api, victim: Person, admin: Person) -> None:
    assert (await api.delete(f"/users/{victim.id}", admin)).status_code == 204


async def by_signing_out_elsewhere(api: Api, victim: Person, _admin: Person) -> None:
    here = await api.signed_in(victim)
    assert (await api.delete("/users/me/sessions", here)).status_code == 204


ENDINGS = (
    by_change,
    by_reset,
    by_administrators_reset,
    by_administrator,
    by_disabling,
    by_deleting,
    by_signing_out_elsewhere,
)


@pytest.mark.parametrize("end", ENDINGS)
async def test_t116_t121_an_ended_session_is_dead_at_once(
    api: Api, end: Ending
) -> None:
    victim, admin = await api.person(), await api.admin()
    assert await is_in(api, await api.signed_in(victim))

    await end(api, victim, admin)

    assert not await is_in(api, victim)


async def test_t118_a_request_under_way_does_not_revive_an_ended_session(
    api: Api,
) -> None:
    person = await api.person()
    body = {"refresh_token": person.tokens["refresh_token"]}
    requests = [api.post("/auth/refresh", body) for _ in range(5)]

    answers = await asyncio.gather(
        *requests[:3], api.post("/auth/logout", None, person), *requests[3:]
    )

    assert answers[3].status_code == 204
    assert not await is_in(api, person)
    for answer in answers:
        if answer.status_code == 200:
            assert not await is_in(api, Person(person.id, person.email, answer.json()))


@pytest.mark.parametrize("change", ["disabled", "deleted"])
async def test_t119_no_way_of_signing_in_serves_an_account_that_ended(
    api: Api, change: str
) -> None:
    victim, admin = await api.person(), await api.admin()
    await api.post("/auth/email-code", {"email": victim.email})
    code = (await api.mailed("email_code")).code
    await api.post("/auth/forgot-password", {"email": victim.email})
    reset = (await api.mailed("reset_password")).token
    if change == "disabled":
        await by_disabling(api, victim, admin)
    else:
        await by_deleting(api, victim, admin)
    before = len(await api.mails())

    answers = [
        await api.login(victim.email),
        await api.post(
            "/auth/email-code/verify", {"email": victim.email, "code": code}
        ),
        await api.post("/auth/reset-password", {"token": reset, "new_password": NEW}),
        await api.login(victim.email, NEW),
    ]
    for path in ("/auth/email-code", "/auth/forgot-password"):
        assert (await api.post(path, {"email": victim.email})).status_code == 202

    assert [answer.status_code for answer in answers] == [401, 400, 400, 401]
    assert not await is_in(api, victim)
    assert len(await api.mails()) == before


async def test_t119_an_account_enabled_again_does_not_get_its_old_sessions_back(
    api: Api,
) -> None:
    victim, admin = await api.person(), await api.admin()
    await by_disabling(api, victim, admin)

    await api.patch(f"/users/{victim.id}", {"status": "active"}, admin)

    assert not await is_in(api, victim)
    assert (await api.login(victim.email)).status_code == 200


async def test_t121_deleting_one_session_ends_that_one(api: Api) -> None:
    here = await api.person()
    there = await api.signed_in(here)
    listed = (await api.get("/users/me/sessions", here)).json()["items"]
    [other] = [each["id"] for each in listed if not each["current"]]

    ended = await api.delete(f"/users/me/sessions/{other}", here)

    assert ended.status_code == 204
    assert not await is_in(api, there)
    assert await is_in(api, here)


async def test_t035_a_rotated_token_stays_dead_after_a_restart(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    from app.services.server.runtime import build_runtime
    from app.services.sessions.session import ReusedRefreshToken, SessionTokenService

    person = await api.person()
    old = person.tokens["refresh_token"]
    successor = (await api.post("/auth/refresh", {"refresh_token": old})).json()
    await api.post("/auth/refresh", {"refresh_token": successor["refresh_token"]})
    clock.advance(seconds=11)
    restarted = build_runtime(runtime.settings, clock=clock)

    with pytest.raises(ReusedRefreshToken):
        await SessionTokenService(restarted).refresh(old)
    await restarted.close()

    assert not await is_in(api, person)


async def test_signing_out_several_times_at_once_is_signing_out(api: Api) -> None:
    person = await api.person()

    async def sign_out() -> int:
        return (await api.post("/auth/logout", None, person)).status_code

    statuses = await asyncio.gather(*(sign_out() for _ in range(8)))

    assert 204 in statuses and set(statuses) <= {204, 401}  # all of them documented
    assert (await api.trail(person.id)).count("session.revoked") == 1
    assert (await api.get("/users/me", person)).status_code == 401
