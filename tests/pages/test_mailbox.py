"""``/dev/mailbox``: mails that nobody sent, for whoever sits at this machine."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from app.services.server.runtime import Runtime
from tests.support.page import ORIGIN, Page, verify_link


@pytest.fixture
async def developer(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Whoever sits at the machine that the application runs on."""
    transport = ASGITransport(app=app, client=("127.0.0.1", 40_000))
    async with AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield http


async def test_the_mailbox_shows_what_would_have_been_mailed(
    developer: AsyncClient, runtime: Runtime
) -> None:
    client = developer
    empty = await client.get("/dev/mailbox")
    token = await verify_link(runtime)
    mail = runtime.mailbox.list()[0]

    listed = await client.get("/dev/mailbox")
    text = await client.get(f"/dev/mailbox/{mail.id}")
    html = await client.get(f"/dev/mailbox/{mail.id}/html")

    assert "No emails yet" in empty.text
    assert {"href": f"/dev/mailbox/{mail.id}"} in Page(listed.text).all("a")
    link = f"{ORIGIN}/verify-email?token={token}"
    assert link in [tag["href"] for tag in Page(text.text).all("a")]
    assert html.text == mail.html


@pytest.mark.parametrize("mail_id", ["x", "1", str(UUID(int=1))])
async def test_an_unknown_mail_is_not_found(
    developer: AsyncClient, mail_id: str
) -> None:
    for path in (f"/dev/mailbox/{mail_id}", f"/dev/mailbox/{mail_id}/html"):
        assert (await developer.get(path)).status_code == 404


LOCAL = ["localhost:8000", "LOCALHOST", "127.0.0.1:9", "[::1]:8000", "127.1.2.3"]
OTHER_HOSTS = ["evil.example:8000", "localhost.evil.example", "192.168.1.5:8000", ""]
OTHER_HOSTS += ["127.0.0.1.evil.example", "[::1", "localhost@evil.example", "test"]


async def mailbox_answers(app: FastAPI, mail: UUID, host: str, ip: str) -> set[int]:
    """Return how every page of the mailbox answers under a name, to an address."""
    transport = ASGITransport(app=app, client=(ip, 40_000))
    paths = ("", f"/{mail}", f"/{mail}/html")
    async with AsyncClient(transport=transport, base_url="http://localhost") as http:
        answers = [
            await http.get(f"/dev/mailbox{path}", headers={"Host": host})
            for path in paths
        ]
    return {answer.status_code for answer in answers}


async def test_the_mailbox_is_for_this_machine_under_its_own_names(
    app: FastAPI, runtime: Runtime
) -> None:
    await verify_link(runtime)
    mail = runtime.mailbox.list()[0].id

    for host in LOCAL:
        for ip in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
            assert await mailbox_answers(app, mail, host, ip) == {200}, (host, ip)
    for host in OTHER_HOSTS:  # a web page may lead its own name here
        answers = await mailbox_answers(app, mail, host, "127.0.0.1")
        assert answers in ({404}, {400}), host  # 400: it is no host at all
    for ip in ("192.168.1.7", "10.0.0.1", "2001:db8::1", "fe80::1", ""):
        assert await mailbox_answers(app, mail, "localhost:8000", ip) == {404}, ip


class TestUnderAnotherName:
    """The public URL of a developer who works behind a name."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"public_url": "http://auth.dev.example:8000"}

    async def test_the_mailbox_is_there(self, app: FastAPI, runtime: Runtime) -> None:
        await verify_link(runtime)
        mail = runtime.mailbox.list()[0].id

        for host in ("auth.dev.example:8000", "Auth.dev.example", "localhost"):
            assert await mailbox_answers(app, mail, host, "127.0.0.1") == {200}
        assert await mailbox_answers(app, mail, "dev.example", "127.0.0.1") == {404}


class TestWithMailServer:
    """Where mails are sent, nobody can read them here."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"smtp": {"url": "smtp://127.0.0.1:9"}}

    async def test_there_is_no_mailbox(self, developer: AsyncClient) -> None:
        client = developer
        signin = await client.get("/signin")

        for path in ("", f"/{UUID(int=1)}", f"/{UUID(int=1)}/html"):
            assert (await client.get(f"/dev/mailbox{path}")).status_code == 404
        assert signin.status_code == 200 and "/dev/mailbox" not in signin.text
