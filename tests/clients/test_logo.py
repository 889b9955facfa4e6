"""Pictures of applications: fetched once by us, shown from our own origin."""

import asyncio
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from app.services.clients.logo import KEPT_FOR, MAX_BYTES, MOST, NONE_FOR
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory
from tests.servers.http import HttpServer
from tests.support.api import Api
from tests.support.authorization import Visit, at, visit
from tests.support.chance import FakeClock
from tests.support.page import Page

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture
def options() -> dict[str, object]:
    return {
        "outbound": {"allowed_hosts": ["127.0.0.1"]},
        "limits": {"authorize_address": "5/60"},
    }


class Site:
    """The host of an application: it shows what it is told to."""

    def __init__(self, server: HttpServer) -> None:
        """Answer with ``content``; a number is a status, with a picture."""
        self.server = server
        self.content: bytes | int = PNG
        server.handler = lambda *_: (
            (200, {"Content-Type": "text/html"}, self.content)
            if isinstance(self.content, bytes)
            else (self.content, {"Location": "/moved.png"}, PNG)
        )

    @property
    def asked(self) -> int:
        """How often somebody came for the picture."""
        return len(self.server.requests)


@pytest.fixture
def site() -> Any:
    with HttpServer() as server:
        yield Site(server)


@pytest.fixture
async def shop(site: Site, applications: ApplicationFactory) -> Application:
    return await applications(logo_uri=f"{site.server.url}/logo.png")


async def picture(client: AsyncClient, app: Application) -> Response:
    """Do what a browser does for the page."""
    return await client.get(f"/application-logo/{app.client_id}")


async def test_the_picture_comes_from_us_and_cannot_act(
    client: AsyncClient, site: Site, shop: Application
) -> None:
    answer = await picture(client, shop)

    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert "set-cookie" not in answer.headers
    [request] = site.server.requests
    assert (request.method, request.path) == ("GET", "/logo.png")
    assert {"cookie", "referer"} & {name.lower() for name in request.headers} == set()


async def test_every_step_shows_picture_policy_and_terms(
    api: Api, app: FastAPI, site: Site, applications: ApplicationFactory
) -> None:
    """OIDC Registration §2: logo_uri, policy_uri and tos_uri are shown to people."""
    shop = await applications(
        logo_uri=f"{site.server.url}/logo.png",
        policy_uri="https://shop.example/privacy",
        tos_uri="https://shop.example/terms",
    )
    browser = visit(api.runtime, app)
    one, two = await api.person(), await api.person()
    pages = [await browser.ask(shop), await browser.ask(shop, prompt="create")]
    await browser.arrive(one.email)
    pages.append(await browser.ask(shop))
    await browser.arrive(two.email)
    pages.append(await browser.ask(shop, prompt="select_account"))

    steps = [at(page) for page in pages]
    assert steps == ["/signin", "/signup", "/consent", "/select-account"]
    for page in pages:
        [image] = Page(page.text).all("img")
        assert image["src"] == f"/application-logo/{shop.client_id}"
        # A size of its own would keep a frame on the page where the picture is missing.
        assert image["alt"] == "" and not {"width", "height"} & set(image)
        links = {link["href"]: link for link in Page(page.text).all("a")}
        for name in ("privacy", "terms"):
            link = links[f"https://shop.example/{name}"]
            assert link["rel"] == "noopener noreferrer"
        assert "img-src 'self'" in page.headers["content-security-policy"]
        assert site.server.url not in page.text  # nobody is told who signs in
    assert site.asked == 0  # no page waits for somebody else


