"""Other programs in the console: by mouse, by keyboard alone, and on a phone."""

from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
import pytest_asyncio

from app.core.clock import SystemClock
from app.oauth.grants.jwt_bearer import JwtBearer
from app.services.clients.client import OAuthClientService
from app.services.server.runtime import Runtime
from tests.connections.provider import Provider
from tests.e2e.conftest import OPTIONS
from tests.e2e.manners import HANDS, MANNERS
from tests.e2e.visitor import Visitor
from tests.servers.http import Answer, HttpServer
from tests.servers.service import COMMAND_LINE, Service, running

in_each_way = pytest.mark.parametrize("hands", HANDS)


@pytest.fixture(scope="module")
def service(
    database_file: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The process, which may call receivers of this machine."""
    folder = tmp_path_factory.mktemp("service") / "run"
    options = {**OPTIONS, "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": '["127.0.0.1"]'}
    with running(database_file, folder, options, program=COMMAND_LINE) as started:
        yield started


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def admin(newcomer: Any, request: pytest.FixtureRequest, hands: str) -> Visitor:
    """An administrator at the console, with a mouse, a phone or neither."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    person: Visitor = await newcomer.administrator(
        f"{name[:40]}-{hands}@example.com", **MANNERS[hands]
    )
    await person.sign_in("/signin?to=console")
    person.by_keyboard = hands == "keyboard"
    return person


def gone(method: str, path: str, headers: Message, body: bytes) -> Answer:
    return 410, {}, b""


async def _until(person: Visitor, text: str) -> None:
    """Look again until the page says something that a worker brings about."""
    for _ in range(200):
        await person.page.reload()
        if text in await person.text():
            return
        await person.page.wait_for_timeout(250)
    raise AssertionError(await person.text())


@in_each_way
async def test_a_webhook_that_failed_is_mended_and_what_it_missed_is_sent(
    admin: Visitor, receiver: HttpServer
) -> None:
    works, receiver.handler = receiver.handler, gone
    url = f"{receiver.url}/in"
    host = receiver.url.removeprefix("http://")

    await admin.follow("Webhooks")
    await admin.follow("Add webhook")
    await admin.type("Address", url)
    await admin.type("Description", "Ledger")
    await admin.type("Events", "group.deleted")
    await admin.press("Add webhook")
    assert "whsec_" in await admin.text()
    await admin.follow("Open the webhook")
    assert "whsec_" not in await admin.text()

    await admin.press("Send a test event")
    await _until(admin, "HTTP 410")
    assert "it is gone for good" in await admin.text()
    receiver.handler = works
    await admin.press("Enable")
    await admin.press_first("Send again webhook.tested")
    await _until(admin, "HTTP 204")
    assert receiver.requests[-1].path == "/in"

    await admin.press("Disable")
    await admin.press("Enable")
    await admin.press("Send again")
    assert await admin.page.get_by_role("status").count() >= 1
    await admin.type("Description", "Ledger of the house")
    await admin.press("Save")
    assert "The webhook is saved." in await admin.text()
    await admin.press("New secret")
    assert "whsec_" in await admin.text()
    await admin.follow("Open the webhook")
    await admin.type(f"Type {host} to confirm", host)
    await admin.press("Delete webhook")
    assert "The webhook is deleted." in await admin.text()


@in_each_way
async def test_an_api_is_added_changed_disabled_and_deleted(
    admin: Visitor, hands: str
) -> None:
    identifier = f"https://orders-{hands}.example.com"

    await admin.go("/admin/resources")
    await admin.follow("Add API")
    await admin.type("Identifier", identifier)
    await admin.type("Name", "Orders")
    await admin.type("Scopes", "see all = See your orders")
    await admin.press("Add API")
    assert "This line cannot be read: see all" in await admin.text()
    await admin.type("Scopes", "read = See your orders")
    await admin.press("Add API")
    assert await admin.heading() == "Orders"
    assert "The API is added." in await admin.text()
    await admin.type("Name", "Orders of all")
    await admin.press("Save")
    assert await admin.heading() == "Orders of all"

    await admin.press("Disable")
    assert "there is no new token for it" in await admin.text()
    await admin.press("Enable")
    await admin.type(f"Type {identifier} to confirm", identifier)
    await admin.press("Delete API")
    assert "The API is deleted." in await admin.text()


@in_each_way
async def test_a_host_is_protected_and_its_proxy_set_up(
    admin: Visitor, hands: str
) -> None:
    host = f"localhost:{8081 + HANDS.index(hands)}"

    await admin.go("/admin/hosts")
    await admin.follow("Protect a host")
    await admin.type("Host", host)
    await admin.type("Name", "The wiki")
    await admin.type("Groups", "no-such-group")
    await admin.press("Protect the host")
    assert "There is no such group." in await admin.text()
    await admin.type("Groups", "")
    await admin.type("Roles", "user")
    await admin.press("Protect the host")
    assert await admin.heading() == "The wiki"
    code = admin.page.get_by_label("Code for Caddy", exact=True)
    assert host in str(await code.text_content())
    await admin.type("Name", "The wiki of all")
    await admin.press("Save")
    assert await admin.heading() == "The wiki of all"

    await admin.type(f"Type {host} to confirm", host)
    await admin.press("Delete host")
    assert "nobody enters it any more" in await admin.text()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Somebody else's service: it publishes what it is, and its keys."""
    with Provider(SystemClock()) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def deployer(runtime: Runtime) -> str:
    """What workloads act as."""
    metadata = {
        "grant_types": [JwtBearer.name],
        "redirect_uris": [],
        "token_endpoint_auth_method": "none",
    }
    async with runtime.unit_of_work() as uow:
        row, _ = await OAuthClientService(uow, runtime).create(metadata, {})
    return row.client_id


