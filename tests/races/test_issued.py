"""Tokens asked for at two processes while what they hang on goes away."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from auth_serve_client.keys import Keys
from auth_serve_client.revoked import RevokedTokens
from httpx2 import AsyncClient, Response

from app.core import jose
from app.oauth.grants.token_exchange import TokenExchange
from app.policies.permission import ADMIN_ROLE
from app.services.clients.resource_directory import KEPT_FOR
from app.services.oauth.revoked import MAX_WAIT
from app.services.sessions.end import end_session
from tests.factories.oauth import Application
from tests.factories.resource import ResourceFactory
from tests.races.conftest import SCOPES, Pair
from tests.races.crowd import address, crowd, statuses
from tests.support.api import Api
from tests.support.oauth import Protocol, SignedIn

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
FEED = "/oauth2/revoked"


def _identifier() -> str:
    return f"https://{uuid4().hex}.example.com"


async def test_an_api_that_is_deleted_gets_no_more_tokens(
    api: Api, both: list[AsyncClient]
) -> None:
    """The process that deleted it knows at once, the other within the stated bound."""
    admin = await api.person(ADMIN_ROLE, email=address())
    identifier = _identifier()
    made = await api.post(
        "/resources",
        {"identifier": identifier, "scopes": SCOPES, "access": "any"},
        admin,
    )
    path = f"/resources/{made.json()['id']}"
    app = await Protocol(api).apps.machine(scope="orders:read")
    form = {"grant_type": "client_credentials", "resource": identifier}

    before = await crowd(
        both, "/oauth2/token", [form] * 2, form=True, browser=app.basic
    )
    during, changed = await asyncio.gather(
        crowd(both, "/oauth2/token", [form] * 20, form=True, browser=app.basic),
        api.patch(path, {"access_token_ttl": 60}, admin),
    )
    racing, deleted = await asyncio.gather(
        crowd(both, "/oauth2/token", [form] * 20, form=True, browser=app.basic),
        api.delete(path, admin),
    )
    await asyncio.sleep(KEPT_FOR)
    after = await crowd(both, "/oauth2/token", [form] * 4, form=True, browser=app.basic)

    assert statuses([*before, *during]) == {200: 22}, before[0].text
    assert (changed.status_code, deleted.status_code) == (200, 204)
    assert set(statuses(racing)) <= {200, 400}
    refused = [each.json()["error"] for each in racing if each.status_code == 400]
    assert set(refused) <= {"invalid_target"}
    assert [each.json()["error"] for each in after] == ["invalid_target"] * 4


async def test_a_group_that_is_deleted_is_told_of_nobody(
    api: Api, both: list[AsyncClient]
) -> None:
    admin = await api.person(ADMIN_ROLE, email=address())
    user, name = await api.users(email=address()), f"group-{uuid4().hex[:12]}"
    group = (await api.post("/groups", {"name": name}, admin)).json()["id"]
    path = f"/api/v1/groups/{group}/members/{user.id}"
    assert (await both[0].put(path, headers=admin.headers)).is_success
    protocol = Protocol(api)
    app = await protocol.apps(scope="openid groups")
    who = await protocol.signed_in(app, "openid groups", user=user)
    bearer = {"Authorization": f"Bearer {who.access}"}

    async def ask(number: int) -> Response:
        return await both[number % 2].get("/oauth2/userinfo", headers=bearer)

    during, deleted = await asyncio.gather(
        asyncio.gather(*(ask(number) for number in range(20))),
        api.delete(f"/groups/{group}", admin),
    )
    after = [await ask(number) for number in range(4)]

    assert deleted.status_code == 204
    assert {tuple(each.json()["groups"]) for each in during} <= {(name,), ()}
    assert [each.json()["groups"] for each in after] == [[]] * 4


async def _api(protocol: Protocol, audience: str, **columns: Any) -> Application:
    """Register an API that may exchange tokens."""
    usual = {"audience": audience, "is_resource_server": True}
    grants = [TokenExchange.name, "client_credentials"]
    return await protocol.apps.machine(
        columns=usual | columns, grant_types=grants, scope="orders:read"
    )


async def _chain(api: Api) -> tuple[SignedIn, Application, Application, str]:
    """Return somebody at an application, the API it calls, and the one behind that."""
    protocol, gateway, stock = Protocol(api), _identifier(), _identifier()
    await ResourceFactory(api.runtime)(stock, scopes=SCOPES)
    web = await protocol.apps(columns={"audience": gateway})
    policy = {"clients": [web.client_id], "impersonation": False}
    first = await _api(
        protocol, gateway, resources={stock: None}, token_exchange=policy
    )
    behind = await _api(protocol, stock)
    user = await api.users(email=address())
    who = await protocol.signed_in(web, "openid orders:read", user=user)
    return who, first, behind, stock


async def test_what_is_exchanged_for_a_token_that_ends_ends_with_it(
    api: Api, both: list[AsyncClient]
) -> None:
    """Left open by RFC 8693 §2.2.1; here nothing outlives what it was made of."""
    who, gateway, behind, stock = await _chain(api)
    form = {
        "grant_type": TokenExchange.name,
        "subject_token": who.access,
        "subject_token_type": ACCESS,
        "resource": stock,
    }

    async def exchange(count: int) -> list[Response]:
        bodies = [form] * count
        return await crowd(
            both, "/oauth2/token", bodies, form=True, browser=gateway.basic
        )

    before = await exchange(2)
    during, _ = await asyncio.gather(exchange(20), _sign_out(api, who))
    after = await exchange(2)
    made = [a.json()["access_token"] for a in [*before, *during] if a.is_success]
    asked = [{"token": token} for token in made]
    known = await crowd(
        both, "/oauth2/introspect", asked, form=True, browser=behind.basic
    )

    assert statuses(before) == {200: 2}, before[0].text
    assert set(statuses(during)) <= {200, 400}
    assert [each.json()["error"] for each in after] == ["invalid_request"] * 2
    assert [each.json() for each in known] == [{"active": False}] * len(made)


async def test_every_process_tells_within_two_seconds_what_ended(
    api: Api, both: list[AsyncClient]
) -> None:
    """Who may wait for one second, and comes after it, has it: else it were a 304.

    A process counts its looks and not the seconds, so that this holds on a machine that
    is slow: two looks are all that there are until such a wait is over.
    """
    who, _, behind, _ = await _chain(api)
    first = [await each.get(FEED, headers=behind.basic) for each in both]
    tags = [each.headers["etag"] for each in first]
    waiting = {"If-None-Match": ", ".join(tags), "Prefer": "wait=1"} | behind.basic

    await _sign_out(api, who)
    news = await asyncio.gather(*(each.get(FEED, headers=waiting) for each in both))
    now = [each.headers["etag"] for each in news]

    assert [each.status_code for each in [*first, *news]] == [200] * 4
    assert now[0] == now[1] and now[0] not in tags


async def test_apis_that_check_offline_refuse_what_ended_at_either_process(
    api: Api, pair: Pair
) -> None:
    """The client that is published waits as it does, and needs no second answer."""
    who, _, behind, _ = await _chain(api)
    claims = jose.unverified_claims(who.access)
    async with AsyncExitStack() as stack:
        readers = []
        for url in pair.addresses:
            http = AsyncClient(base_url=url, headers=behind.basic, trust_env=False)
            await stack.enter_async_context(http)
            keys = Keys(http, "/.well-known/jwks.json")
            readers.append(RevokedTokens(http, keys, FEED, claims["iss"]))
        for each in readers:
            await each.read()
        before = [each.holds(claims) for each in readers]
        news, _ = await asyncio.gather(
            asyncio.gather(*(each.read(MAX_WAIT) for each in readers)),
            _sign_out(api, who),
        )

    assert before == [True, True] and news == [True, True]
    assert not any(each.holds(claims) for each in readers)


async def _sign_out(api: Api, who: SignedIn) -> None:
    async with api.runtime.unit_of_work() as uow:
        await end_session(uow, who.user.id, who.issued.session_id, "owner")
