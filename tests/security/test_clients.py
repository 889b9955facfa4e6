"""What clients may be, who manages them, and where the service is sent by them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.services.server.runtime import Runtime
from tests.security.test_access_control import manager
from tests.servers.http import HttpServer
from tests.support.api import Api, Person
from tests.support.tables import contents

WEB: dict[str, Any] = {"redirect_uris": ["https://app.example/cb"]}
CALLED = ("jwks_uri", "sector_identifier_uri", "backchannel_logout_uri")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: what clients may be is decided by Python alone."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"registration": "open"}, "limits": {"store": "memory"}}


@pytest.fixture
def free(options: dict[str, object]) -> None:
    """Let a test register as often as it needs to."""
    options["limits"] = {"store": "memory", "registration_address": "10000/3600"}


@pytest.fixture
def hook() -> Iterator[HttpServer]:
    """A server inside: it must receive nothing."""
    with HttpServer() as server:
        yield server
    assert server.connections == 0


@pytest.mark.parametrize("name", ["auth-serve", "Auth-Serve"])
async def test_no_client_has_the_name_of_our_own_api(api: Api, name: str) -> None:
    """Tokens are told apart by it: those for ``/api/v1`` have no other."""
    answer = await api.post("/clients", WEB | {"client_id": name}, await api.admin())

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("client_id", "reserved_client_id")


async def test_the_directory_keeps_nothing_of_names_that_no_client_has(
    api: Api, runtime: Runtime
) -> None:
    """They may be as long as a request, and a thousand of them were kept."""
    for number in range(3):
        name = str(number) * 5_000
        await api.client.post("/oauth2/token", data={"client_id": name})
        await api.client.get("/oauth2/authorize", params={"client_id": name})

    assert not [name for name in runtime.clients._kept if len(name) > 64]


async def both(api: Api, admin: Person, change: dict[str, Any]) -> list[int]:
    """Try to make a client in both ways; return the statuses."""
    body = WEB | change
    made = await api.post("/clients", body, admin)
    registered = await api.client.post("/oauth2/register", json=body)
    return [made.status_code, registered.status_code]


@pytest.mark.usefixtures("free")
async def test_t013_wildcards_and_detours_are_registered_by_nobody(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    before = await contents(runtime)
    uris = ["https://*.app.example/cb", "https://app.example/*", "*", "https://*"]
    uris += ["https://app.example/cb/../x", "https://app.example/%2e%2e/x"]
    uris += ["https://app.example/cb#f", "https://u:p@app.example/cb"]
    uris += ["https://app.example\\@evil.example/", "//app.example/cb", "/cb"]
    uris += ["https://app.example/%252e%252e/", "https://app.example/..;/x"]

    for uri in uris:
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            assert await both(api, admin, {name: [uri]}) == [422, 400], (name, uri)

    assert await contents(runtime) == before


@pytest.mark.usefixtures("free")
async def test_t058_t059_no_link_or_redirect_of_a_client_runs_code(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    before = await contents(runtime)
    links = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")
    targets = ("redirect_uris", "post_logout_redirect_uris")
    code = ["javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "file:///x"]
    code += ["JavaScript:alert(1)", " javascript:alert(1)", "https://a.example/\n"]

    for uri in code:
        tries: list[dict[str, Any]] = [{name: uri} for name in links]
        for name in targets:
            tries += [{name: [uri]}, {name: [uri], "application_type": "native"}]
        for change in tries:
            assert await both(api, admin, change) == [422, 400], change

    assert await contents(runtime) == before


@pytest.mark.usefixtures("free")
async def test_t061_a_name_is_text_and_cannot_turn_what_stands_around_it(
    api: Api,
) -> None:
    admin = await api.admin()
    name = "<script>alert(1)</script>"
    turned = ["a\u202eb", "a\u2066b", "\u200fa", "a\nb", "a\u2028b", "a\x00b"]

    statuses = await both(api, admin, {"client_name": name})
    listed = (await api.get("/clients", admin)).json()["items"]
    refused = [await both(api, admin, {"client_name": each}) for each in turned]
    blank = await both(api, admin, {"client_name": "   "})

    assert statuses == [201, 201]
    assert [each["client_name"] for each in listed] == [name, name]
    assert {status for pair in refused for status in pair} <= {400, 422}
    assert blank == [422, 201]  # who registers alone has no name then


async def test_t148_t149_clients_are_made_and_seen_by_who_may_only(
    api: Api, runtime: Runtime
) -> None:
    admin, person = await api.admin(), await api.person()
    await api.post("/clients", WEB | {"client_id": "shop"}, admin)
    boss = await manager(api, "clients:read", "users:write", "keys:write")
    power = WEB | {"is_first_party": True, "scope": "openid"}
    before = await contents(runtime)

    tries = [
        await each
        for who in (person, boss)
        for each in (
            api.post("/clients", power, who),
            api.patch("/clients/shop", {"is_first_party": True}, who),
            api.post("/clients/shop/secrets", None, who),
            api.delete("/clients/shop", who),
        )
    ]
    seen = [(await api.get("/clients/shop", who)).status_code for who in (person, boss)]
    anonymous = await api.post("/clients", power)

    assert [answer.status_code for answer in tries] == [403] * 8
    assert seen == [403, 200]
    assert anonymous.status_code == 401
    assert await contents(runtime) == before


@pytest.mark.usefixtures("free")
async def test_t151_the_token_of_one_client_opens_no_other(
    client: AsyncClient, runtime: Runtime
) -> None:
    one = (await client.post("/oauth2/register", json=WEB)).json()
    two = (await client.post("/oauth2/register", json=WEB)).json()
    path = f"/oauth2/register/{two['client_id']}"
    body = WEB | {"client_id": two["client_id"], "client_name": "Mine"}
    own = two["registration_access_token"]
    before = await contents(runtime)
    fields = [
        f"Bearer {one['registration_access_token']}",
        f"Bearer {one['client_secret']}",
        f"Bearer {two['client_secret']}",
        f"Bearer {own[:-1]}",
        f"Bearer {own}A",
        f"Basic {own}",
        own,
        "",
    ]

    statuses = {
        (
            await client.request(
                method,
                path,
                headers={"Authorization": field},
                json=body if method == "PUT" else None,
            )
        ).status_code
        for field in fields
        for method in ("GET", "PUT", "DELETE")
    }

    assert statuses == {401}
    assert await contents(runtime) == before


async def test_t152_no_answer_and_no_table_shows_a_secret_of_a_client(
    api: Api, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await api.admin()
    made = await api.post("/clients", WEB | {"client_id": "shop"}, admin)
    more = await api.post("/clients/shop/secrets", None, admin)
    told = (await api.client.post("/oauth2/register", json=WEB)).json()
    own = {"Authorization": f"Bearer {told['registration_access_token']}"}
    path = f"/oauth2/register/{told['client_id']}"
    paths = ["/clients", "/clients/shop", f"/clients/{told['client_id']}"]
    paths += ["/users/me/export", "/users/me/activity", "/audit-events", "/settings"]
    changed = await api.patch("/clients/shop", {"client_name": "x"}, admin)

    shown = changed.text + (await api.client.get(path, headers=own)).text
    shown += "".join([(await api.get(each, admin)).text for each in paths])
    held = repr(await contents(runtime)) + caplog.text

    assert '"client_id":"shop"' in shown and "oauth_client.registered" in shown
    for secret in (made.json(), more.json(), told):
        value = secret["client_secret"]
        for text in (shown, held):
            assert value not in text and value.removeprefix("as_cs_") not in text
    assert told["registration_access_token"] not in held
    assert '"client_secret"' not in shown and '"digest"' not in shown


# T161: ways to write addresses inside that lists of forbidden ones forget.
INTERNAL = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "[::1]",
    "[fd00::1]",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "127.1",
    "0",
    "localhost",
    "localhost.",
    "a.localhost",
)


@pytest.mark.usefixtures("free")
async def test_t158_t160_t161_no_client_sends_the_service_inside(
    api: Api, runtime: Runtime, hook: HttpServer
) -> None:
    admin = await api.admin()
    before = await contents(runtime)

    for host in INTERNAL:
        for name in CALLED:
            for uri in (f"https://{host}:{hook.port}/x", f"http://{host}:{hook.port}/"):
                assert await both(api, admin, {name: uri}) == [422, 400], (name, uri)

    assert await contents(runtime) == before


async def test_t160_a_change_is_judged_as_the_beginning_was(
    api: Api, hook: HttpServer
) -> None:
    admin = await api.admin()
    await api.post("/clients", WEB | {"client_id": "shop"}, admin)
    told = (await api.client.post("/oauth2/register", json=WEB)).json()
    own = {"Authorization": f"Bearer {told['registration_access_token']}"}
    path = f"/oauth2/register/{told['client_id']}"

    for name in CALLED:
        inside = {name: f"https://127.0.0.1:{hook.port}/x"}
        patched = await api.patch("/clients/shop", inside, admin)
        body = WEB | {"client_id": told["client_id"]} | inside
        put = await api.client.put(path, json=body, headers=own)

        assert (patched.status_code, put.status_code) == (422, 400), name


class TestAllowed:
    """AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS opens the door to what it names."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {
            "oauth": {"registration": "open"},
            "outbound": {"allowed_hosts": ["10.0.0.7", "localhost:9443"]},
        }

    async def test_t160_an_operator_may_name_hosts_inside(self, api: Api) -> None:
        admin = await api.admin()
        named = ["https://10.0.0.7/x", "https://localhost:9443/x"]
        others = ["https://10.0.0.8/x", "https://localhost/x"]

        for uri in named:
            change = {"backchannel_logout_uri": uri}
            assert await both(api, admin, change) == [201, 201], uri
        for uri in others:
            change = {"backchannel_logout_uri": uri}
            assert await both(api, admin, change) == [422, 400], uri


