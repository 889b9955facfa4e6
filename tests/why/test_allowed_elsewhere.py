"""``audit why`` of what APIs and proxies asked, where that is kept (ADR-0092)."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from app.core.context import Held
from app.oauth.errors import Check
from app.services.server.runtime import Runtime
from tests.forward_auth.conftest import ISSUER, PROXY, SHOP, WIKI, Proxied, protect
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.oauth import Protocol

MOST = 40
Steps = dict[str, dict[str, Any]]


@pytest.fixture
def options() -> dict[str, object]:
    """Keep what is allowed as well; an issuer at https, and a proxy that it trusts."""
    kept = {"answered_requests_per_minute": MOST}
    return {"public_url": ISSUER, "trusted_proxies": [PROXY], "retention": kept}


@pytest.fixture
async def protocol(api: Api) -> Protocol:
    """Applications."""
    return Protocol(api)


async def steps_of(runtime: Runtime, answer: Response, route: str) -> Steps:
    """Return what is kept of an answer, by what was looked at."""
    await runtime.refused_requests.settle()
    async with runtime.unit_of_work(read_only=True) as uow:
        number = answer.headers["x-request-id"]
        _, [row], _ = await uow.audit_events.of_request(number, requests=9, events=9)
    assert (row.route, row.status) == (route, answer.status_code)
    assert {step["outcome"] for step in row.steps} == {"passed"}
    return {step["check"]: step.get("compared", {}) for step in row.steps}


async def test_introspection_tells_what_a_token_was_and_why_it_is_none(
    protocol: Protocol, api: Api
) -> None:
    app = await protocol.apps()
    signed_in = await protocol.signed_in(app)
    token = signed_in.access

    active = await protocol.introspect(app, token)
    await protocol.revoke(app, token)
    revoked = await protocol.introspect(app, token)
    unknown = await protocol.introspect(app, f"{token}x")
    told = [
        await steps_of(api.runtime, each, "/oauth2/introspect")
        for each in (active, revoked, unknown)
    ]

    first, second, third = (each[Held.TOKEN] for each in told)
    assert [each.json()["active"] for each in (active, revoked, unknown)] == [
        True,
        False,
        False,
    ]
    assert told[0][Check.CLIENT_PROOF]["client_id"] == app.client_id
    assert (first["active"], first["kind"]) == ("yes", "access_token")
    assert first["client_id"] == app.client_id and first["jti"] == second["jti"]
    assert second["why"].startswith("revoked") and third["why"].startswith("unknown")
    said = json.dumps(told)
    assert token not in said and app.secret not in said


async def test_introspection_of_what_is_for_another_says_so(
    protocol: Protocol, api: Api
) -> None:
    token = (await protocol.signed_in(await protocol.apps())).access

    answer = await protocol.introspect(await protocol.apps(), token)

    told = await steps_of(api.runtime, answer, "/oauth2/introspect")
    assert answer.json() == {"active": False}
    assert told[Held.TOKEN]["why"].startswith("of no application")


async def test_userinfo_tells_which_claims_it_told_and_no_value(
    protocol: Protocol, api: Api
) -> None:
    ada = await api.users(email_verified=True)
    app = await protocol.apps()
    signed_in = await protocol.signed_in(app, "openid email", user=ada)

    answer = await protocol.userinfo(signed_in.access)

    told = await steps_of(api.runtime, answer, "/oauth2/userinfo")
    assert list(told) == [Held.TOKEN, Held.CLAIMS]
    assert told[Held.TOKEN]["scope"].split() == ["openid", "email"]
    assert told[Held.CLAIMS] == {"told": "email email_verified"}
    assert ada.email not in json.dumps(told)


async def test_a_protected_host_tells_who_passed_and_by_which_policy(
    app: FastAPI, api: Api, runtime: Runtime
) -> None:
    await protect(runtime, WIKI, roles=["user"], open_paths=["/public/"])
    ada = await api.users.with_password(PASSWORD)
    visitor = Visitor(app)
    await visitor.sign_in(ada.email)
    transport = ASGITransport(app=app, client=(PROXY, 40_000))
    async with AsyncClient(transport=transport, base_url=ISSUER) as http:
        proxied = Proxied(http, WIKI)
        await proxied.enter(visitor)
        passed = await proxied.get("/page")
        by_nginx = await proxied.get("/page", at="/forward-auth/nginx")
        opened = await Proxied(http, WIKI).get("/public/a")

    told = await steps_of(runtime, passed, "/forward-auth")
    assert told[Held.HOST] == {"host": WIKI, "roles": "user"}
    assert told[Held.VISITOR]["user"] == str(ada.id)
    assert told[Held.VISITOR]["by"] == "cookie" and told[Held.VISITOR]["session"]
    assert await steps_of(runtime, by_nginx, "/forward-auth/nginx") == told
    assert await steps_of(runtime, opened, "/forward-auth") == {
        Held.HOST: {"host": WIKI, "path": "open"}
    }


async def test_a_machine_at_a_protected_host_is_told_by_its_name(
    app: FastAPI, protocol: Protocol, runtime: Runtime
) -> None:
    machine = await protocol.apps.machine()
    await protect(runtime, SHOP, machines=[machine.client_id])
    transport = ASGITransport(app=app, client=(PROXY, 40_000))
    async with AsyncClient(transport=transport, base_url=ISSUER) as http:
        answer = await Proxied(http, SHOP).get("/", "POST", **machine.basic)

    told = await steps_of(runtime, answer, "/forward-auth")
    assert told[Held.VISITOR]["client_id"] == machine.client_id
    assert machine.secret not in json.dumps(told)
