"""``audit why``: what operators learn of a refused request, and nobody else."""

import asyncio
import json

import pytest
from sqlalchemy import func, select, text

from app.core.context import RequestContext, begin, refused
from app.models import RefusedRequest
from app.oauth.errors import Check, InvalidGrant
from app.services.process import refused_request
from app.services.server.runtime import Runtime
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import PASSWORD, Api
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol


@pytest.fixture
async def protocol(api: Api) -> Protocol:
    """Applications."""
    return Protocol(api)


async def kept(runtime: Runtime) -> int:
    await runtime.refused_requests.settle()
    return await stored(runtime)


async def stored(runtime: Runtime) -> int:
    async with runtime.database.session(read_only=True) as db:
        return await db.scalar(select(func.count()).select_from(RefusedRequest)) or 0


async def test_a_refused_grant_is_told_with_what_was_compared(
    protocol: Protocol, api: Api
) -> None:
    admin, app = await api.admin(), await protocol.apps()
    issued = await protocol.codes(app, await api.users())
    elsewhere = {**issued.form, "redirect_uri": "https://other.example/cb"}

    answer = await protocol.token(app, elsewhere)
    number = answer.json()["correlation_id"]
    why = (await api.get(f"/audit-events/why/{number}", admin)).json()

    assert answer.json()["error"] == "invalid_grant"
    [refusal] = why["refusals"]
    assert (refusal["method"], refusal["route"]) == ("POST", "/oauth2/token")
    assert refusal["status"] == 400
    proof, address = refusal["steps"]
    assert (proof["outcome"], proof["check"]) == ("passed", "client_proof")
    assert proof["compared"] == {"client_id": app.client_id}
    assert (address["outcome"], address["check"]) == ("refused", "redirect_uri")
    assert address["compared"]["redeemed"] == "'https://other.example/cb'"
    assert address["compared"]["authorized"] == issued.form["redirect_uri"]
    assert "registered" in address["sentence"] and "redirect_uris" in address["rules"]
    assert why["events"][-1]["name"] == "oauth.token_refused"
    for secret in (issued.code, app.secret or "-", issued.form["code_verifier"]):
        assert secret not in json.dumps(why)


async def test_a_refused_sign_in_is_told_without_what_was_typed(api: Api) -> None:
    admin, person = await api.admin(), await api.person()

    wrong = await api.login(person.email, "a wrong password of mine")
    unknown = await api.login("nobody@example.org")
    told = [
        (await api.get(f"/audit-events/why/{each.json()['correlation_id']}", admin))
        for each in (wrong, unknown)
    ]

    sentences = [
        refusal["steps"][-1]["sentence"]
        for answer in told
        for refusal in answer.json()["refusals"]
    ]
    assert sentences == [
        "The password was wrong.",
        "There is no account with what was typed.",
    ]
    assert {each.json()["code"] for each in (wrong, unknown)} == {"invalid_credentials"}
    for answer in told:
        assert "a wrong password" not in answer.text and PASSWORD not in answer.text
        assert "nobody@example.org" not in answer.text
        assert person.email not in answer.text


async def test_only_auditors_are_told_and_unknown_numbers_are_explained(
    api: Api,
) -> None:
    person, admin = await api.person(), await api.admin()
    number = (await api.login(person.email, "x" * 15)).json()["correlation_id"]
    path = f"/audit-events/why/{number}"

    assert (await api.get(path)).status_code == 401
    assert (await api.get(path, person)).status_code == 403
    unknown = await api.get("/audit-events/why/never-asked", admin)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "request_not_kept")
    assert "REFUSED_REQUEST_TTL" in unknown.json()["detail"]
    assert (await api.get("/audit-events/why/a%20b", admin)).status_code == 422


async def test_what_succeeds_writes_nothing(protocol: Protocol, api: Api) -> None:
    app = await protocol.apps()
    issued = await protocol.codes(app, await api.users())

    assert (await protocol.token(app, issued.form)).status_code == 200
    assert (await api.get("/users/me")).status_code == 401  # no sign-in, no token

    assert await kept(api.runtime) == 0


async def test_a_flood_is_kept_in_bounds_and_leaves_room_for_others(
    runtime: Runtime, clock: FakeClock
) -> None:
    def flood(ip: str, times: int) -> None:
        for _ in range(times):
            context = RequestContext(correlation_id="flood", ip=ip)
            begin(context)
            refused("invalid_grant", "", InvalidGrant(check=Check.CODE))
            runtime.refused_requests.note(context, "POST", "/oauth2/token", 400)

    flood("203.0.113.1", 500)
    flood("203.0.113.2", 1)
    first = await kept(runtime)
    for each in range(3, 20):
        flood(f"203.0.113.{each}", 50)
    full = await kept(runtime)
    clock.advance(minutes=1)
    flood("203.0.113.1", 1)

    assert first == 30 + 1
    assert full == 120
    assert await kept(runtime) == 120 + 1


async def test_what_is_kept_holds_no_secret_and_nobodys_address(
    runtime: Runtime,
) -> None:
    context = RequestContext(correlation_id="c-1", ip="203.0.113.1")
    begin(context)
    error = InvalidGrant(
        check=Check.CODE, compared={"sent": "code=as_ot_abcdefghijk", "by": "a@b.org"}
    )
    refused("invalid_grant", "for ann@example.com, Bearer abc.def", error)
    runtime.refused_requests.note(context, "POST", "/oauth2/token", 400)
    await runtime.refused_requests.settle()

    async with runtime.database.session(read_only=True) as db:
        row = await db.scalar(select(RefusedRequest))
    assert row is not None
    text_of_it = json.dumps(row.steps)
    for secret in ("as_ot_", "abc.def", "ann@example.com", "a@b.org"):
        assert secret not in text_of_it
    assert "[address]" in text_of_it


async def test_it_is_written_a_moment_later_without_being_asked_for(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_request, "DELAY", 0.0)

    await api.login("nobody@example.org")
    while not await stored(api.runtime):  # the time limit of every test ends it
        await asyncio.sleep(0.01)

    assert await stored(api.runtime) == 1


async def test_a_table_that_cannot_be_written_stops_nobody(api: Api) -> None:
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(text("DROP TABLE refused_requests"))

    answer = await api.login("nobody@example.org")
    await api.runtime.refused_requests.settle()

    assert answer.status_code == 401


async def test_an_operator_reads_it_in_a_shell(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    person = await api.person()
    number = (await api.login(person.email, "x" * 15)).json()["correlation_id"]
    await api.runtime.refused_requests.settle()

    page = run("audit", "why", number)
    unknown = run("audit", "why", "nothing")

    assert page.exit_code == 0
    assert "POST /api/v1/auth/login was answered 401" in page.stdout
    assert "The password was wrong. [invalid_credentials]" in page.stdout
    assert "sign_in.failed" in page.stdout
    assert told("audit", "why", number)["correlation_id"] == number
    assert unknown.exit_code == 1 and "Nothing is kept" in unknown.stderr
