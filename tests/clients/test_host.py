"""One host serves many clients: what one of them names there fails for itself alone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.jobs.backchannel_logout import BackchannelLogoutJob
from app.oauth.clients.registration import read_client_metadata
from app.oauth.errors import InvalidClientMetadata
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT
from app.services.clients.change import check_sector
from app.services.clients.logo import AT_ONCE
from app.services.server.runtime import Runtime
from tests.factories.oauth import REDIRECT_URI, ApplicationFactory
from tests.servers.http import HttpServer
from tests.support.job import eventually

TRIES = 6  # one more failure than a circuit bears
GOOD = "/good"
PNG = b"\x89PNG\r\n\x1a\n"
Use = Callable[[Runtime, str], Awaitable[None]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: this is about calls to others."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


@pytest.fixture
def host() -> Iterator[HttpServer]:
    """Fails at every address but one."""
    with HttpServer() as server:
        server.handler = lambda _, path, *__: (200 if path == GOOD else 500, {}, b"")
        yield server


async def logo(runtime: Runtime, uri: str) -> None:
    app = await ApplicationFactory(runtime)(logo_uri=uri)
    await runtime.logos.of(app.client_id)


async def keys(runtime: Runtime, uri: str) -> None:
    make = ApplicationFactory(runtime)
    app = await make(jwks_uri=uri, token_endpoint_auth_method="private_key_jwt")
    await runtime.clients.refresh_keys(app.client_id)


async def sector(runtime: Runtime, uri: str) -> None:
    document = {"redirect_uris": [REDIRECT_URI], "subject_type": "pairwise"}
    document["sector_identifier_uri"] = uri
    supported = runtime.supported
    judged = read_client_metadata(document, development=True, supported=supported)
    with suppress(InvalidClientMetadata):
        await check_sector(runtime.outbound, judged)


async def notice(runtime: Runtime, uri: str) -> None:
    app = await ApplicationFactory(runtime)(backchannel_logout_uri=uri)
    someone = str(runtime.randomness.uuid7())
    payload = {"client_id": app.client_id, "user_id": someone, "sid": someone}
    async with runtime.unit_of_work() as uow:
        uow.promise(BACKCHANNEL_LOGOUT, payload)
    await BackchannelLogoutJob(runtime).run()


def ask_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the circuit alone when an address is asked again."""
    monkeypatch.setattr("app.core.outbound.published.ASKED_EVERY", 0.0)
    monkeypatch.setattr("app.services.clients.logo.NONE_FOR", 0.0)


USES: tuple[Use, ...] = (logo, keys, sector, notice)


@pytest.mark.parametrize(
    ("bad", "good"),
    [*permutations(USES, 2), *((use, use) for use in USES)],
    ids=lambda use: use.__name__,
)
async def test_nobody_closes_the_way_to_the_address_of_another(
    runtime: Runtime, host: HttpServer, bad: Use, good: Use
) -> None:
    """With registration open anybody names addresses of a host, broken ones too."""
    for number in range(TRIES):
        await bad(runtime, f"{host.url}/bad/{number}")

    await good(runtime, f"{host.url}{GOOD}")

    assert host.requests[-1].path == GOOD


@pytest.mark.parametrize("bad", (logo, keys, sector), ids=lambda use: use.__name__)
async def test_nor_by_asking_there_for_what_is_only_told(
    runtime: Runtime, host: HttpServer, bad: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_always(monkeypatch)
    host.handler = lambda method, *_: (200 if method == "POST" else 500, {}, b"")
    for _ in range(TRIES):
        await bad(runtime, f"{host.url}{GOOD}")

    await notice(runtime, f"{host.url}{GOOD}")

    assert host.requests[-1].method == "POST"


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
async def test_an_address_that_fails_is_left_alone(
    runtime: Runtime, host: HttpServer, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_always(monkeypatch)
    for _ in range(TRIES):
        await use(runtime, f"{host.url}/bad")

    assert len(host.requests) == TRIES - 1
    states: Any = runtime.breakers.states()
    assert [state for state in states.values() if state == "open"] == ["open"]
    assert not any("/bad" in name for name in states)


async def test_slow_pictures_leave_the_door_to_others(
    runtime: Runtime, host: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.outbound, "_timeout", 60.0)
    let_go = threading.Event()

    def answer(_: str, path: str, *__: object) -> tuple[int, dict[str, str], bytes]:
        if path != GOOD:
            let_go.wait()
        return 200, {}, PNG

    host.handler = answer
    make = ApplicationFactory(runtime)
    shops = [
        (await make(logo_uri=f"{host.url}/slow/{number}")).client_id
        for number in range(AT_ONCE + 2)
    ]
    asking = [asyncio.create_task(runtime.logos.of(shop)) for shop in shops]

    async def are_turned_away() -> bool:
        return sum(task.done() for task in asking) == 2

    try:
        await eventually(are_turned_away)
        await keys(runtime, f"{host.url}{GOOD}")
    finally:
        let_go.set()

    pictures = await asyncio.gather(*asking)
    assert [each.path for each in host.requests].count(GOOD) == 1
    assert pictures.count(None) == 2
    assert None not in [await runtime.logos.of(shop) for shop in shops]


async def test_guesses_at_identifiers_push_no_client_out_of_memory(
    runtime: Runtime, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask for a picture or a logout, of clients that there are not."""
    monkeypatch.setattr("app.services.clients.directory._MOST", 3)
    shop = (await ApplicationFactory(runtime)()).client_id
    known = await runtime.clients.by_client_id(shop)

    for number in range(4):
        await client.get(f"/application-logo/nobody-{number}")
        await client.get(f"/oauth2/logout?client_id=nobody-else-{number}")

    assert known is not None
    assert await runtime.clients.by_client_id(shop) is known  # not read anew
    others = [(await ApplicationFactory(runtime)()).client_id for _ in range(3)]
    for other in others:
        assert await runtime.clients.by_client_id(other) is not None
    assert sorted(runtime.clients._kept) == sorted(others)  # a client does
