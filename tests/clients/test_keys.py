"""Keys of clients at their ``jwks_uri``: fetched when needed, kept for minutes."""

import asyncio
import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.core import jose
from app.core.outbound.published import ASKED_EVERY
from app.services.clients.client import OAuthClientService
from app.services.clients.keys import KEPT_FOR, LAST_GOOD_FOR
from app.services.server.runtime import Runtime
from tests.factories.oauth import ALGORITHM, Application
from tests.servers.http import HttpServer
from tests.support.chance import FakeClock

OLD: dict[str, Any] = {"keys": [{"kty": "EC", "kid": "old"}]}
NEW: dict[str, Any] = {"keys": [{"kty": "EC", "kid": "new"}]}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: keys are fetched and kept outside of it."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    scopes = {"orders:read": "See orders"}
    return {
        "oauth": {"scopes": scopes},
        "outbound": {"allowed_hosts": ["127.0.0.1"]},
    }


class Site:
    """Where a client publishes its keys, and what the service makes of them."""

    def __init__(self, runtime: Runtime, server: HttpServer) -> None:
        """Answer with ``content``; anything but bytes is a status."""
        self.content: Any = json.dumps(OLD).encode()
        self._clients = runtime.clients
        self.server = server
        server.handler = lambda *_: (
            (200, {}, self.content)
            if isinstance(self.content, bytes)
            else (self.content, {"Location": "/x"}, json.dumps(NEW).encode())
        )

    @property
    def asked(self) -> int:
        """How often somebody came for the keys."""
        return len(self.server.requests)

    async def refresh(self) -> bool:
        """Do what is done after an assertion failed."""
        return await self._clients.refresh_keys("signer")

    async def keys(self) -> Any:
        """Return the keys that an assertion would be verified with."""
        client = await self._clients.by_client_id("signer")
        assert client is not None
        return client.jwks


@pytest.fixture
async def site(runtime: Runtime) -> Any:
    with HttpServer() as server:
        async with runtime.unit_of_work() as uow:
            metadata = {
                "redirect_uris": ["https://a.example/cb"],
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks_uri": f"{server.url}/jwks",
            }
            service = OAuthClientService(uow, runtime)
            await service.create(metadata, {}, "signer")
            plain = {"redirect_uris": ["https://a.example/cb"]}
            await service.create(plain, {}, "plain")
        yield Site(runtime, server)


async def test_keys_are_fetched_only_when_an_assertion_needs_them(site: Site) -> None:
    assert (await site.keys(), site.asked) == (None, 0)

    first = await site.refresh()

    assert first
    assert (await site.keys(), site.asked) == (OLD, 1)


async def test_exchanged_keys_are_found_and_a_forger_does_not_have_them_asked_for(
    site: Site, clock: FakeClock
) -> None:
    await site.refresh()
    site.content = json.dumps(NEW).encode()
    clock.advance(seconds=ASKED_EVERY - 1)
    await site.refresh()
    early = (await site.keys(), site.asked)
    clock.advance(seconds=1)

    changed = await site.refresh()
    told_again = await site.refresh()  # to whoever failed at the same time
    clock.advance(seconds=ASKED_EVERY)
    unchanged = await site.refresh()

    assert early == (OLD, 1)
    assert (changed, told_again, unchanged) == (True, True, False)
    assert (await site.keys(), site.asked) == (NEW, 3)


async def test_of_many_at_once_one_asks_and_all_learn(site: Site) -> None:
    answers = await asyncio.gather(*(site.refresh() for _ in range(20)))

    assert (answers, site.asked) == ([True] * 20, 1)


async def test_keys_that_are_known_too_long_are_asked_for_again(
    site: Site, clock: FakeClock
) -> None:
    await site.refresh()
    clock.advance(seconds=KEPT_FOR - 1)
    before = await site.keys()
    clock.advance(seconds=1)

    assert before == OLD
    assert await site.keys() is None
    assert await site.refresh()
    assert (await site.keys(), site.asked) == (OLD, 2)