class TestOwn:
    """T188: what strangers may register is bounded in kind and number."""

    async def test_t188_no_grant_and_no_scope_of_power_is_for_strangers(
        self, client: AsyncClient, runtime: Runtime
    ) -> None:
        before = await contents(runtime)
        alone = (["client_credentials"], ["password"], ["refresh_token"], ["implicit"])
        beside: list[dict[str, Any]] = [
            {"grant_types": ["authorization_code", "client_credentials"]},
            {"grant_types": ["implicit", "authorization_code", "password"]},
            {"scope": "openid admin"},
            {"scope": "users:write"},
        ]

        for grants in alone:
            body = WEB | {"grant_types": grants}
            answer = await client.post("/oauth2/register", json=body)
            assert answer.status_code == 400, grants
        unchanged = await contents(runtime) == before
        made = [
            (await client.post("/oauth2/register", json=WEB | change)).json()
            for change in beside
        ]

        assert unchanged
        offered = set(runtime.supported.scopes)
        for told in made:  # left out, and the answer says so
            assert told["grant_types"] == ["authorization_code"]
            assert set(told["scope"].split()) <= offered
            found = await runtime.clients.by_client_id(told["client_id"])
            assert found is not None and "admin" not in found.scope
            assert found.grant_types == {"authorization_code"}

    async def test_t188_a_public_client_gets_no_secret_and_keeps_none_readable(
        self, client: AsyncClient
    ) -> None:
        public = {"token_endpoint_auth_method": "none"}
        told = (await client.post("/oauth2/register", json=WEB | public)).json()
        path = f"/oauth2/register/{told['client_id']}"
        own = {"Authorization": f"Bearer {told['registration_access_token']}"}

        read = await client.get(path, headers=own)
        without = await client.get(path)

        assert "client_secret" not in told
        assert "client_secret" not in read.json()
        assert without.status_code == 401

    async def test_t188_an_address_has_its_share_of_registrations(
        self, client: AsyncClient
    ) -> None:
        statuses = [
            (await client.post("/oauth2/register", json=WEB)).status_code
            for _ in range(21)
        ]
        answer = await client.post("/oauth2/register", json=WEB)

        assert statuses == [201] * 20 + [429]
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error"] == "temporarily_unavailable"


