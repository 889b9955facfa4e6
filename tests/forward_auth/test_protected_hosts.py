"""``/api/v1/protected-hosts``, and the same at the command line."""

from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.services.clients.directory import KEPT_FOR
from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.forward_auth.conftest import SHOP, WIKI, Proxied, protect
from tests.support.api import Api, Person
from tests.support.chance import FakeClock

PATH = "/protected-hosts"


@pytest.fixture
async def admin(api: Api) -> Person:
    """Somebody with every permission."""
    return await api.admin()


async def test_a_host_is_made_shown_changed_and_forgotten(
    api: Api, admin: Person
) -> None:
    made = await api.post(PATH, {"host": SHOP.upper(), "name": "Shop"}, admin)
    path = f"{PATH}/{SHOP}"
    read = await api.get(path, admin)
    changed = await api.patch(
        path, {"roles": ["admin"]}, admin, If_Match=read.headers["etag"]
    )
    late = await api.patch(path, {"roles": None}, admin, If_Match='"1"')
    listed = await api.get(PATH, admin)
    gone = await api.delete(path, admin)

    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1{path}"
    assert made.json() == read.json()
    assert made.json()["host"] == SHOP
    assert made.json()["roles"] is None
    assert changed.json()["roles"] == ["admin"]
    assert late.status_code == 412
    assert [each["host"] for each in listed.json()["items"]] == [SHOP]
    assert gone.status_code == 204
    assert (await api.get(path, admin)).status_code == 404


async def test_its_client_is_nobody_elses(
    api: Api, admin: Person, runtime: Runtime
) -> None:
    made = (await api.post(PATH, {"host": SHOP, "minimum_acr": "aal2"}, admin)).json()

    client = (await api.get(f"/clients/{made['client_id']}", admin)).json()

    assert client["redirect_uris"] == [f"https://{SHOP}/.auth-serve/callback"]
    assert client["is_first_party"] and client["pkce"] == "always"
    assert client["minimum_acr"] == "aal2"
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert "client_secret" not in made
    await api.patch(f"{PATH}/{SHOP}", {"minimum_acr": None, "name": "Shop"}, admin)
    client = (await api.get(f"/clients/{made['client_id']}", admin)).json()
    assert client["minimum_acr"] is None and client["client_name"] == "Shop"


async def test_who_deletes_the_client_deletes_the_host(
    api: Api, admin: Person, proxied: Proxied
) -> None:
    host = (await api.get(f"{PATH}/{WIKI}", admin)).json()

    await api.delete(f"/clients/{host['client_id']}", admin)

    assert (await api.get(f"{PATH}/{WIKI}", admin)).status_code == 404