async def test_an_application_without_a_picture_shows_none(
    client: AsyncClient, browser: Visit, applications: ApplicationFactory
) -> None:
    plain = await applications()

    page = await browser.ask(plain)

    assert Page(page.text).all("img") == []
    assert (await picture(client, plain)).status_code == 404


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8L", "image/webp"),
        (PNG + b"\0" * (MAX_BYTES - len(PNG)), "image/png"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_the_first_bytes_say_what_it_is(
    client: AsyncClient, site: Site, shop: Application, content: bytes, kind: str
) -> None:
    site.content = content

    answer = await picture(client, shop)

    assert (answer.content, answer.headers["content-type"]) == (content, kind)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither PNG"),
        (b"<!DOCTYPE html>", "neither PNG"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "neither PNG"),
        (b"", "neither PNG"),
        (PNG + b"\0" * (MAX_BYTES - len(PNG) + 1), "larger than"),
        (302, "answered 302"),
        (404, "answered 404"),
        (500, "server error"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_what_is_no_picture_is_not_shown_and_the_log_says_why(
    client: AsyncClient,
    site: Site,
    shop: Application,
    caplog: pytest.LogCaptureFixture,
    content: bytes | int,
    reason: str,
) -> None:
    site.content = content

    with caplog.at_level(logging.WARNING, "auth_serve.oauth_client"):
        answer = await picture(client, shop)

    assert answer.status_code == 404
    [record] = [each for each in caplog.records if "logo" in each.message]
    assert reason in vars(record)["reason"]
    assert vars(record)["client_id"] == shop.client_id
    assert site.asked == 1


async def test_t158_nobody_can_have_us_fetch_at_will(
    client: AsyncClient, site: Site, shop: Application, clock: FakeClock
) -> None:
    many = await asyncio.gather(*(picture(client, shop) for _ in range(20)))
    kept = site.asked
    site.content = 404
    clock.advance(seconds=KEPT_FOR)
    gone = [(await picture(client, shop)).status_code for _ in range(5)]
    failed = site.asked
    clock.advance(seconds=NONE_FOR)
    await picture(client, shop)
    unknown = await client.get("/application-logo/nobody")

    assert {answer.status_code for answer in many} == {200}
    assert (kept, gone, failed, site.asked) == (1, [404] * 5, 2, 3)
    assert unknown.status_code == 404


async def test_t158_fetching_counts_against_who_asks(
    client: AsyncClient, site: Site, applications: ApplicationFactory
) -> None:
    shops = [
        await applications(logo_uri=f"{site.server.url}/{number}")
        for number in range(7)
    ]

    answers = [(await picture(client, shop)).status_code for shop in shops]
    again = (await picture(client, shops[0])).status_code

    assert answers == [200] * 5 + [404] * 2
    assert (again, site.asked) == (200, 5)  # what is there already costs nothing


async def test_the_oldest_pictures_give_way(
    runtime: Runtime, site: Site, shop: Application, client: AsyncClient
) -> None:
    await picture(client, shop)
    for number in range(MOST):
        runtime.logos._entry(f"https://host.example/{number}")

    await picture(client, shop)

    assert len(runtime.logos._kept) == MOST
    assert site.asked == 2


async def test_a_client_that_names_another_picture_is_believed(
    client: AsyncClient, site: Site, shop: Application, runtime: Runtime
) -> None:
    await picture(client, shop)
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(shop.client_id)
        assert row is not None
        row.document = row.document | {"logo_uri": f"{site.server.url}/new.gif"}
    runtime.clients.forget(shop.client_id)
    site.content = b"GIF89a"

    assert (await picture(client, shop)).headers["content-type"] == "image/gif"
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id(shop.client_id)
        assert row is not None
        row.status = "disabled"
    runtime.clients.forget(shop.client_id)
    assert (await picture(client, shop)).status_code == 404


async def test_no_connection_is_held_while_the_picture_is_fetched(
    client: AsyncClient, site: Site, shop: Application, runtime: Runtime
) -> None:
    lent: list[int] = []
    pool: Any = runtime.database.engine.pool
    answer = site.server.handler

    def count(*asked: Any) -> Any:
        lent.append(pool.checkedout())
        return answer(*asked)

    site.server.handler = count

    assert (await picture(client, shop)).status_code == 200
    assert lent == [0]


class TestInternalAddress:
    """The guarded door is the one that is used."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    async def test_t158_an_internal_address_is_not_asked(
        self, client: AsyncClient, site: Site, applications: ApplicationFactory
    ) -> None:
        uris = (f"{site.server.url}/a", f"https://127.0.0.1:{site.server.port}/b")
        for uri in uris:
            shop = await applications(logo_uri=uri)
            assert (await picture(client, shop)).status_code == 404

        assert site.server.connections == 0