@pytest.mark.usefixtures("free")
async def test_numbers_that_cannot_be_told_again_are_in_no_registration(
    api: Api, runtime: Runtime
) -> None:
    """A client was made, and nobody could be told of it: 500, forever."""
    told = (await api.client.post("/oauth2/register", json=WEB)).json()
    admin, own = await api.admin(), WEB | {"client_id": told["client_id"]}
    url = told["registration_client_uri"].removeprefix("http://localhost:8000")
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    before = await contents(runtime)

    for number in ("9223372036854775808", "-" + "9" * 4_000, "1e400"):
        key = '{"kty": "RSA", "x": %s}' % number
        for path, body in (("/oauth2/register", WEB), (url, own)):
            text = json.dumps(body)[:-1] + f', "jwks": {{"keys": [{key}]}}}}'
            method = "POST" if body is WEB else "PUT"
            fields = headers | {"Content-Type": "application/json"}
            answer = await api.client.request(
                method, path, content=text, headers=fields
            )
            assert answer.status_code == 400, (number, method)
            assert answer.json()["error"] == "invalid_client_metadata"

        text = json.dumps(WEB)[:-1] + f', "jwks": {{"keys": [{key}]}}}}'
        fields = admin.headers | {"Content-Type": "application/json"}
        answer = await api.client.post("/api/v1/clients", content=text, headers=fields)
        assert answer.status_code == 400, number
    assert await contents(runtime) == before
