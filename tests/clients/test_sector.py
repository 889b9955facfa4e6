"""Sectors of pairwise clients that administrators make: a document vouches for them."""

import json
from typing import Any

import pytest

from app.services.server.runtime import Runtime
from tests.servers.http import HttpServer
from tests.support.api import Api, Person
from tests.support.client import SHOP, fields, make, seen
from tests.support.tables import contents


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


SECTOR = {
    "subject_type": "pairwise",
    "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
}


async def test_a_sector_is_vouched_for_by_its_document(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    """OIDC Registration §5: the document of the sector has every redirect URI."""
    uris = json.dumps(SECTOR["redirect_uris"]).encode()
    with HttpServer(lambda *_: (200, {}, uris)) as server:
        sector = f"{server.url}/sector.json"
        await make(api, admin, **SECTOR, sector_identifier_uri=sector)
        renamed = await api.patch("/clients/shop", {"client_name": "New"}, admin)
        asked = len(server.requests)
        more = {"redirect_uris": [*SECTOR["redirect_uris"], "https://c.example/cb"]}
        refused = await api.patch("/clients/shop", more, admin)
        fewer = await api.patch(
            "/clients/shop", {"redirect_uris": ["https://a.example/cb"]}, admin
        )

    assert (renamed.status_code, fewer.status_code, asked) == (200, 200, 1)
    assert fields(refused) == ["sector_identifier_uri"]
    assert (await seen(runtime)).sector == "127.0.0.1"


async def test_a_sector_that_nobody_vouches_for_is_refused_and_says_so(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    listed = json.dumps(SECTOR["redirect_uris"]).encode()
    answers = [(200, b"[]"), (200, b"{}"), (200, b"["), (200, b"[" * 60_000)]
    answers += [(200, listed + b" " * 70_000), (404, listed), (302, b""), (500, b"")]
    said = []
    before = await contents(runtime)

    with HttpServer() as server:
        uri = f"{server.url}/sector.json"
        body = SHOP | SECTOR | {"sector_identifier_uri": uri}
        for status, content in answers:
            answer = (status, {"Location": "/x"}, content)
            server.handler = lambda *_, answer=answer: answer
            refused = await api.post("/clients", body, admin)
            assert fields(refused) == ["sector_identifier_uri"]
            said.append(refused.json()["errors"][0]["message"])
    refused = await api.post("/clients", body, admin)  # nobody is there any more

    assert fields(refused) == ["sector_identifier_uri"]
    assert said == ["must list every redirect URI"] * 4 + ["could not be fetched"] * 4
    assert await contents(runtime) == before


async def test_nothing_is_held_while_the_sector_is_asked(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    lent: list[int] = []
    pool: Any = runtime.database.engine.pool
    uris = json.dumps(SECTOR["redirect_uris"]).encode()

    def count(*_: object) -> tuple[int, dict[str, str], bytes]:
        lent.append(pool.checkedout())
        return 200, {}, uris

    with HttpServer(count) as server:
        sector = {"sector_identifier_uri": f"{server.url}/sector.json"}
        headers = admin.headers | {"Idempotency-Key": "k"}
        body = SHOP | SECTOR | sector
        await api.client.post("/api/v1/clients", json=body, headers=headers)
        changed = await api.patch(
            "/clients/shop",
            {"sector_identifier_uri": f"{server.url}/other.json"},
            admin,
        )

    assert changed.status_code == 200, changed.text
    assert lent == [0, 0]
