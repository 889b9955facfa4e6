"""``audit why`` of what was allowed, where an operator has that kept (ADR-0092)."""

import json
import logging
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from app.core.context import RequestContext, begin, passed
from app.jobs.janitor import JanitorJob
from app.models import AnsweredRequest, RefusedRequest
from app.oauth.errors import Check
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.refused_request import RefusedRequests
from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.oauth import REDIRECT_URI, ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

MOST = 40


@pytest.fixture
def options() -> dict[str, object]:
    """Keep what is allowed as well."""
    return {"retention": {"answered_requests_per_minute": MOST}}


@pytest.fixture
async def protocol(api: Api) -> Protocol:
    """Applications."""
    return Protocol(api)


async def kept(runtime: Runtime, table: Any = AnsweredRequest) -> int:
    await runtime.refused_requests.settle()
    async with runtime.database.session(read_only=True) as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


async def asked(api: Api, number: str, admin: Any) -> Any:
    answer = await api.get(f"/audit-events/why/{number}", admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_sign_in_tells_what_held_and_by_which_settings(api: Api) -> None:
    admin, person = await api.admin(), await api.person()

    signed_in = await api.login(person.email)
    number = signed_in.headers["x-request-id"]
    why = await asked(api, number, admin)

    assert signed_in.status_code == 200 and why["refusals"] == []
    [allowed] = why["allowed"]
    assert (allowed["route"], allowed["status"]) == ("/api/v1/auth/login", 200)
    steps = {step["check"]: step for step in allowed["steps"]}
    assert list(steps) == ["attempt", "password", "account", "second_step", "session"]
    assert {step["outcome"] for step in steps.values()} == {"passed"}
    assert steps["account"]["compared"]["status"] == "active"
    assert steps["second_step"]["compared"]["due"] == "no"
    assert steps["second_step"]["rules"][0] == "AUTH_SERVE_MFA__REQUIRED"
    assert steps["session"]["compared"]["method"] == "password"
    assert "AUTH_SERVE_SESSION__IDLE_TTL" in steps["session"]["rules"]
    said = json.dumps(why["allowed"])
    assert PASSWORD not in said and person.email not in said
    assert signed_in.json()["refresh_token"] not in said


async def test_a_refresh_of_our_own_api_is_told(api: Api) -> None:
    admin = await api.admin()
    signed_in = (await api.login((await api.person()).email)).json()

    token = {"refresh_token": signed_in["refresh_token"]}
    answer = await api.post("/auth/refresh", token)
    why = await asked(api, answer.headers["x-request-id"], admin)

    [step] = why["allowed"][0]["steps"]
    assert (step["check"], step["compared"]["count"]) == ("refresh_token", "0")
    assert "AUTH_SERVE_SESSION__REFRESH_WINDOW" in step["rules"]


async def test_code_and_refresh_tell_each_check_of_the_token_endpoint(
    protocol: Protocol, api: Api
) -> None:
    admin, app = await api.admin(), await protocol.apps()
    issued = await protocol.codes(app, await api.users())

    by_code = await protocol.token(app, issued.form)
    refresh_token = by_code.json()["refresh_token"]
    by_refresh = await protocol.refresh(app, refresh_token)
    told = [
        (await asked(api, each.headers["x-request-id"], admin))["allowed"][0]["steps"]
        for each in (by_code, by_refresh)
    ]

    first, second = ({step["check"]: step for step in steps} for steps in told)
    assert list(first) == [
        *("client_proof", "client_rights", "code", "redirect_uri", "pkce"),
        *("scope", "resource", "access_token"),
    ]
    assert list(second)[2:] == ["refresh_token", "scope", "resource", "access_token"]
    assert first["client_proof"]["compared"]["client_id"] == app.client_id
    assert first["redirect_uri"]["compared"] == {
        "redeemed": issued.form["redirect_uri"]
    }
    assert first["code"]["compared"]["acr"] and second["refresh_token"]["rules"]
    said = json.dumps(told)
    for secret in (issued.code, app.secret, refresh_token, by_code.json()["id_token"]):
        assert secret not in said


async def test_an_authorization_tells_address_sign_in_and_consent(
    api: Api, app: FastAPI
) -> None:
    admin, person, visitor = await api.admin(), await api.person(), Visitor(app)
    shop = await ApplicationFactory(api.runtime)(columns={"is_first_party": True})
    await visitor.sign_in(person.email)

    answer = await visitor.http.get("/oauth2/authorize", params=query_of(shop))
    why = await asked(api, answer.headers["x-request-id"], admin)

    assert answer.headers["location"].startswith(REDIRECT_URI)
    steps = {step["check"]: step for step in why["allowed"][0]["steps"]}
    assert list(steps) == [
        *("client", "redirect_uri", "pkce", "sign_in", "scope", "consent")
    ]
    assert steps["consent"]["compared"] == {
        "agreed": "earlier, or it need not be asked"
    }
    assert steps["pkce"]["compared"]["code_challenge"] == "sent"
    assert steps["sign_in"]["compared"]["amr"] == "pwd"
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    assert code and code not in json.dumps(why)


async def test_a_refusal_is_kept_as_a_refusal_alone(api: Api) -> None:
    person = await api.person()
    before = await kept(api.runtime)

    await api.login(person.email, "a wrong password of mine")

    assert await kept(api.runtime) == before == 1
    assert await kept(api.runtime, RefusedRequest) == 1


async def test_neither_takes_room_from_the_other(
    runtime: Runtime, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(times: int) -> None:
        for _ in range(times):
            context = RequestContext(ip="203.0.113.1", is_explained=True)
            begin(context)
            passed(Check.CODE)
            runtime.refused_requests.note(context, "POST", "/oauth2/token", 200)

    ask(MOST + 3)
    full = await kept(runtime)
    clock.advance(minutes=1)
    with caplog.at_level(logging.WARNING, "auth_serve.why"):
        ask(1)

    assert full == MOST and await kept(runtime) == MOST + 1
    [line] = caplog.records
    assert (line.message, vars(line)["requests"]) == ("left out, though allowed", 3)
    assert await kept(runtime, RefusedRequest) == 0


async def test_they_go_when_their_time_is_over(
    runtime: Runtime, clock: FakeClock
) -> None:
    async with runtime.unit_of_work() as uow:
        await uow.answered_requests.add_all([_row(uow), _row(uow)])
    janitor = JanitorJob(runtime, batch=1)

    clock.advance(seconds=runtime.settings.retention.answered_request_ttl)
    await janitor.run()
    on_the_last_instant = await kept(runtime)
    clock.advance(seconds=1)
    while await janitor.run():
        pass

    assert on_the_last_instant == 2
    assert await kept(runtime) == 0


def _row(uow: UnitOfWork) -> dict[str, Any]:
    return {
        "id": uow.randomness.uuid7(),
        "correlation_id": str(uuid4()),
        "method": "POST",
        "route": "/oauth2/token",
        "status": 200,
        "steps": [],
        "created_at": uow.clock.now(),
    }


async def test_shell_and_console_tell_it(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    signed_in = await api.login((await api.person()).email)
    await api.runtime.refused_requests.settle()

    page = run("audit", "why", signed_in.headers["x-request-id"])

    assert page.exit_code == 0
    assert "POST /api/v1/auth/login was answered 200" in page.stdout
    assert "passed: The password was right." in page.stdout
    assert "look at: AUTH_SERVE_MFA__REQUIRED, mfa_required" in page.stdout


def test_nothing_is_gathered_where_nobody_wants_it(runtime: Runtime) -> None:
    parts = (runtime.database, runtime.clock, runtime.randomness)

    assert runtime.refused_requests.are_answered_kept
    assert not RefusedRequests(*parts, 120).are_answered_kept
