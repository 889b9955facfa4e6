"""Requests at the same moment, to two processes on one database, on both engines."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Limits, Response
from sqlalchemy import delete, func, select, update

from app.config import Settings
from app.models import OAuthGrant, Session, User, UserRole
from app.policies.permission import ADMIN_ROLE
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.setup import SetupService
from tests.conftest import ENGINES, ROOT, SECRET
from tests.factories.oauth import ApplicationFactory
from tests.servers.postgres import create_database, drop_database
from tests.servers.service import NO_LIMITS, running
from tests.support.api import PASSWORD, Api, Person
from tests.support.oauth import Protocol

NEW_PASSWORD = "another horse battery staple"
SIGN_IN_LIMIT = 10
CROWD = {
    "AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT": f"{SIGN_IN_LIMIT}/6000",
    "AUTH_SERVE_REGISTRATION": "open",
    "AUTH_SERVE_SESSION__REFRESH_WINDOW": "60",
    # A busy test machine is slow; overload and its 503 are not the subject here.
    "AUTH_SERVE_DATABASE__POOL_TIMEOUT": "60",
    "AUTH_SERVE_DATABASE__STATEMENT_TIMEOUT": "60",
    "AUTH_SERVE_PASSWORD__HASHING_QUEUE": "1000",
}


@pytest.fixture(scope="module", params=ENGINES)
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database for all tests of this module: people differ from test to test."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("races") / "auth.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"races_{uuid4().hex}"
    asyncio.run(create_database(server, name, template))
    yield f"{server.rpartition('/')[0]}/{name}"
    asyncio.run(drop_database(server, name))


@pytest.fixture(scope="module")
def addresses(
    shared_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Where two processes on that database listen."""
    folder: Path = tmp_path_factory.mktemp("services")
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running(shared_url, folder / name, NO_LIMITS | CROWD)
            ).url
            for name in ("a", "b")
        ]


@pytest.fixture
async def runtime(shared_url: str) -> AsyncIterator[Runtime]:
    """Parts that look into the database from this process."""
    settings = {"database_url": shared_url, "secret_key": SECRET, "jobs": False}
    parts = build_runtime(Settings.model_validate(settings))
    yield parts
    await parts.close()


def _client(url: str) -> AsyncClient:
    limits = Limits(max_connections=200)
    return AsyncClient(base_url=url, limits=limits, timeout=90, trust_env=False)