@in_each_way
async def test_an_issuer_is_trusted_tested_changed_and_deleted(
    admin: Visitor, hands: str, provider: Provider, deployer: str
) -> None:
    name = f"ci-{hands}"
    await admin.go("/admin/issuers")
    await admin.follow("Trust an issuer")
    await admin.follow("Another platform")
    await admin.type("Name", name)
    await admin.type("Issuer", provider.url)
    await admin.type("Client ID", "nobody")
    await admin.type("Conditions", "sub ~ job:*")
    await admin.press("Trust an issuer")
    assert await admin.page.locator("#client_id").get_attribute("aria-invalid")
    await admin.type("Client ID", deployer)
    await admin.press("Trust an issuer")
    assert "The issuer is trusted. Test it below." in await admin.text()

    await admin.press("Test")
    assert await admin.page.locator("#test li").count() == 2
    assert "Failed" not in await admin.page.locator("#test").inner_text()
    provider.status = 503
    await admin.press("Test")
    assert "Failed" in await admin.page.locator("#test").inner_text()

    await admin.unfold("Try a token")
    await admin.fill("textarea[name=token]", "not.a.token")
    await admin.press("Try a token")
    assert await admin.page.locator("#test [role=alert], #test .notice").count()

    await admin.unfold("Add rule")
    await admin.type("Client ID", deployer, beside="Add rule")
    await admin.type("Conditions", "sub = nightly", beside="Add rule")
    await admin.press("Add rule")
    await admin.unfold("sub = nightly")
    await admin.press("Move up: Rule 2")
    rules = await admin.page.locator("#rules").inner_text()
    assert rules.index("sub = nightly") < rules.index("sub ~ job:*")
    await admin.unfold("sub = nightly")
    await admin.fill("#conditions-1", "sub = weekly")
    await admin.press("Save: Rule 1")
    await admin.unfold("sub = weekly")
    await admin.press("Remove: Rule 1")
    rules = await admin.page.locator("#rules").inner_text()
    assert "weekly" not in rules and "sub ~ job:*" in rules
    await admin.press("Save")
    assert "The issuer is saved." in await admin.text()

    await admin.press("Disable")
    assert "its workloads get no tokens" in await admin.text()
    await admin.press("Enable")
    await admin.type(f"Type {name} to confirm", "ci")
    await admin.press("Delete issuer")
    assert await admin.heading() == name
    await admin.type(f"Type {name} to confirm", name)
    await admin.press("Delete issuer")
    assert "The issuer is trusted no more." in await admin.text()


@in_each_way
async def test_a_connection_is_made_tested_enabled_changed_and_deleted(
    admin: Visitor, newcomer: Any, hands: str, provider: Provider
) -> None:
    name, shown = f"acme-{hands}", f"Acme {hands}"
    await admin.go("/admin/connections")
    await admin.follow("Add connection")
    await admin.follow("OpenID Connect")
    await admin.type("Name", name)
    await admin.type("What people call it", shown)
    await admin.type("Issuer", "not an address")
    await admin.type("Client ID", "here")
    await admin.type("Client secret", "a-secret-that-only-both-sides-know")
    await admin.press("Add connection")
    assert await admin.page.locator("[aria-invalid]").count() == 1
    await admin.type("Issuer", provider.url)
    await admin.type("Client secret", "a-secret-that-only-both-sides-know")
    await admin.press("Add connection")
    assert await admin.heading() == shown
    assert f"/upstreams/{name}/callback" in await admin.text()

    await admin.press("Test")
    assert "Discovery" in await admin.page.locator("#test").inner_text()
    visitor: Visitor = await newcomer.stranger(f"visitor-{hands}@example.com")
    await visitor.go("/signin")
    assert shown not in await visitor.text()
    await admin.press("Enable")
    await visitor.go("/signin")
    assert f"Continue with {shown}" in await visitor.text()

    await admin.type("What people call it", f"{shown} Ltd")
    await admin.choose("Who gets an account by coming", "Anybody")
    await admin.press("Save")
    assert await admin.heading() == f"{shown} Ltd"
    await admin.press("Disable")
    await visitor.go("/signin")
    assert shown not in await visitor.text()

    await admin.type(f"Type {name} to confirm", "acme")
    await admin.press("Delete connection")
    assert await admin.heading() == f"{shown} Ltd"
    await admin.type(f"Type {name} to confirm", name)
    await admin.press("Delete connection")
    assert "The connection is deleted." in await admin.text()
