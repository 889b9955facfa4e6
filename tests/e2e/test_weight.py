"""What a page costs at the first visit: requests and bytes, as they came."""

from typing import Any

from tests.e2e.test_languages import CONSOLE, PORTAL, VISITORS
from tests.e2e.visitor import Visitor

_REQUESTS, _BYTES = 6, 60_000


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
    await person.page.wait_for_load_state("networkidle")
    await protocol.detach()
    sent = [name for name, url in asked.items() if not url.startswith("data:")]
    return len(sent), sum(sizes.get(name, 0) for name in sent)


async def test_no_page_is_heavy(newcomer: Any) -> None:
    person: Visitor = await newcomer.administrator("weight@example.com")
    weights = {path: await _weight(person, path) for path in VISITORS}
    await person.sign_in()
    weights |= {path: await _weight(person, path) for path in (*PORTAL, *CONSOLE)}

    for path, (requests, size) in weights.items():
        print(f"{path:24} {requests:2} requests {size:7,} bytes")
    assert all(1 <= requests <= _REQUESTS for requests, _ in weights.values()), weights
    light = [weights[path][1] for path in (*VISITORS, *PORTAL)]
    assert all(size <= _BYTES for size in light), weights
