"""What was handed out is worth what the rows say now, whoever changed them.

The rows are changed behind the application's back (an operator's SQL, a restored
backup), so that nothing was revoked on the way and only the guards at use are left.
"""

from typing import Any
from uuid import UUID

import jwt
import pytest
from sqlalchemy import delete, select, update

from app.models import Session, User, UserRole
from app.services.server.runtime import Runtime
from tests.support.api import Api, Mailed, Person
from tests.support.chance import FakeClock
from tests.support.tables import contents

NEW = "a brand new password"
HOUR, DAY = 3_600, 86_400


async def change(runtime: Runtime, user_id: UUID, **columns: Any) -> None:
    """Change an account's row and nothing else."""
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(User).where(User.id == user_id).values(columns))


async def session_row(runtime: Runtime, user_id: UUID) -> Session:
    async with runtime.database.session(read_only=True) as db:
        row = await db.scalar(select(Session).where(Session.user_id == user_id))
    assert row is not None
    return row


async def refreshed(api: Api, person: Person) -> bool:
    """Go on with a session; return whether there still is one."""
    body = {"refresh_token": person.tokens["refresh_token"]}
    answer = await api.post("/auth/refresh", body)
    person.tokens = answer.json()
    return answer.status_code == 200


async def test_t037_a_refresh_asks_whether_the_account_is_active(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    body = {"refresh_token": person.tokens["refresh_token"]}
    await change(runtime, person.id, status="disabled")

    refused = await api.post("/auth/refresh", body)

    assert (refused.status_code, refused.json()["code"]) == (
        401,
        "invalid_refresh_token",
    )
    row = await session_row(runtime, person.id)
    assert (row.counter, row.revoked_at) == (0, None)


async def test_t037_a_repeated_refresh_asks_whether_the_account_is_active(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    body = {"refresh_token": person.tokens["refresh_token"]}
    first = await api.post("/auth/refresh", body)
    await change(runtime, person.id, status="disabled")

    retried = await api.post("/auth/refresh", body)

    assert (first.status_code, retried.status_code) == (200, 401)
    assert "access_token" not in retried.json()


async def test_t037_an_access_token_serves_an_active_account_only(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    paths = ("/users/me", "/users/me/sessions", "/users", "/settings")
    before = [(await api.get(path, admin)).status_code for path in paths]

    await change(runtime, admin.id, status="disabled")
    after = [await api.get(path, admin) for path in paths]
    await change(runtime, admin.id, status="active")
    again = [(await api.get(path, admin)).status_code for path in paths]

    assert before == again == [200] * 4
    assert [answer.status_code for answer in after] == [401] * 4
    assert {answer.json()["code"] for answer in after} == {"invalid_access_token"}


async def test_t037_a_role_that_is_gone_is_in_no_new_token(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    async with runtime.unit_of_work() as uow:
        lost = delete(UserRole).where(UserRole.user_id == admin.id)
        await uow.db.execute(lost.where(UserRole.role == "admin"))

    body = {"refresh_token": admin.tokens["refresh_token"]}
    tokens = (await api.post("/auth/refresh", body)).json()

    def roles(issued: dict[str, Any]) -> Any:
        claims = jwt.decode(issued["access_token"], options={"verify_signature": False})
        return claims["roles"]

    assert (roles(admin.tokens), roles(tokens)) == (["admin", "user"], ["user"])
    for issued in (admin.tokens, tokens):
        person = Person(admin.id, admin.email, issued)
        assert (await api.get("/users", person)).status_code == 403


async def test_t037_nothing_is_refreshed_for_an_account_that_is_gone(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(delete(User).where(User.id == person.id))

    body = {"refresh_token": person.tokens["refresh_token"]}
    refused = await api.post("/auth/refresh", body)

    assert refused.json()["code"] == "invalid_refresh_token"
    assert (await api.get("/users/me", person)).status_code == 401


async def test_t121_no_refresh_takes_a_session_past_its_absolute_end(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person, started = await api.person(), clock.now()
    life, idle = (
        runtime.settings.session.absolute_ttl,
        runtime.settings.session.idle_ttl,
    )
    left: list[int] = []
    while len(left) < 100:
        clock.advance(days=1)
        body = {"refresh_token": person.tokens["refresh_token"]}
        answer = await api.post("/auth/refresh", body)
        if answer.status_code != 200:
            break
        person.tokens = answer.json()
        left.append(person.tokens["refresh_expires_in"])

    age = int((clock.now() - started).total_seconds())
    assert age == life  # kept alive until then, and not a day longer
    assert left == [min(idle, life - 86_400 * day) for day in range(1, len(left) + 1)]
    assert answer.json()["code"] == "invalid_refresh_token"
    assert (await api.get("/users/me", person)).status_code == 401


Way = tuple[str, str, dict[str, str]]
# What is mailed, where it is redeemed, and with which fields ({email} is the old one).
WAYS: list[Way] = [
    ("verify_email", "/auth/verify-email", {"token": "{token}"}),
    ("verify_email", "/auth/verify-email", {"email": "{email}", "code": "{code}"}),
    ("reset_password", "/auth/reset-password", {"token": "{token}"}),
    ("reset_password", "/auth/reset-password", {"email": "{email}", "code": "{code}"}),
    ("email_code", "/auth/email-code/verify", {"email": "{email}", "code": "{code}"}),
    ("invitation", "/auth/register", {"email": "{email}", "invitation": "{token}"}),
    ("invitation", "/auth/register", {"email": "{email}", "invitation": "{code}"}),
    ("change_email", "/confirm-email", {"token": "{token}"}),
]
ASK = {
    "verify_email": "/auth/resend-verification",
    "reset_password": "/auth/forgot-password",
    "email_code": "/auth/email-code",
}
CHANGES = {
    "disabled": {"status": "disabled"},
    "moved": {"email": "else@example.com", "email_canonical": "else@example.com"},
}


async def mailed(api: Api, kind: str, email: str) -> tuple[UUID, Mailed]:
    """Have a link mailed to somebody new; return whose it is, and the mail."""
    if kind == "invitation":
        made = await api.post("/users", {"email": email}, await api.admin())
        return UUID(made.json()["id"]), await api.mailed(kind)
    if kind == "change_email":
        person = await api.person(email=email)
        await api.post("/users/me/email", {"email": f"new-{email}"}, person)
        return person.id, await api.mailed(kind)
    user = await api.users(email=email, email_verified=kind != "verify_email")
    await api.post(ASK[kind], {"email": email})
    return user.id, await api.mailed(kind)


async def redeem(api: Api, way: Way, email: str, mail: Mailed) -> int:
    """Use what was mailed; return the status."""
    kind, path, fields = way
    values = {"email": email, "token": mail.token, "code": mail.code}
    body = {name: text.format(**values) for name, text in fields.items()}
    if kind == "change_email":  # the API wants a session, which the page does not
        browser = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
        return (await api.client.post(path, data=body, headers=browser)).status_code
    if kind == "reset_password":
        body["new_password"] = NEW
    elif kind == "invitation":
        body["password"] = NEW
    return (await api.post(path, body)).status_code


class TestOfLevels:
    """NIST SP 800-63B-4 sections 2.1.3, 2.2.3, 2.3.3: an operator keeps to a level."""

    @pytest.fixture(params=[(30 * DAY, 30 * DAY), (DAY, HOUR), (DAY // 2, HOUR // 4)])
    def times(self, request: pytest.FixtureRequest) -> tuple[int, int]:
        """The longest life of a session, and how long it may rest."""
        longest, idle = request.param
        return longest, idle

    @pytest.fixture
    def options(self, times: tuple[int, int]) -> dict[str, object]:
        return {"session": {"absolute_ttl": times[0], "idle_ttl": times[1]}}

    async def test_a_session_rests_and_lives_no_longer_than_its_level(
        self, api: Api, clock: FakeClock, times: tuple[int, int]
    ) -> None:
        longest, idle = times
        resting, used = await api.person(), await api.person()

        for number in range(1, 2 * longest // idle):
            clock.advance(seconds=idle // 2)
            assert await refreshed(api, used), number
            if number == 2:
                assert not await refreshed(api, resting)
        clock.advance(seconds=idle // 2)

        assert not await refreshed(api, used)


@pytest.mark.parametrize("what", CHANGES)
async def test_t125_a_link_is_for_the_active_account_with_its_address(
    api: Api, runtime: Runtime, what: str
) -> None:
    statuses, changed = [], []

    for number, way in enumerate(WAYS):
        email = f"owner-{number}@example.com"
        user_id, mail = await mailed(api, way[0], email)
        columns = {
            name: text.replace("@", f"-{number}@")
            for name, text in CHANGES[what].items()
        }
        await change(runtime, user_id, **columns)
        before = await contents(runtime)
        statuses.append((way, await redeem(api, way, email, mail)))
        after = await contents(runtime)
        tables = ("users", "user_roles", "sessions")
        changed += [(way, table) for table in tables if after[table] != before[table]]

    assert statuses == [(way, 400) for way in WAYS]
    assert changed == []


async def test_each_of_these_links_works_while_nothing_changed(api: Api) -> None:
    statuses = []

    for number, way in enumerate(WAYS):
        email = f"owner-{number}@example.com"
        _, mail = await mailed(api, way[0], email)
        statuses.append(await redeem(api, way, email, mail))

    assert statuses == [204, 204, 204, 204, 200, 201, 201, 303]
