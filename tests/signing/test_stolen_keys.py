"""Signing keys in wrong hands end at once; what they did not sign lives on."""

import json

import pytest

from app.services.server.runtime import Runtime, build_runtime
from app.services.server.secret_key.stolen import StolenKeyService
from app.services.server.signing_key import SigningKeyService
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import Api
from tests.support.chance import FakeClock


def published(runtime: Runtime) -> set[str]:
    return {key["kid"] for key in json.loads(runtime.ring.jwks)["keys"]}


async def test_what_a_stolen_key_signed_is_refused_and_the_session_lives_on(
    api: Api,
) -> None:
    person = await api.person()
    old = published(api.runtime)
    await SigningKeyService(api.runtime).rotate()  # one that was announced ends as well
    await SigningKeyService(api.runtime).load()
    announced = published(api.runtime) - old

    ended = await StolenKeyService(api.runtime).withdraw()
    refused = await api.get("/users/me", person)
    token = {"refresh_token": person.tokens["refresh_token"]}
    person.tokens = (await api.post("/auth/refresh", token)).json()
    taken = await api.get("/users/me", person)

    assert ended == len(old) + len(announced)
    assert not published(api.runtime) & (old | announced)
    assert (refused.status_code, taken.status_code) == (401, 200)
    async with api.runtime.unit_of_work(read_only=True) as uow:
        events = await uow.audit_events.list_page(
            name="signing_key.withdrawn", after=None, limit=100
        )
    assert {event.data["kid"] for event in events} == old | announced


async def test_another_process_drops_them_and_does_not_bring_them_back(
    runtime: Runtime, clock: FakeClock
) -> None:
    other = build_runtime(runtime.settings, clock=clock)
    await SigningKeyService(other).ensure()
    stolen = published(other)

    await StolenKeyService(runtime).withdraw()
    clock.advance(seconds=-30)  # its clock is behind
    await SigningKeyService(other).ensure()
    clock.advance(seconds=30)
    await SigningKeyService(other).ensure()

    assert stolen and published(other) == published(runtime)
    assert not published(other) & stolen
    await other.close()


async def test_of_one_algorithm_alone(runtime: Runtime) -> None:
    names = runtime.settings.signing_algorithms
    before = published(runtime)

    assert await StolenKeyService(runtime).withdraw(names[0]) == 1
    assert len(published(runtime) & before) == len(names) - 1


async def test_of_an_algorithm_that_signs_no_more_none_is_left(
    runtime: Runtime, clock: FakeClock
) -> None:
    token = runtime.settings.token.model_copy(update={"algorithm": "ES256"})
    oauth = runtime.settings.oauth.model_copy(update={"id_token_algorithms": ()})
    fewer = runtime.settings.model_copy(update={"token": token, "oauth": oauth})
    before = published(runtime)
    assert len(before) > 1

    other = build_runtime(fewer, clock=clock)
    ended = await StolenKeyService(other).withdraw()
    await SigningKeyService(runtime).load()

    assert ended == len(before)
    assert not before & (published(runtime) | published(other))
    await other.close()


async def test_who_may_rotate_does_it_over_the_api(api: Api) -> None:
    admin, person = await api.admin(), await api.person()
    old = published(api.runtime)

    refused = await api.post("/keys/rotate?now=true", None, person)
    kept = published(api.runtime)
    answer = await api.post("/keys/rotate?now=true", None, admin)

    assert (refused.status_code, answer.status_code) == (403, 202)
    assert kept == old and not {key["kid"] for key in answer.json()["items"]} & old


def test_an_operator_does_it_in_a_shell(
    runtime: Runtime, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    run("key", "rotate")
    first = run("key", "list", "--json")
    old = {key["kid"] for key in json.loads(first.stdout)}

    done = run("key", "rotate", "--now", "--json")

    assert done.exit_code == 0, done.stderr
    left = {key["kid"] for key in json.loads(done.stdout)}
    assert old and left and not left & old
