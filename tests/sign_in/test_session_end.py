"""Ends of sessions: each one is told to the applications that were in it, once."""

import ast
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from app.core import jose
from app.models import OAuthGrant
from app.repositories.unit_of_work import UnitOfWork
from app.services.server.runtime import Runtime
from app.services.sessions.end import end_all_sessions, end_session
from app.services.sessions.session import SessionService
from tests.architecture.source import modules
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock
from tests.support.session_end import let_in, listener, notices, told

NEW_PASSWORD = "staple battery horse correct"
Way = Callable[[Api, Person, Person], Awaitable[None]]


def session_of(person: Person) -> UUID:
    """Return the session that somebody's access token speaks of."""
    claims = jose.unverified_claims(person.tokens["access_token"])
    return UUID(claims["sid"])


async def grant_is_over(runtime: Runtime, grant_id: UUID) -> bool:
    async with runtime.database.session(read_only=True) as db:
        return (await db.get_one(OAuthGrant, grant_id)).revoked_at is not None


async def sign_out(api: Api, person: Person, _admin: Person) -> None:
    assert (await api.post("/auth/logout", None, person)).status_code == 204


async def end_that_one(api: Api, person: Person, _admin: Person) -> None:
    other = await api.signed_in(person)
    path = f"/users/me/sessions/{session_of(person)}"
    assert (await api.delete(path, other)).status_code == 204


async def end_all_others(api: Api, person: Person, _admin: Person) -> None:
    other = await api.signed_in(person)
    assert (await api.delete("/users/me/sessions", other)).status_code == 204


async def reuse_a_refresh_token(api: Api, person: Person, _admin: Person) -> None:
    body = {"refresh_token": person.tokens["refresh_token"]}
    successor = (await api.post("/auth/refresh", body)).json()
    used = {"refresh_token": successor["refresh_token"]}
    assert (await api.post("/auth/refresh", used)).status_code == 200
    clock = api.runtime.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds=11)
    assert (await api.post("/auth/refresh", body)).status_code == 401


async def have_too_many(api: Api, person: Person, _admin: Person) -> None:
    clock = api.runtime.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds=1)
    await api.signed_in(person)
    async with api.runtime.unit_of_work() as uow:
        assert await SessionService(uow).end_surplus(1, 10) == 1


async def change_the_password(api: Api, person: Person, _admin: Person) -> None:
    other = await api.signed_in(person)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await api.post("/auth/change-password", body, other)
    assert answer.status_code == 204, answer.text


async def reset_the_password(api: Api, person: Person, _admin: Person) -> None:
    await api.post("/auth/forgot-password", {"email": person.email})
    token = (await api.mailed("reset_password")).token
    body = {"token": token, "new_password": NEW_PASSWORD}
    assert (await api.post("/auth/reset-password", body)).status_code == 204


async def be_revoked(api: Api, person: Person, admin: Person) -> None:
    path = f"/users/{person.id}/sessions/revoke"
    assert (await api.post(path, None, admin)).status_code == 204


async def be_reset(api: Api, person: Person, admin: Person) -> None:
    path = f"/users/{person.id}/password-reset"
    assert (await api.post(path, None, admin)).status_code in (202, 204)


async def be_disabled(api: Api, person: Person, admin: Person) -> None:
    body = {"status": "disabled"}
    assert (await api.patch(f"/users/{person.id}", body, admin)).status_code == 200


async def be_deleted(api: Api, person: Person, admin: Person) -> None:
    assert (await api.delete(f"/users/{person.id}", admin)).status_code == 204


async def leave(api: Api, person: Person, _admin: Person) -> None:
    assert (await api.delete("/users/me", person)).status_code == 204


ONE = [sign_out, end_that_one, reuse_a_refresh_token, have_too_many]
ALL = [
    end_all_others,
    change_the_password,
    reset_the_password,
    be_revoked,
    be_reset,
    be_disabled,
    be_deleted,
    leave,
]