async def test_a_host_whose_client_is_disabled_lets_nobody_in(
    api: Api,
    admin: Person,
    proxied: Proxied,
    runtime: Runtime,
    applications: ApplicationFactory,
    clock: FakeClock,
) -> None:
    """Neither people nor who brings a secret, nor by a path that was open."""
    machine = await applications.machine()
    choices = {"machines": [machine.client_id], "open_paths": ["/public/"]}
    client_id = (await protect(runtime, SHOP, **choices)).client_id
    proxied.host = SHOP

    async def asked() -> list[int]:
        clock.advance(seconds=KEPT_FOR)
        with_secret = await proxied.get("/", "POST", Accept="*/*", **machine.basic)
        opened, led = await proxied.get("/public/"), await proxied.get("/")
        return [each.status_code for each in (with_secret, opened, led)]

    before = await asked()
    await api.patch(f"/clients/{client_id}", {"status": "disabled"}, admin)
    ended = await asked()
    await api.patch(f"/clients/{client_id}", {"status": "active"}, admin)

    assert before == [200, 200, 302]
    assert ended == [403, 403, 403]
    assert await asked() == before


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "our own host": ({"host": "id.example.com"}, "reserved_host"),
    "our name at another port": ({"host": "id.example.com:8443"}, "reserved_host"),
    "an address": ({"host": "https://a.example"}, "invalid_host"),
    "a path": ({"host": "a.example/b"}, "invalid_host"),
    "a wildcard": ({"host": "*.example.org"}, "invalid_host"),
    "an odd path": ({"open_paths": ["/a/../b"]}, "invalid_path"),
    "an encoded path": ({"open_paths": ["/a%2fb"]}, "invalid_path"),
    "no path": ({"open_paths": ["public"]}, "invalid_path"),
    "our paths": ({"open_paths": ["/.auth-serve/x"]}, "invalid_path"),
    "the callback": ({"sign_out_path": "/.auth-serve/callback"}, "invalid_path"),
    "a group that is none": ({"groups": ["nobody-is-in-it"]}, "unknown_group"),
    "a role that is none": ({"roles": ["nobody-has-it"]}, "unknown_role"),
    "a client that is none": ({"machines": ["nobody"]}, "unknown_client"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_could_not_be_meant_is_422_and_changes_nothing(
    api: Api, admin: Person, what: str
) -> None:
    body, code = REFUSED[what]

    answer = await api.post(PATH, {"host": SHOP} | body, admin)

    assert answer.status_code == 422, answer.text
    assert [each["code"] for each in answer.json()["errors"]] == [code]
    assert (await api.get(PATH, admin)).json()["items"] == []


async def test_a_client_without_a_secret_is_no_machine(
    api: Api, admin: Person, applications: ApplicationFactory
) -> None:
    public = await applications.public()

    answer = await api.post(PATH, {"host": SHOP, "machines": [public.client_id]}, admin)

    assert answer.json()["errors"][0]["code"] == "client_without_secret"


async def test_a_client_that_registered_itself_is_no_machine(
    api: Api, admin: Person, applications: ApplicationFactory
) -> None:
    """Who holds its registration token makes it another secret at any time."""
    own = await applications.machine(columns={"is_self_registered": True})
    await api.post(PATH, {"host": SHOP}, admin)
    body = {"machines": [own.client_id]}

    made = await api.post(PATH, {"host": "a.example"} | body, admin)
    changed = await api.patch(f"{PATH}/{SHOP}", body, admin)

    for answer in (made, changed):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "self_registered_client"


async def test_a_host_is_protected_once(
    api: Api, admin: Person, proxied: Proxied
) -> None:
    answer = await api.post(PATH, {"host": WIKI}, admin)

    assert answer.status_code == 409
    assert answer.json()["code"] == "protected_host_exists"
    clients = (await api.get("/clients", admin)).json()["items"]
    assert len(clients) == 1  # none was left behind


async def test_null_changes_only_what_may_be_null(
    api: Api, admin: Person, proxied: Proxied
) -> None:
    answer = await api.patch(
        f"{PATH}/{WIKI}", {"open_paths": None, "name": None}, admin
    )

    assert answer.status_code == 200
    assert answer.json()["open_paths"] == [] and answer.json()["name"] == WIKI


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
async def test_people_without_the_permission_may_not(
    api: Api, proxied: Proxied, method: str
) -> None:
    person = await api.person()
    path = f"/api/v1{PATH}" + ("" if method == "post" else f"/{WIKI}")
    body = {"host": SHOP} if method == "post" else {}
    more = {"json": body} if method in ("post", "patch") else {}

    answer: Response = await getattr(api.client, method)(
        path, headers=person.headers, **more
    )

    assert answer.status_code == 403


async def test_a_change_counts_for_the_next_request(
    api: Api, admin: Person, proxied: Proxied, app: FastAPI
) -> None:
    assert (await proxied.get("/a", Accept="*/*")).status_code == 401

    await api.patch(f"{PATH}/{WIKI}", {"open_paths": ["/a"]}, admin)

    assert (await proxied.get("/a", Accept="*/*")).status_code == 200


async def test_hosts_are_paged_by_name(
    api: Api, admin: Person, runtime: Runtime
) -> None:
    for name in ("b.example", "a.example", "c.example:8443"):
        await protect(runtime, name)

    first = (await api.get(f"{PATH}?limit=2", admin)).json()
    second = (await api.get(f"{PATH}?cursor={first['next_cursor']}", admin)).json()

    assert [each["host"] for each in first["items"]] == ["a.example", "b.example"]
    assert [each["host"] for each in second["items"]] == ["c.example:8443"]
    one = await api.get(f"{PATH}/c.example:8443", admin)
    assert one.json()["client_id"]


async def test_a_group_that_a_host_names_keeps_its_name(
    api: Api, runtime: Runtime
) -> None:
    admin = await api.admin()
    path = (await api.post("/groups", {"name": "ops"}, admin)).headers["location"]
    path = path.removeprefix("/api/v1")
    await api.post("/groups", {"name": "dev"}, admin)
    await protect(runtime, SHOP, groups=["dev", "ops"])

    refused = [
        await api.patch(path, {"name": "ops-old"}, admin),
        await api.patch(path, {"name": "OPS"}, admin),
        await api.delete(path, admin),
    ]
    described = await api.patch(path, {"description": "They run it"}, admin)
    body = {"groups": ["dev"]}
    await api.patch(f"/protected-hosts/{SHOP}", body, admin)
    renamed = await api.patch(path, {"name": "ops-old"}, admin)

    for each in refused:
        assert (each.status_code, each.json()["code"]) == (409, "group_in_use")
    assert (described.status_code, renamed.status_code) == (200, 200)


async def test_a_role_that_a_host_names_is_not_deleted(
    api: Api, admin: Person, runtime: Runtime
) -> None:
    """Whoever made another one of its name would be let in."""
    for name in ("wiki-readers", "wiki-writers"):
        await api.post("/roles", {"name": name, "permissions": []}, admin)
    await protect(runtime, SHOP, roles=["wiki-readers"])

    refused = await api.delete("/roles/wiki-readers", admin)
    other = await api.delete("/roles/wiki-writers", admin)
    await api.patch(f"{PATH}/{SHOP}", {"roles": ["admin"]}, admin)
    gone = await api.delete("/roles/wiki-readers", admin)

    assert (refused.status_code, refused.json()["code"]) == (409, "role_in_use")
    assert (other.status_code, gone.status_code) == (204, 204)


@pytest.mark.parametrize("name", [f"https://{SHOP}", f"https://{SHOP}/"])
async def test_no_api_and_no_host_have_one_name(
    api: Api, admin: Person, name: str
) -> None:
    api_of_it = {"identifier": name, "name": "Shop", "access": "any"}
    resource = await api.post("/resources", api_of_it, admin)
    taken = await api.post(PATH, {"host": SHOP}, admin)
    await api.delete(f"/resources/{resource.json()['id']}", admin)
    made = await api.post(PATH, {"host": SHOP}, admin)
    refused = await api.post("/resources", api_of_it, admin)
    client = {"client_name": "C", "redirect_uris": ["https://c.example/cb"]}
    audience = await api.post("/clients", client | {"audience": name}, admin)

    assert resource.status_code == 201
    assert (taken.status_code, taken.json()["code"]) == (409, "protected_host_is_api")
    assert made.status_code == 201
    assert refused.json()["errors"][0]["code"] == "identifier_is_host"
    assert audience.json()["errors"][0]["field"] == "audience"


@pytest.mark.parametrize("name", [f"https://{SHOP}", f"https://{SHOP}/"])
async def test_no_application_and_no_host_have_one_name(
    api: Api, admin: Person, name: str
) -> None:
    """T049: what a program is told would be an ID token to who looks at aud alone."""
    named = {"client_name": "C", "client_id": name}
    app = named | {"redirect_uris": ["https://c.example/cb"]}
    machine = named | {
        "grant_types": ["client_credentials"],
        "is_resource_server": True,
    }
    first = await api.post("/clients", app, admin)
    taken = await api.post(PATH, {"host": SHOP}, admin)
    await api.delete(f"/clients/{quote(name, safe='')}", admin)
    made = await api.post(PATH, {"host": SHOP}, admin)
    refused = await api.post("/clients", app, admin)
    harmless = await api.post("/clients", machine, admin)

    assert first.status_code == 201
    assert taken.json()["errors"][0]["code"] == "host_is_client_id"
    assert made.status_code == 201
    assert refused.json()["errors"][0]["code"] == "client_id_is_host"
    assert harmless.status_code == 201, harmless.text
