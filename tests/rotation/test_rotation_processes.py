"""The secret key is rotated under processes that people use, and one that is killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from httpx2 import AsyncClient, Response
from sqlalchemy import func, insert, select

from app.config import Settings
from app.models import IdempotencyKey, User
from app.services.server.idempotency_key import SEALED as MARKED
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.secret_key.sealed import SEALED
from app.services.server.startup import start
from tests.conftest import SECRET
from tests.factories.factor import FactorFactory
from tests.factories.oauth import (
    REDIRECT_URI,
    VERIFIER,
    Application,
    ApplicationFactory,
)
from tests.factories.user import UserFactory
from tests.servers.service import NO_LIMITS, ONE_ADDRESS, ROOT, Service
from tests.servers.service import running as serving
from tests.servers.service import spawned
from tests.support.api import PASSWORD
from tests.support.authorization import Visit, claims_of, told, trusted

OLD, NEW = SECRET, "new-" + SECRET
ANSWERS = 6_000  # sealed ones: some seconds of work for who seals them anew


def _keys(first: str, second: str | None = None) -> dict[str, str]:
    keys = {"AUTH_SERVE_SECRET_KEY": first}
    return keys | ({"AUTH_SERVE_SECRET_KEY_SECOND": second} if second else {})


@contextmanager
def _running(
    url: str, folder: Path, first: str, second: str | None = None
) -> Iterator[Service]:
    options = NO_LIMITS | ONE_ADDRESS | _keys(first, second)
    with serving(url, folder, options) as service:
        yield service


@asynccontextmanager
async def _browser(
    runtime: Runtime, service: Service, *cookies: Any
) -> AsyncIterator[Visit]:
    async with AsyncClient(base_url=service.url, trust_env=False, timeout=60) as http:
        for each in cookies:
            http.cookies.jar.set_cookie(each)
        yield Visit(runtime, http)


def _move(browser: Visit, service: Service) -> None:
    """Have the load balancer lead a browser to another replica."""
    browser.client.base_url = service.url


async def _token(service: Service, app: Application, **form: str) -> Response:
    async with AsyncClient(base_url=service.url, trust_env=False, timeout=60) as http:
        return await http.post("/oauth2/token", data=form, headers=app.basic)


async def _redeemed(service: Service, app: Application, code: str) -> dict[str, Any]:
    answer = await _token(
        service,
        app,
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT_URI,
        code_verifier=VERIFIER,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _refreshed(service: Service, app: Application, token: str) -> dict[str, Any]:
    answer = await _token(service, app, grant_type="refresh_token", refresh_token=token)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _installed(url: str) -> Runtime:
    """Start once with the old key, as every process does before."""
    settings = {"database_url": url, "secret_key": OLD, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    await start(runtime)
    return runtime


async def _person(runtime: Runtime, email: str) -> tuple[User, Any, list[str]]:
    user = await UserFactory(runtime).with_password(PASSWORD, email=email)
    factors = FactorFactory(runtime)
    return user, await factors.totp(user.id), await factors.recovery_codes(user.id)


async def test_people_go_on_while_replicas_have_their_keys_in_either_order(
    database_url: str, tmp_path: Path
) -> None:
    before = await _installed(database_url)
    ada, ada_app, _ = await _person(before, "ada@example.com")
    ben, ben_app, ben_codes = await _person(before, "ben@example.com")
    app = await trusted(
        ApplicationFactory(before),
        subject_type="pairwise",
        scope="openid offline_access",
    )
    here = (database_url, tmp_path / "a", OLD, NEW), (database_url, tmp_path / "b", NEW)
    with _running(*here[0]) as a, _running(*here[1], OLD) as b:
        async with _browser(before, a) as visit:
            # Each page is opened at one replica, and sent at the other.
            await visit.ask(app, scope="openid offline_access", prompt="consent")
            _move(visit, b)
            await visit.sign_in(ada.email)
            _move(visit, a)
            page = await visit.post(
                "/signin/verify", {"code": ada_app.code, "remember": "on"}
            )
            assert page.status_code == 200 and "/consent" in str(page.url), page.text
            _move(visit, b)
            code = told(await visit.decide("allow"))["code"]
            tokens = await _redeemed(a, app, code)
            known = claims_of(tokens["id_token"])["sub"]
            again = await _refreshed(b, app, tokens["refresh_token"])
            assert claims_of(again["id_token"])["sub"] == known != str(ada.id)
            again = await _refreshed(a, app, again["refresh_token"])
            again = await _refreshed(b, app, again["refresh_token"])
            assert (await visit.get("/account")).status_code == 200
            cookies = [*visit.client.cookies.jar]

        remembered = [each for each in cookies if "remembered" in each.name]
        for replica in (a, b):
            async with _browser(before, replica, *remembered) as visit:
                await visit.get("/signin")
                page = await visit.sign_in(ada.email)
                assert page.headers["location"] == "/", page.text

        async with _browser(before, b) as visit:
            await visit.get("/signin")
            _move(visit, a)
            await visit.sign_in(ben.email)
            given = {"factor": "recovery_code", "code": ben_codes[0]}
            page = await visit.post("/signin/verify", given)
            assert page.headers["location"] == "/", page.text
        for replica in (a, b):  # one that is killed seals for minutes more, who knows
            await asyncio.to_thread(replica.stop)

    environment = _environment(database_url, NEW, OLD)
    assert (await asyncio.to_thread(_reseal, environment)).returncode == 0
    with _running(database_url, tmp_path / "c", NEW) as c:
        async with _browser(before, c, *cookies) as visit:
            assert (await visit.get("/account")).status_code == 200
            answer = told(await visit.ask(app))
            tokens = await _redeemed(c, app, answer["code"])
            assert claims_of(tokens["id_token"])["sub"] == known
        await _refreshed(c, app, again["refresh_token"])
        for proof in (
            {"factor": "recovery_code", "code": ben_codes[1]},
            {"factor": "totp", "code": ben_app.code},
        ):
            async with _browser(before, c) as visit:
                await visit.get("/signin")
                await visit.sign_in(ben.email)
                page = await visit.post("/signin/verify", proof)
                assert page.headers["location"] == "/", page.text
    await before.close()


def _environment(url: str, first: str, second: str | None = None) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "AUTH_SERVE_DATABASE_URL": url,
        "AUTH_SERVE_JOBS": "false",
        **_keys(first, second),
    }


_RESEAL = (sys.executable, "-m", "app.cli", "key", "reseal")


def _reseal(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _RESEAL,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def _store_answers(runtime: Runtime) -> None:
    """Keep many answers, sealed by the key of this process."""
    [sealed] = [each for each in SEALED if each.column.value is IdempotencyKey.body]
    expires_at = runtime.clock.now() + timedelta(hours=1)
    rows = []
    for number in range(ANSWERS):
        key, nonce = number.to_bytes(32, "big"), number.to_bytes(12, "big")
        body = runtime.secret_key.seal(b"answer", nonce, sealed.context(key))
        rows.append(
            {
                "key_hash": key,
                "request_hash": key,
                "status": 200,
                "location": None,
                "body": sealed.written(body),
                "expires_at": expires_at,
            }
        )
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(insert(IdempotencyKey), rows)


async def _changed(runtime: Runtime, was: set[str]) -> int:
    query = select(IdempotencyKey.body).where(IdempotencyKey.body.startswith(MARKED))
    async with runtime.database.session(read_only=True) as db:
        return len({*await db.scalars(query)} - was)


async def test_who_is_killed_while_sealing_anew_has_lost_nothing(
    database_url: str, tmp_path: Path
) -> None:
    before = await _installed(database_url)
    await _store_answers(before)
    query = select(IdempotencyKey.body)
    async with before.database.session(read_only=True) as db:
        was = {*await db.scalars(query)}
    environment = _environment(database_url, NEW, OLD)

    killed = await asyncio.create_subprocess_exec(
        *_RESEAL, env=environment, stderr=subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        while not await _changed(before, was):
            await asyncio.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    done = await _changed(before, was)
    with spawned(database_url, tmp_path / "early", _keys(NEW)) as early:
        refused = await asyncio.to_thread(early.wait)
    again = await asyncio.to_thread(_reseal, environment)

    assert 0 < done < ANSWERS
    assert refused != 0 and "auth-serve key reseal" in early.output()
    assert again.returncode == 0, again.stderr
    [counted] = [each for each in again.stdout.splitlines() if "idempotency" in each]
    assert counted.split()[1:] == [str(done), str(ANSWERS - done), "0"]
    assert await _changed(before, was) == ANSWERS
    async with before.database.session(read_only=True) as db:
        rows = await db.scalar(select(func.count()).select_from(IdempotencyKey))
    assert rows == ANSWERS
    with _running(database_url, tmp_path / "late", NEW):
        pass
    await before.close()