@pytest.mark.parametrize("way", [*ONE, *ALL], ids=lambda way: way.__name__)
async def test_t116_t121_applications_are_told_of_each_end_once(
    api: Api, runtime: Runtime, way: Way
) -> None:
    """OIDC Back-Channel Logout §2.3, §2.7: who is in a session is kept, and told."""
    person, admin = await api.person(), await api.admin()
    app, deaf = await listener(runtime), await listener(
        runtime, backchannel_logout_uri=None
    )
    session_id = session_of(person)
    for each in (app, deaf):
        await let_in(runtime, each, person.id, session_id)
    # A second code of an application; they are one notice together.
    offline = await let_in(
        runtime, app, person.id, session_id, scope="openid offline_access"
    )
    await let_in(runtime, app, admin.id, session_of(admin))

    await way(api, person, admin)

    assert await told(runtime) == [(app.client_id, str(person.id), str(session_id))]
    if way not in (be_deleted, leave):  # those leave no grant that could be looked at
        assert await grant_is_over(runtime, offline) == (way in ALL)


async def test_the_session_that_is_kept_keeps_its_applications(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    app, scope = await listener(runtime), "openid offline_access"
    grant_id = await let_in(runtime, app, person.id, session_of(person), scope=scope)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    answer = await api.post("/auth/change-password", body, person)

    assert answer.status_code == 204
    assert await told(runtime) == []
    assert not await grant_is_over(runtime, grant_id)


async def test_who_proves_the_address_of_an_account_ends_what_was_there(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person(email_verified=False)
    app = await listener(runtime)
    await let_in(runtime, app, person.id, session_of(person))

    await api.post("/auth/email-code", {"email": person.email})
    code = (await api.mailed("email_code")).code
    body = {"email": person.email, "code": code}
    answer = await api.post("/auth/email-code/verify", body)

    assert answer.status_code == 200
    assert len(await told(runtime)) == 1


async def test_a_refused_change_tells_nobody(api: Api, runtime: Runtime) -> None:
    admin = await api.admin()
    app = await listener(runtime)
    await let_in(runtime, app, admin.id, session_of(admin))

    answer = await api.delete("/users/me", admin)

    assert answer.json()["code"] == "last_administrator"
    assert await told(runtime) == []
    assert (await api.get("/users/me", admin)).status_code == 200


async def test_the_notice_and_the_end_are_one_transaction(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    app = await listener(runtime)
    await let_in(runtime, app, person.id, session_of(person))

    async with runtime.database.session() as db:
        uow = runtime.uow(db)
        assert await end_session(uow, person.id, session_of(person), "test")
        await db.flush()
        await db.rollback()

    assert await told(runtime) == []
    assert (await api.get("/users/me", person)).status_code == 200


async def test_what_ended_before_is_not_told_again(api: Api, runtime: Runtime) -> None:
    person = await api.person()
    app = await listener(runtime)
    await let_in(runtime, app, person.id, session_of(person))
    ends: list[Callable[[UnitOfWork], Awaitable[object]]] = [
        lambda uow: end_session(uow, person.id, session_of(person), "first"),
        lambda uow: end_session(uow, person.id, session_of(person), "second"),
        lambda uow: end_all_sessions(uow, person.id, "third"),
    ]

    for end in ends:
        async with runtime.unit_of_work() as uow:
            await end(uow)

    assert len(await told(runtime)) == 1


@pytest.mark.parametrize(("minutes", "is_told"), [(1, True), (11, False)])
async def test_who_holds_a_code_is_told_while_it_may_become_tokens(
    api: Api, runtime: Runtime, clock: FakeClock, minutes: int, is_told: bool
) -> None:
    person = await api.person()
    app = await listener(runtime)
    await let_in(runtime, app, person.id, session_of(person), is_redeemed=False)

    clock.advance(seconds=timedelta(minutes=minutes).total_seconds())
    async with runtime.unit_of_work() as uow:
        await end_session(uow, person.id, session_of(person), "test")

    assert bool(await told(runtime)) == is_told


async def test_t127_a_notice_holds_no_secret(api: Api, runtime: Runtime) -> None:
    person = await api.person()
    app = await listener(runtime)
    await let_in(runtime, app, person.id, session_of(person))

    await sign_out(api, person, person)

    [message] = await notices(runtime)
    assert set(message.payload) == {"client_id", "user_id", "sid"}
    assert message.expires_at is None


def test_sessions_end_in_one_place_only() -> None:
    places = set()
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute):
                continue
            owner = getattr(node.value, "attr", None)
            if owner == "sessions" and node.attr.startswith("revoke"):
                places.add(path)

    assert places == {"app/services/sessions/end.py"}