async def test_the_last_good_keys_hold_for_an_hour_while_nobody_answers(
    site: Site, clock: FakeClock
) -> None:
    await site.refresh()
    site.content = 500
    passed = 0.0
    while passed + KEPT_FOR < LAST_GOOD_FOR:
        clock.advance(seconds=KEPT_FOR)
        passed += KEPT_FOR
        assert await site.keys() is None
        assert await site.refresh()
        assert await site.keys() == OLD
    clock.advance(seconds=KEPT_FOR)

    assert await site.keys() is None
    assert not await site.refresh()
    assert await site.keys() is None


@pytest.mark.parametrize(
    "content",
    [
        404,
        302,
        b"{",
        b"[" * 60_000,
        b"[]",
        b'{"keys": []}',
        b'{"keys": [{"kty": "oct", "k": "x"}]}',
        b'{"keys": [{"kty": "EC"}]}' + b" " * 70_000,
    ],
    ids=lambda content: str(content)[:20],
)
async def test_what_is_no_set_of_public_keys_is_none(
    site: Site, content: bytes | int
) -> None:
    site.content = content

    assert not await site.refresh()
    assert await site.keys() is None


async def test_clients_without_an_address_are_not_asked(
    site: Site, runtime: Runtime
) -> None:
    assert not await runtime.clients.refresh_keys("plain")
    assert not await runtime.clients.refresh_keys("nobody")
    assert site.asked == 0


async def test_no_connection_is_held_while_keys_are_fetched(
    site: Site, runtime: Runtime
) -> None:
    lent: list[int] = []
    pool: Any = runtime.database.engine.pool
    answer = site.server.handler

    def count(*asked: Any) -> Any:
        lent.append(pool.checkedout())
        return answer(*asked)

    site.server.handler = count

    assert await site.refresh()
    assert lent == [0]


async def test_oidc_core_10_1_1_a_client_that_exchanges_its_keys_goes_on_at_once(
    site: Site, runtime: Runtime, clock: FakeClock, client: AsyncClient
) -> None:
    async with runtime.unit_of_work() as uow:
        change: dict[str, Any] = {
            "grant_types": ["client_credentials"],
            "response_types": [],
        }
        change |= {"scope": "orders:read"}
        await OAuthClientService(uow, runtime).update("signer", change, {}, None)

    async def sign_with(application: Application) -> int:
        form = {"grant_type": "client_credentials", **application.assertion(runtime)}
        return (await client.post("/oauth2/token", data=form)).status_code

    def publish(application: Application) -> None:
        jwk = jose.public_jwk(application.key, "key", ALGORITHM)
        site.content = json.dumps({"keys": [jwk]}).encode()

    old, new = (Application("signer", key=jose.generate_key(ALGORITHM)) for _ in "ab")
    publish(old)
    first = [await sign_with(old), await sign_with(old), site.asked]
    early = await sign_with(new)
    publish(new)
    clock.advance(seconds=ASKED_EVERY)
    then = [await sign_with(new), await sign_with(old), site.asked]

    assert first == [200, 200, 1]
    assert early == 401
    assert then == [200, 401, 2]


class TestRefusedAddress:
    """T158, T161: the door is asked again when keys are fetched."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    async def test_t158_an_internal_address_is_refused_when_it_is_fetched_too(
        self, runtime: Runtime
    ) -> None:
        with HttpServer() as server:
            async with runtime.unit_of_work() as uow:
                metadata = {"redirect_uris": ["https://a.example/cb"]}
                service = OAuthClientService(uow, runtime)
                row, _ = await service.create(metadata, {}, "signer")
                uri = f"https://127.0.0.1:{server.port}/jwks"
                row.document = {**row.document, "jwks_uri": uri}

            assert not await runtime.clients.refresh_keys("signer")

        assert server.connections == 0