@pytest.fixture
async def both(addresses: list[str]) -> AsyncIterator[list[AsyncClient]]:
    """A client of each process, with a connection for everybody."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_client(url)) for url in addresses]


@pytest.fixture
def api(both: list[AsyncClient], runtime: Runtime) -> Api:
    """People who use the first process."""
    return Api(both[0], runtime)


def _address() -> str:
    return f"person-{uuid4().hex[:12]}@example.com"


async def _crowd(
    both: list[AsyncClient],
    path: str,
    bodies: Sequence[Any],
    *,
    form: bool = False,
    person: Person | None = None,
) -> list[Response]:
    """Send everything at once, in turn to either process."""
    kind = "data" if form else "json"
    headers = person.headers if person else {}
    return await asyncio.gather(
        *(
            both[number % 2].post(path, headers=headers, **{kind: body})
            for number, body in enumerate(bodies)
        )
    )


def _statuses(answers: Sequence[Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def _assert_one_success(answers: Sequence[Response], success: int) -> None:
    found = _statuses(answers)
    assert found[success] == 1, found
    assert all(400 <= status < 500 for status in found if status != success), found


async def test_t034_a_refresh_token_sent_a_hundred_times_has_one_successor(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address())
    body = {"refresh_token": person.tokens["refresh_token"]}

    answers = await _crowd(both, "/api/v1/auth/refresh", [body] * 100)

    assert _statuses(answers) == {200: 100}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert successors != {body["refresh_token"]}
    [leaf] = successors
    after = await _crowd(both, "/api/v1/auth/refresh", [{"refresh_token": leaf}] * 2)
    assert _statuses(after) == {200: 2}
    assert len({answer.json()["refresh_token"] for answer in after} - {leaf}) == 1


async def test_t034_a_refresh_token_reused_after_the_window_ends_the_session(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address())
    body = {"refresh_token": person.tokens["refresh_token"]}
    successor = (await api.post("/auth/refresh", body)).json()
    used = {"refresh_token": successor["refresh_token"]}
    successor = (await api.post("/auth/refresh", used)).json()
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(minutes=2)
        mine = update(Session).where(Session.user_id == person.id)
        await uow.db.execute(mine.values(refreshed_at=past))

    answers = await _crowd(both, "/api/v1/auth/refresh", [body] * 20)

    assert _statuses(answers) == {401: 20}
    again = {"refresh_token": successor["refresh_token"]}
    assert (await api.post("/auth/refresh", again)).status_code == 401
    trail = await api.trail(person.id)
    assert trail.count("session.refresh_token_reused") == 1


async def _long_ago(api: Api, table: Any, which: Any) -> None:
    """Let everything of it have been counted longer ago than the window."""
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(hours=1)
        await uow.db.execute(update(table).where(which).values(refreshed_at=past))


async def test_a_lost_answer_that_is_asked_for_late_by_a_crowd_signs_nobody_out(
    api: Api, both: list[AsyncClient]
) -> None:
    """The retries race each other, and then the first use of what they bring."""
    person = await api.person(email=_address())
    app = await Protocol(api).apps.public()
    who = await Protocol(api).signed_in(app, user=await api.users(email=_address()))
    form = {"grant_type": "refresh_token", "client_id": app.client_id}
    kinds: list[tuple[str, dict[str, str], bool, str]] = [
        ("/api/v1/auth/refresh", {}, False, person.tokens["refresh_token"]),
        ("/oauth2/token", form, True, who.refresh_token),
    ]
    for path, fields, is_form, spent in kinds:
        lost = await _crowd(
            both, path, [fields | {"refresh_token": spent}], form=is_form
        )
        successor = lost[0].json()["refresh_token"]
        await _long_ago(api, Session, Session.user_id == person.id)
        await _long_ago(api, OAuthGrant, OAuthGrant.id == who.issued.grant_id)
        # Two of a kind after each other, so that both processes get both.
        tokens = [(spent, successor)[number // 2 % 2] for number in range(100)]
        bodies = [fields | {"refresh_token": token} for token in tokens]

        answers = await _crowd(both, path, bodies, form=is_form)

        assert _statuses(answers) == {200: 100}
        given = {
            kind: {
                answer.json()["refresh_token"]
                for token, answer in zip(tokens, answers)
                if token == kind
            }
            for kind in (spent, successor)
        }
        assert given[spent] == {successor}
        assert len(given[successor]) == 1
        assert given[successor].isdisjoint({spent, successor})


async def test_trap_18_t124_a_reset_link_works_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address())
    await api.post("/auth/forgot-password", {"email": person.email})
    link = await api.mailed("reset_password")
    body = {"token": link.token, "new_password": NEW_PASSWORD}

    answers = await _crowd(both, "/api/v1/auth/reset-password", [body] * 50)

    _assert_one_success(answers, 204)
    assert (await api.trail(person.id)).count("password.reset") == 1


async def test_a_verification_mail_works_once_by_link_and_code_together(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address(), email_verified=False)
    await api.post("/auth/resend-verification", {"email": person.email})
    mail = await api.mailed("verify_email")
    ways = [{"token": mail.token}, {"email": person.email, "code": mail.code}]

    # Two of a kind after each other, so that both processes get both.
    bodies = [ways[number // 2 % 2] for number in range(50)]
    answers = await _crowd(both, "/api/v1/auth/verify-email", bodies)

    _assert_one_success(answers, 204)


async def test_a_change_of_address_is_confirmed_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address())
    await api.post("/users/me/email", {"email": _address()}, person)
    mail = await api.mailed("change_email")
    bodies = [{"token": mail.token}] * 50

    answers = await _crowd(
        both, "/api/v1/users/me/email/confirm", bodies, person=person
    )

    _assert_one_success(answers, 204)


async def test_an_invitation_is_accepted_once(
    api: Api, both: list[AsyncClient]
) -> None:
    admin, email = await api.person(ADMIN_ROLE, email=_address()), _address()
    await api.post("/users", {"email": email}, admin)
    link = await api.mailed("invitation")
    form = {"token": link.token, "password": NEW_PASSWORD, "name": "Ann"}

    answers = await _crowd(both, "/accept-invitation", [form] * 50, form=True)

    _assert_one_success(answers, 303)


async def test_a_code_signs_in_once(api: Api, both: list[AsyncClient]) -> None:
    user = await api.users(email=_address())
    await api.post("/auth/email-code", {"email": user.email})
    code = (await api.mailed("email_code")).code
    bodies = [{"email": user.email, "code": code}] * 50

    answers = await _crowd(both, "/api/v1/auth/email-code/verify", bodies)

    _assert_one_success(answers, 200)


async def test_a_set_up_link_makes_one_administrator(
    api: Api, both: list[AsyncClient]
) -> None:
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(_no_administrators())
        setup = SetupService(uow, api.runtime, PasswordService(api.runtime))
        token = str(await setup.link()).partition("token=")[2]
    forms = [
        {"token": token, "email": _address(), "password": NEW_PASSWORD}
        for _ in range(50)
    ]

    answers = await _crowd(both, "/setup", forms, form=True)

    _assert_one_success(answers, 303)
    assert len(await _administrators(api.runtime)) == 1


def _no_administrators() -> Any:
    return delete(UserRole).where(UserRole.role == ADMIN_ROLE)


async def _administrators(runtime: Runtime) -> Sequence[UUID]:
    query = select(UserRole.user_id).where(UserRole.role == ADMIN_ROLE)
    async with runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).all()


async def test_trap_18_t083_one_address_in_many_spellings_is_one_account(
    api: Api, both: list[AsyncClient]
) -> None:
    mark = uuid4().hex[:8]
    spellings = [
        f"{first}.{last}.{mark}@{domain}"
        for first in ("jos\u00e9", "jose\u0301", "JOS\u00c9", "JOSE\u0301")
        for last in ("strasse", "STRASSE", "Strasse", "sTRASSE")
        for domain in ("example.com", "EXAMPLE.com", "example.COM")
    ]
    bodies = [{"email": email, "password": PASSWORD} for email in spellings]

    answers = await _crowd(both, "/api/v1/auth/register", bodies)

    assert _statuses(answers) == {201: 1, 409: len(spellings) - 1}
    query = select(func.count()).select_from(User)
    async with api.runtime.database.session(read_only=True) as db:
        same = query.where(User.email_canonical.contains(mark))
        assert await db.scalar(same) == 1


async def test_nothing_issued_before_a_password_change_works_after_it(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=_address())
    other = await api.signed_in(person)
    old = {"email": person.email, "password": PASSWORD}
    spent = {"refresh_token": other.tokens["refresh_token"]}
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    changed, logins, refreshes = await asyncio.gather(
        api.post("/auth/change-password", change, person),
        _crowd(both, "/api/v1/auth/login", [old] * (SIGN_IN_LIMIT - 2)),
        _crowd(both, "/api/v1/auth/refresh", [spent] * 30),
    )

    assert changed.status_code == 204
    issued = [a.json() for a in (*logins, *refreshes) if a.status_code == 200]
    for tokens in (other.tokens, *issued):
        holder = Person(person.id, person.email, tokens)
        again = {"refresh_token": tokens["refresh_token"]}
        assert (await api.get("/users/me", holder)).status_code == 401
        assert (await api.post("/auth/refresh", again)).status_code == 401
    assert (await api.get("/users/me", person)).status_code == 200


async def test_of_two_administrators_who_demote_each_other_one_stays(
    api: Api, both: list[AsyncClient]
) -> None:
    for _ in range(4):
        async with api.runtime.unit_of_work() as uow:
            await uow.db.execute(_no_administrators())
        ann, bob = [await api.person(ADMIN_ROLE, email=_address()) for _ in range(2)]

        answers = await asyncio.gather(
            *(
                http.patch(
                    f"/api/v1/users/{victim.id}",
                    json={"roles": ["user"]},
                    headers=actor.headers,
                )
                for http, actor, victim in zip(both, (ann, bob), (bob, ann))
            )
        )

        _assert_one_success(answers, 200)
        assert len(await _administrators(api.runtime)) == 1


async def test_trap_22_t175_two_processes_try_no_more_passwords_than_the_limit(
    api: Api, both: list[AsyncClient]
) -> None:
    user = await api.users.with_password(PASSWORD, email=_address())
    wrong = [{"email": user.email, "password": f"wrong {n:012}"} for n in range(60)]
    right = {"email": user.email, "password": PASSWORD}

    answers = await _crowd(both, "/api/v1/auth/login", wrong)
    late = await _crowd(both, "/api/v1/auth/login", [right] * 2)

    assert _statuses(answers) == {401: SIGN_IN_LIMIT, 429: 60 - SIGN_IN_LIMIT}
    assert _statuses(late) == {429: 2}
    assert (await api.trail(user.id)).count("sign_in.failed") == SIGN_IN_LIMIT


async def test_t023_a_code_sent_two_hundred_times_gives_tokens_once_and_they_die(
    api: Api, both: list[AsyncClient]
) -> None:
    """RFC 6749 §4.1.2: once, also when it comes two hundred times at once."""
    protocol = Protocol(api)
    app = await protocol.apps.public()
    issued = await protocol.codes(app, await api.users(email=_address()))
    form = issued.form | {"client_id": app.client_id}

    answers = await _crowd(both, "/oauth2/token", [form] * 200, form=True)

    assert _statuses(answers) == {200: 1, 400: 199}
    errors = {a.json()["error"] for a in answers if a.status_code == 400}
    assert errors == {"invalid_grant"}
    [tokens] = [a.json() for a in answers if a.status_code == 200]
    for http in both:
        there = Protocol(Api(http, api.runtime))
        assert (await there.userinfo(tokens["access_token"])).status_code == 401
        again = await there.refresh(app, tokens["refresh_token"])
        assert again.json()["error"] == "invalid_grant"
    assert (await api.trail(issued.user_id)).count("oauth.code_reused") == 1


async def test_t034_a_grants_refresh_token_sent_a_hundred_times_has_one_successor(
    api: Api, both: list[AsyncClient]
) -> None:
    protocol = Protocol(api)
    app = await protocol.apps.public()
    who = await protocol.signed_in(app, user=await api.users(email=_address()))
    form = {"grant_type": "refresh_token", "client_id": app.client_id}
    spent = form | {"refresh_token": who.refresh_token}

    answers = await _crowd(both, "/oauth2/token", [spent] * 100, form=True)

    assert _statuses(answers) == {200: 100}
    [leaf] = {answer.json()["refresh_token"] for answer in answers}
    assert leaf != who.refresh_token
    after = await _crowd(
        both, "/oauth2/token", [form | {"refresh_token": leaf}] * 2, form=True
    )
    assert _statuses(after) == {200: 2}
    assert len({answer.json()["refresh_token"] for answer in after} - {leaf}) == 1
    async with api.runtime.unit_of_work() as uow:
        past = uow.clock.now() - timedelta(minutes=2)
        mine = update(OAuthGrant).where(OAuthGrant.id == who.issued.grant_id)
        await uow.db.execute(mine.values(refreshed_at=past))

    reused = await _crowd(both, "/oauth2/token", [spent] * 20, form=True)

    assert _statuses(reused) == {400: 20}
    late = [form | {"refresh_token": a.json()["refresh_token"]} for a in after]
    dead = await _crowd(both, "/oauth2/token", late, form=True)
    assert _statuses(dead) == {400: 2}
    trail = await api.trail(who.user.id)
    assert trail.count("oauth.refresh_token_reused") == 1


async def test_an_assertion_sent_fifty_times_counts_once(
    api: Api, both: list[AsyncClient]
) -> None:
    app = await ApplicationFactory(api.runtime).with_key()
    form = {"token": "x"} | app.assertion(api.runtime)

    answers = await _crowd(both, "/oauth2/introspect", [form] * 50, form=True)

    assert _statuses(answers) == {200: 1, 401: 49}


async def test_trap_22_what_ends_in_one_process_is_over_in_the_other(
    api: Api, both: list[AsyncClient]
) -> None:
    admin, person = [
        await api.person(*roles, email=_address()) for roles in ((ADMIN_ROLE,), ())
    ]
    there = Api(both[1], api.runtime)
    seen = [
        await api.get("/users/me", person),
        await there.get("/users/me", person),  # whatever it remembers of the token
        await there.get("/users", admin),
    ]

    demoted = await api.patch(f"/users/{person.id}", {"status": "disabled"}, admin)
    after = [await there.get("/users/me", person)]
    spent = {"refresh_token": person.tokens["refresh_token"]}
    after.append(await there.post("/auth/refresh", spent))
    ended = await api.post("/auth/logout", None, admin)
    after.append(await there.get("/users", admin))

    assert [answer.status_code for answer in seen] == [200] * 3
    assert (demoted.status_code, ended.status_code) == (200, 204)
    assert [answer.status_code for answer in after] == [401] * 3


async def test_a_rotation_on_the_command_line_is_published_by_all_at_once(
    both: list[AsyncClient], shared_url: str, tmp_path: Path
) -> None:
    """No worker runs in either process: it is the next request that looks."""
    before = [await _published(each) for each in both]

    printed = await asyncio.to_thread(_rotate, shared_url, tmp_path)
    rotated = time.monotonic()
    seen = [await _seen(each, before[0]) for each in both]

    assert before[0] == before[1]
    assert seen[0] == seen[1] and len(seen[0] - before[0]) == 1
    assert seen[0] - before[0] <= {line.split()[0] for line in printed.splitlines()}
    assert time.monotonic() - rotated < 5  # of which one is the stated delay


async def _published(client: AsyncClient) -> set[str]:
    answer = await client.get("/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


async def _seen(client: AsyncClient, before: set[str]) -> set[str]:
    """Return the keys once there are others than before."""
    async with asyncio.timeout(30):
        while (found := await _published(client)) == before:
            await asyncio.sleep(0.05)
    return found


def _rotate(url: str, folder: Path) -> str:
    settings = {"AUTH_SERVE_DATABASE_URL": url, "AUTH_SERVE_SECRET_KEY": SECRET}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "key", "rotate", "RS256"],
        cwd=folder,
        env=settings | {"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
