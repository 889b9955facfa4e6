"""What a page costs at the first visit: requests and bytes, as they came."""

from typing import Any

from app.services.server.runtime import Runtime
from tests.e2e.places import (
    CONSOLE,
    CONSOLE_BESIDE,
    CONSOLE_NEW,
    PORTAL,
    VISITORS,
    made,
    seen,
)
from tests.e2e.visitor import Visitor
from tests.factories.user import UserFactory

# docs/comparison.md names these bounds; /signin has the script for passkeys besides.
_REQUESTS, _BYTES = 6, 60_000
_VISITORS, _PORTAL = 10_000, 20_000
_IDLE = "new Promise(done => requestIdleCallback(() => done()))"


async def _weight(person: Visitor, path: str) -> tuple[int, int]:
    """Return how many requests a page makes with nothing kept, and their bytes."""
    protocol = await person.window.new_cdp_session(person.page)
    await protocol.send("Network.enable")
    await protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked: dict[str, str] = {}
    sizes: dict[str, int] = {}
    protocol.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )
    protocol.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    await person.page.goto(path)
    for _ in range(200):  # "networkidle" would wait for half a second more, each time
        await person.page.evaluate(_IDLE)
        if asked.keys() <= sizes.keys():
            break
    await protocol.detach()
    sent = [name for name, url in asked.items() if not url.startswith("data:")]
    return len(sent), sum(sizes.get(name, 0) for name in sent)


async def test_no_page_is_heavy(newcomer: Any, runtime: Runtime) -> None:
    person: Visitor = await newcomer.administrator("weight@example.com")
    weights = {path: await _weight(person, path) for path in VISITORS}
    light = max(size for path, (_, size) in weights.items() if path != "/signin")
    await person.sign_in()
    weights |= {path: await _weight(person, path) for path in PORTAL}
    quiet = max(weights[path][1] for path in PORTAL)
    await _fill(person, runtime)
    ones = *await made(runtime, "weight"), *await seen(runtime, person.email)
    of_console = *CONSOLE, *CONSOLE_NEW, *CONSOLE_BESIDE, *ones
    weights |= {path: await _weight(person, path) for path in of_console}

    for path, (requests, size) in weights.items():
        print(f"{path:24} {requests:2} requests {size:7,} bytes")
    assert all(1 <= requests <= _REQUESTS for requests, _ in weights.values()), weights
    assert all(weights[path][0] <= 3 for path in VISITORS if path != "/signin")
    assert all(weights[path][0] <= 4 for path in PORTAL)
    assert light <= _VISITORS and quiet <= _PORTAL, weights
    assert all(size <= _BYTES for _, size in weights.values()), weights


async def _fill(person: Visitor, runtime: Runtime) -> None:
    """Make more of people and evidence than a list of the console shows."""
    make = UserFactory(runtime)
    for number in range(50):
        await make(email=f"somebody.with.a.name.{number}@mail.example.com", name="Ada")
    for _ in range(10):
        await person.go("/account")
        await person.sign_out()
        await person.sign_in()
