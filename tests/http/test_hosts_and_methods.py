"""Which host a request names, and which methods an address takes."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from app.core.late.wing import unfolded
from tests.support.api import Api

Ask = Callable[..., Awaitable[int]]


@pytest.fixture
def ask(app: FastAPI) -> Ask:
    """Ask without a client library: none would send such heads."""

    async def asked(hosts: list[bytes], path: str, version: str = "1.1") -> int:
        said: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": version,
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", host) for host in hosts],
            "client": ("192.0.2.1", 1),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await app(scope, receive, send)
        return int(said[0]["status"])

    return asked


PATHS = ["/health/live", "/.well-known/jwks.json", "/signin"]  # router, hot path, page
GOOD: list[bytes] = [b"test", b"a_b.example:8000", b"[::1]:8000", b"[fe80::1%25eth0]"]
GOOD += [b"xn--fa-hia.example", b"127.0.0.1:", b"TEST.example."]
BAD: list[list[bytes]] = [[], [b""], [b" "], [b"a", b"a"], [b"a", b"b"], [b"", b"a"]]
BAD += [[b"user@a"], [b"user:pw@a"], [b"a:b"], [b"a:99999"], [b"a:1:2"], [b"::1"]]
BAD += [
    [b"a b"],
    [b"a,b"],
    [b"a/b"],
    [b"http://a"],
    [b"[::1"],
    [b"a\\b"],
    [b"\xc3\xa9"],
]
BAD += [[b"a?b"], [b"a#b"], [b":80"], [b"[]"], [b"a:-1"]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_rfc9112_3_2_a_request_names_one_host(ask: Ask) -> None:
    for path in PATHS:
        for host in GOOD:
            assert await ask([host], path) == 200, host
        for hosts in BAD:
            assert await ask(hosts, path) == 400, hosts


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_older_protocol_may_name_none_but_never_two(ask: Ask) -> None:
    """HAProxy's plain health checks are of HTTP/1.0 and name none."""
    for path in PATHS:
        assert await ask([], path, "1.0") == 200
        for hosts in BAD[1:]:
            assert await ask(hosts, path, "1.0") == 400, hosts


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_allow_names_every_method_of_every_address(
    api: Api, app: FastAPI
) -> None:
    """Over all routers, hot paths and pages; OPTIONS says the same, HEAD is a GET."""
    by_path: dict[str, set[str]] = {}
    for route in unfolded(app.routes):
        assert isinstance(route, Route)
        path = re.sub(r"{\w+:uuid}", str(UUID(int=1)), route.path)
        path = path.replace("{", "").replace("}", "").replace(":path", "")
        by_path.setdefault(path, set()).update(route.methods or ())
    # What proxies ask there has the method of the request that they ask about.
    by_path.pop("/forward-auth/envoy/path")
    for path, methods in by_path.items():
        told = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        asked = await api.client.options(path)
        refused = [
            await api.client.request(method, path)
            for method in ("PUT", "PATCH", "DELETE", "POST", "GET", "HEAD", "TRACE")
            if method not in told
        ]

        assert asked.status_code == 204, path
        assert _allowed(asked) == told, path
        assert {answer.status_code for answer in refused} == {405}, path
        assert all(_allowed(answer) == told for answer in refused), path
    assert len(by_path) > 60


def _allowed(answer: Any) -> set[str]:
    return {method.strip() for method in answer.headers["Allow"].split(",")}
