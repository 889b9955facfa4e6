"""Mails leave encrypted and once, and wait while they cannot."""

import asyncio
import ssl
from email.message import EmailMessage
from pathlib import Path
from socket import SOCK_STREAM
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Session
from pydantic import ValidationError

from app.jobs.mail import FIRST_DELAY, LONGEST_DELAY, MAX_ATTEMPTS, MailJob
from app.jobs.smtp import MailDelayed, SmtpSender
from app.services.server.runtime import Runtime
from app.services.server.smtp_address import SmtpAddress
from app.setting_groups import SmtpSettings
from tests.servers.certificates import Authority
from tests.servers.ports import free_port
from tests.servers.smtp import SmtpServer
from tests.support.chance import FakeClock
from tests.support.job import Make, messages, store_messages
from tests.support.mail import only

pytest_plugins = ["tests.support.job", "tests.support.mail"]


@pytest.fixture
async def runtime(mailing_runtime: Runtime) -> Runtime:
    return mailing_runtime


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


class EncryptedSmtp:
    """A mail server that takes nothing before STARTTLS."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.port = free_port()
        self.encrypted: list[bool] = []
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="localhost",
            tls_context=tls,
            require_starttls=True,
        )

    async def handle_DATA(self, _server: Any, session: Session, _mail: Any) -> str:
        """Remember whether it came encrypted."""
        self.encrypted.append(session.ssl is not None)
        return "250 2.0.0 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


async def test_a_test_mail_keeps_what_the_server_answered_and_others_do_not(
    job: MailJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime)
    await store_messages(runtime, payload={"template": "mail_test"})

    await job.run()

    plain, tested = await messages(runtime, "delivered")
    assert "answer" not in plain.payload
    assert tested.payload["answer"].startswith("2")


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_f31_a_refusal_for_good_is_final(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, at: Any
) -> None:
    smtp.refuse_at, smtp.refuse_with = at, "550 5.1.1 no such mailbox"
    await store_messages(runtime)

    await job.run()

    assert (await only(runtime, "failed")).last_error == "550 5.1.1 no such mailbox"
    assert runtime.breakers.states() == {"smtp:127.0.0.1": "closed"}


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_f31_a_greylisted_mail_arrives_once_and_later(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock, at: Any
) -> None:
    smtp.refuse_at, smtp.refuse_with = at, "451 4.7.1 try later"
    await store_messages(runtime)

    await job.run()
    smtp.refuse_with = None
    await job.run()
    too_early = len(smtp.messages)
    clock.advance(seconds=FIRST_DELAY)
    await job.run()
    await job.run()

    assert too_early == 0
    assert len(smtp.messages) == 1
    assert (await only(runtime, "delivered")).attempts == 2


async def test_f31_tries_grow_rarer_and_end(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock
) -> None:
    smtp.refuse_with = "451 4.7.1 try later"
    await store_messages(runtime)

    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        await job.run()
        due = (await only(runtime, "pending")).available_at
        waits.append((due - clock.now()).total_seconds())
        clock.advance(seconds=waits[-1])
    await job.run()

    assert waits[:4] == [FIRST_DELAY, 60, 120, 240]
    assert max(waits) == waits[-1] == LONGEST_DELAY
    assert (await only(runtime, "failed")).last_error == "451 4.7.1 try later"


async def test_f31_a_server_that_never_answers_is_given_up_for_now(
    make_runtime: Make, smtp: SmtpServer
) -> None:
    url = f"smtp://127.0.0.1:{smtp.port}"
    runtime = make_runtime(smtp={"url": url, "timeout": 0.2})
    await store_messages(runtime)
    smtp.hang = True

    await MailJob(runtime).run()

    smtp.hang = False
    assert "Timeout" in ((await only(runtime, "pending")).last_error or "")


async def test_f31_a_server_that_hangs_up_after_accepting_gets_the_mail_once(
    make_runtime: Make, clock: FakeClock
) -> None:
    accepted: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 rude ESMTP\r\n")
        while (line := await reader.readline()) and line != b"DATA\r\n":
            writer.write(b"250 fine\r\n")
        writer.write(b"354 go on\r\n")
        accepted.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(b"250 taken\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        runtime = make_runtime(smtp={"url": f"smtp://127.0.0.1:{port}"})
        await store_messages(runtime)
        await MailJob(runtime).run()
        clock.advance(seconds=7_200)
        await MailJob(runtime).run()

    assert len(accepted) == 1
    assert len(await messages(runtime, "delivered")) == 1


async def test_a_dead_server_opens_the_circuit_and_costs_no_more_tries(
    make_runtime: Make, clock: FakeClock
) -> None:
    with SmtpServer() as smtp:
        runtime = make_runtime(smtp={"url": f"smtp://127.0.0.1:{smtp.port}"})
    job = MailJob(runtime)
    await store_messages(runtime, 5)
    await job.run()

    await store_messages(runtime)
    clock.advance(seconds=1)
    more = await job.run()

    assert runtime.breakers.states() == {"smtp:127.0.0.1": "open"}
    assert not more
    attempts = [message.attempts for message in await messages(runtime, "pending")]
    assert sorted(attempts) == [0, 1, 1, 1, 1, 1]


async def test_a_demanded_starttls_that_is_not_offered_sends_nothing_in_clear(
    make_runtime: Make, smtp: SmtpServer, authority: Authority
) -> None:
    url = f"smtp://127.0.0.1:{smtp.port}"
    runtime = make_runtime(smtp={"url": url, "ca_file": authority.file})
    await store_messages(runtime)

    await MailJob(runtime).run()

    assert smtp.messages == []
    assert "STARTTLS" in ((await only(runtime, "pending")).last_error or "")


@pytest.mark.parametrize(
    ("host", "arrives"), [("localhost", True), ("127.0.0.1", False)]
)
async def test_mail_is_encrypted_for_the_name_in_the_settings_only(
    make_runtime: Make, authority: Authority, host: str, arrives: bool
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(authority.certify("localhost"))
    with EncryptedSmtp(tls) as server:
        url = f"smtp://{host}:{server.port}"
        runtime = make_runtime(smtp={"url": url, "ca_file": authority.file})
        await store_messages(runtime)
        await MailJob(runtime).run()

    assert server.encrypted == ([True] if arrives else [])
    assert len(await messages(runtime, "delivered")) == int(arrives)


@pytest.mark.parametrize(
    ("url", "has_ca", "expected"),
    [
        ("smtp://mail.example.com", False, ("mail.example.com", 587, False, True)),
        ("smtp://mail.example.com:25", False, ("mail.example.com", 25, False, True)),
        ("smtps://mail.example.com", False, ("mail.example.com", 465, True, False)),
        ("smtp://localhost:1025", False, ("localhost", 1025, False, False)),
        ("smtp://[::1]:1025", False, ("::1", 1025, False, False)),
        ("smtp://127.0.0.1:1025", True, ("127.0.0.1", 1025, False, True)),
        ("smtp://127.evil.example", False, ("127.evil.example", 587, False, True)),
    ],
)
def test_the_way_to_the_mail_server_is_encrypted_unless_it_is_this_machine(
    url: str, has_ca: bool, expected: tuple[Any, ...]
) -> None:
    address = SmtpAddress.parse(url, has_ca=has_ca)

    assert expected == (
        address.host,
        address.port,
        address.implicit_tls,
        address.starttls,
    )


def test_credentials_in_the_url_may_hold_any_character() -> None:
    address = SmtpAddress.parse("smtp://u%40x:p%2F%3A@mail.example.com", has_ca=False)

    assert (address.username, address.password) == ("u@x", "p/:")


@pytest.mark.parametrize(
    "smtp_settings",
    [
        {"url": "http://mail.example.com"},
        {"url": "smtp://"},
        {"url": "smtp://host:notaport"},
        {"url": "smtps://mail.example.com", "ca_file": "/no/such/file"},
    ],
)
async def test_a_mail_server_that_makes_no_sense_stops_the_start(
    make_runtime: Make, smtp_settings: dict[str, str]
) -> None:
    with pytest.raises(ValidationError, match="smtp"):
        make_runtime(smtp=smtp_settings)


async def _plain(host: str, runtime: Runtime, port: int) -> None:
    """Send a mail to a relay of the own network, which knows no TLS."""
    url = f"smtp://{host}:{port}"
    chosen = SmtpSettings.model_validate({"url": url, "allow_plaintext": True})
    message = EmailMessage()
    message["To"], message["From"] = "ann@example.com", "auth@example.com"
    sender = SmtpSender(url, chosen, runtime.breakers, "localhost")
    await sender.send(message, "ann@example.com")


async def test_a_relay_of_the_own_network_may_go_without_tls_and_no_other(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mailpit in a compose file; a name that leads outside is refused."""
    with SmtpServer() as smtp:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("127.0.0.1", smtp.port, type=SOCK_STREAM)

        async def resolve(host: str, *_: Any, **__: Any) -> Any:
            public = [(*found[0][:4], ("8.8.8.8", smtp.port))]
            return {"mailpit": found, "outside": public, "both": found + public}[host]

        monkeypatch.setattr(loop, "getaddrinfo", resolve)
        await _plain("mailpit", runtime, smtp.port)
        for host in ("outside", "both"):
            with pytest.raises(MailDelayed, match="ALLOW_PLAINTEXT"):
                await _plain(host, runtime, smtp.port)

        assert len(await smtp.wait_for(1)) == 1
