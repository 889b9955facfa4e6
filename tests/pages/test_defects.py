"""What goes wrong around the application: people get a page, programs their form."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from uvicorn import Config
from uvicorn.server import ServerState

from app.cli.http.protocol import MAX_HEAD, GuardedProtocol
from app.core.hashing_pool import HashingOverloaded
from app.services.server.runtime import Runtime
from tests.servers.ports import LOOPBACK
from tests.support.browser import Visitor
from tests.support.page import Page

ID = "of-a-defect"
NAMED = {"X-Request-ID": ID}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: nothing is stored."""
    return sqlite_url


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Break a page, a hot path, an endpoint of the protocol and one of the API."""

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError("a defect, with a-secret")

    def broken() -> None:
        for module in ("well_known", "token"):
            monkeypatch.setattr(f"app.api.oauth.{module}.get_runtime", fail)
        monkeypatch.setattr("app.api.v1.auth.get_runtime", fail)
        monkeypatch.setattr("app.pages.parts.link_page.OneTimeTokenService", fail)

    return broken


def is_page(answer: Response, link: str) -> bool:
    """Tell whether it is a page with this one next step and the id of the request."""
    page = Page(answer.text)
    hrefs = [str(tag["href"]) for tag in page.all("a")]
    is_html = answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return is_html and hrefs == [link] and f"<code>{ID}</code>" in answer.text


async def test_a_defect_is_a_page_for_people(
    visitor: Visitor, defect: Callable[[], None]
) -> None:
    defect()

    for path in ("/reset-password?token=x", "/.well-known/jwks.json"):
        answer = await visitor.http.get(path, headers=NAMED)

        assert answer.status_code == 500
        assert is_page(answer, path)
        assert "Something went wrong" in answer.text
        assert "secret" not in answer.text and "defect, " not in answer.text
        assert answer.headers["x-request-id"] == ID


async def test_a_defect_is_no_page_for_programs(
    visitor: Visitor, defect: Callable[[], None]
) -> None:
    defect()
    json = NAMED | {"Accept": "application/json"}

    typed = {"email": "ann@example.com", "password": "x"}
    api = await visitor.http.post("/api/v1/auth/login", json=typed, headers=NAMED)
    protocol = await visitor.http.post("/oauth2/token", data={"a": "b"}, headers=NAMED)
    page = await visitor.http.get("/reset-password?token=x", headers=json)

    assert [each.status_code for each in (api, protocol, page)] == [500, 500, 500]
    assert api.json()["code"] == page.json()["code"] == "internal_error"
    assert api.json()["correlation_id"] == page.json()["correlation_id"] == ID
    assert protocol.json()["error"] == "server_error"


async def test_a_page_that_cannot_be_made_is_answered_all_the_same(
    visitor: Visitor, defect: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    defect()
    monkeypatch.setattr("app.pages.parts.refusal.render", None)

    answer = await visitor.http.get("/reset-password?token=x", headers=NAMED)

    assert answer.status_code == 500
    assert answer.json()["correlation_id"] == ID


FLAWS = {
    "U+0000": ("/signin?flow=%00", {}),
    "U+0000 in the path": ("/done/%00", {}),
    "a Host that is none": ("/signin", {"Host": "a b"}),
    "a Host of nobody": ("/oauth2/authorize", {"Host": ""}),
    "a port too high": ("/", {"Host": "a:99999"}),
}


@pytest.mark.parametrize("flaw", FLAWS)
async def test_what_is_refused_before_it_is_looked_at_is_a_page_for_people(
    visitor: Visitor, flaw: str
) -> None:
    path, fields = FLAWS[flaw]
    api = "/api/v1/users/me" + ("" if fields else "?a=%00")

    page = await visitor.http.get(path, headers=NAMED | fields)
    problem = await visitor.http.get(api, headers=NAMED | fields)

    assert (page.status_code, problem.status_code) == (400, 400)
    assert is_page(page, "/")
    assert problem.json()["code"] == "bad_request"


async def test_too_many_hashes_at_once_say_when_to_come_back(
    visitor: Visitor, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise HashingOverloaded("full", retry_after=1)

    monkeypatch.setattr(type(runtime.hashing_pool), "run", full)

    page = await visitor.sign_in("ann@example.com")

    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert "Try again in 1 second." in page.text


LARGE = b"x" * (MAX_HEAD + 1)
BEFORE = b"GET /signin HTTP/1.1\r\nHost: test\r\nAccept: %s\r\n"


@pytest.mark.parametrize("end", [b"\r\n\r\n", b""], ids=["finished", "unfinished"])
async def test_cookies_beyond_measure_are_a_page_for_people(
    app: FastAPI, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server itself refuses them, before there is a request."""
    config = Config(app, ws="none", log_config=None, proxy_headers=False)
    state = ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: GuardedProtocol(config, state, {}), LOOPBACK, 0
    )

    async def answer(accept: bytes) -> str:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(BEFORE % accept + b"X-Next: 1\r\nCookie: a=")
        await asyncio.sleep(0.01)  # in pieces, as from a network
        writer.write(LARGE + end)
        raw = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return raw.decode()

    page, problem = await answer(b"text/html"), await answer(b"*/*")
    monkeypatch.setattr("app.pages.parts.refusal.render", None)
    without = await answer(b"text/html")  # a page cannot be made
    server.close()

    assert page.startswith("HTTP/1.1 431 ") and "text/html" in page
    assert "Delete the cookies of this site." in page
    for answered in (problem, without):
        assert answered.startswith("HTTP/1.1 431 ") and '"head_too_large"' in answered
