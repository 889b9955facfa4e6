"""No code, token, password or address leaves in a span, whatever is sent where."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from app.core.late.wing import unfolded
from app.jobs.mail import MailJob
from tests.support.api import PASSWORD, Api
from tests.traces.otlp import Collector, collecting

SECRET = "s3cr3t-Zq8vLx2Jw9"
_FIELDS = (
    "email password new_password current_password code token refresh_token state "
    "client_id client_secret redirect_uri scope grant_type assertion username name "
    "nonce login_hint id_token_hint code_verifier device_code user_code value q"
).split()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def options(collector: Collector) -> dict[str, object]:
    return {
        "traces": {"endpoint": collector.url, "continues": "everybody"},
        "limits": {"store": "memory"},
    }


def _routes(app: FastAPI) -> list[tuple[str, str]]:
    found = []
    for route in unfolded(app.routes):
        path: str = getattr(route, "path_format", getattr(route, "path", ""))
        methods = getattr(route, "methods", None) or ()
        found += [(method, path) for method in sorted(methods)]
    assert len(found) > 100
    return found


def _filled(path: str) -> str:
    filled = path
    while "{" in filled:
        before, _, rest = filled.partition("{")
        filled = f"{before}{SECRET}{rest.partition('}')[2]}"
    return filled


async def test_no_span_has_what_was_sent(
    api: Api, app: FastAPI, collector: Collector
) -> None:
    query = "&".join(f"{name}={SECRET}" for name in _FIELDS)
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": f"as_session={SECRET}; other={SECRET}",
        "User-Agent": SECRET,
        "X-Request-ID": SECRET,
        "Referer": f"https://example.com/?code={SECRET}",
        "tracestate": f"x={SECRET}",
        "baggage": f"x={SECRET}",
    }
    everything = dict.fromkeys(_FIELDS, SECRET)
    for method, path in _routes(app):
        address = _filled(path)
        sent: dict[str, Any] = {"headers": headers}
        await api.client.request(method, f"{address}?{query}", **sent)
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            form = "json" if path.startswith("/api/") else "data"
            sent[form] = everything
            await api.client.request(method, address, **sent)
    await api.client.request(SECRET.upper(), f"/{SECRET}", headers=headers)

    await _search(api, collector, SECRET)


async def test_no_span_has_who_signed_in_and_how(
    api: Api, collector: Collector
) -> None:
    email = "ann.s3cr3t@example.org"
    await api.post("/auth/register", {"email": email, "password": PASSWORD})
    answer = (await api.login(email)).json()
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    me = await api.client.get("/api/v1/users/me", headers=bearer)
    await api.post("/auth/refresh", {"refresh_token": answer["refresh_token"]})
    await api.post("/auth/forgot-password", {"email": email})
    await MailJob(api.runtime).run()

    secrets = [email, quote(email), PASSWORD, me.json()["id"], "192.0.2.1"]
    secrets += [answer["access_token"], answer["refresh_token"]]
    await _search(api, collector, *secrets)


async def _search(api: Api, collector: Collector, *secrets: str) -> None:
    """Look through all bytes that a collector was sent."""
    tracing = api.runtime.tracing
    assert tracing is not None
    await asyncio.to_thread(tracing.flush)
    assert len(collector.spans) > 10
    assert {span.name.split()[0] for span in collector.spans} >= {"POST", "GET"}
    everything = b"".join(collector.raw).lower()
    for secret in secrets:
        assert secret.lower().encode() not in everything
