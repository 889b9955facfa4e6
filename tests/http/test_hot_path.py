"""The short way: the same addresses, the same manners, and nothing remembered wrong."""

import pytest
from fastapi import FastAPI

from app.api.hot_path import hot_paths
from app.core.security import AccessTokens
from app.services.server.runtime import Runtime
from tests.support.api import Api
from tests.support.chance import FakeClock

HOT = sorted(hot_paths({}).table)


def test_a_hot_path_is_a_documented_route(app: FastAPI) -> None:
    paths = app.openapi()["paths"]

    missing = [(m, path) for m, path in HOT if m.lower() not in paths.get(path, {})]

    assert missing == []


async def test_other_methods_of_a_hot_path_are_still_refused(api: Api) -> None:
    for method, path in HOT:
        answer = await api.client.request("PUT", path)

        assert answer.status_code == 405, path
        assert method in answer.headers["allow"], path
        body = answer.json()
        if path.startswith("/oauth2/"):
            assert body["error"] == "invalid_request"
        else:
            assert body["code"] == "method_not_allowed"


async def test_a_verified_token_ends_on_time(api: Api, clock: FakeClock) -> None:
    ann = await api.person()
    assert (await api.get("/users/me", ann)).status_code == 200

    clock.advance(seconds=ann.tokens["expires_in"])

    assert (await api.get("/users/me", ann)).json()["code"] == "invalid_access_token"


async def test_a_verified_token_ends_with_its_key(api: Api, runtime: Runtime) -> None:
    ann = await api.person()
    assert (await api.get("/users/me", ann)).status_code == 200

    runtime.ring.replace([])

    assert (await api.get("/users/me", ann)).status_code == 401


async def test_a_changed_token_is_not_the_verified_one(api: Api) -> None:
    ann = await api.person()
    assert (await api.get("/users/me", ann)).status_code == 200
    token = ann.tokens["access_token"]

    ann.tokens["access_token"] = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")

    assert (await api.get("/users/me", ann)).status_code == 401


async def test_the_memory_of_verified_tokens_is_bounded(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.security._REMEMBERED", 3)
    ann = await api.person()

    for _ in range(5):
        ann = await api.signed_in(ann)
        assert (await api.get("/users/me", ann)).status_code == 200

    tokens: AccessTokens = runtime.tokens
    assert len(tokens._verified) == 3
