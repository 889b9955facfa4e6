"""Mails: what stands in them, how they leave, and what happens when they cannot."""

import asyncio
import json
import logging
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from app.events import EVENTS, MailedEvent
from app.events.user import UserInvited
from app.jobs import mail as mail_job
from app.jobs.mail import FIRST_DELAY, LONGEST_DELAY, MAX_ATTEMPTS, OutboxJob
from app.jobs.mail_message import TEMPLATES, MailRenderer
from app.jobs.smtp import SmtpAddress
from app.models import OutboxMessage
from app.services.email_verification import EmailVerificationService
from app.services.one_time_token import OneTimeTokenService, Purpose
from app.services.runtime import Runtime
from tests.chance import FakeClock
from tests.job_support import (
    Make,
    add_message,
    add_user,
    messages,
    store_messages,
)
from tests.servers.ports import free_port
from tests.servers.smtp import SmtpServer

pytest_plugins = ["tests.job_support"]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
async def runtime(make_runtime: Make, smtp: SmtpServer) -> Runtime:
    return make_runtime(
        public_url="https://auth.example.com",
        smtp={
            "url": f"smtp://127.0.0.1:{smtp.port}",
            "sender": "no-reply@example.com",
            "sender_name": "Tea & Söhne",
            "timeout": 2.0,
        },
    )


@pytest.fixture
async def job(runtime: Runtime) -> OutboxJob:
    return OutboxJob(runtime)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of ``localhost`` and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(start)
    builder = builder.not_valid_after(start + timedelta(days=36_500))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = tmp_path / "mail.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


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


async def only(runtime: Runtime, state: str) -> OutboxMessage:
    [message] = await messages(runtime, state)
    return message


async def store_with_token(
    runtime: Runtime, template: str, *, ttl: int = 600
) -> tuple[Purpose, Any]:
    """Store a mail of a template that carries a link or a code."""
    user = await add_user(runtime)
    purpose = TEMPLATES[template].purpose
    assert purpose is not None
    async with runtime.unit_of_work() as uow:
        token = await OneTimeTokenService(uow, runtime).issue(
            purpose, subject=user.email_canonical, ttl=ttl, user_id=user.id
        )
        payload = {"template": template, "token_id": str(token.id)}
        add_message(uow, payload=payload, expires_at=token.expires_at)
    return purpose, token.id


def parts(message: Any) -> tuple[str, str]:
    text = message.get_body(("plain",)).get_content()
    return text, message.get_body(("html",)).get_content()


def test_every_event_that_is_mailed_has_a_template() -> None:
    mailed = {event.template for event in EVENTS if issubclass(event, MailedEvent)}

    assert mailed == set(TEMPLATES)


@pytest.mark.parametrize("name", sorted(n for n, t in TEMPLATES.items() if t.path))
async def test_a_link_starts_with_the_public_url_and_works(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, name: str
) -> None:
    purpose, token_id = await store_with_token(runtime, name)

    await job.run()

    secret = runtime.secret_key.one_time_token(purpose, token_id)
    link = f"https://auth.example.com{TEMPLATES[name].path}?token={secret}"
    text, html = parts(smtp.messages[0])
    assert link in text.splitlines()
    assert html.count(f'href="{link}"') == 2
    async with runtime.unit_of_work() as uow:
        await OneTimeTokenService(uow, runtime).consume(purpose, secret)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
async def test_a_code_stands_in_a_mail_if_it_may_be_typed_somewhere(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, name: str
) -> None:
    code = "no code at all"
    if TEMPLATES[name].purpose:
        purpose, token_id = await store_with_token(runtime, name)
        code = runtime.secret_key.one_time_code(purpose, token_id)
    else:
        await store_messages(runtime, payload={"template": name})

    await job.run()

    text, html = parts(smtp.messages[0])
    has_code = TEMPLATES[name].has_code
    assert [code in text, code in html] == [has_code, has_code]
    assert TEMPLATES[name].subject in text
    assert "{{" not in text + html and "None" not in text + html


async def test_the_headers_say_who_writes_and_that_a_machine_does(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime)

    await job.run()

    [mail], [envelope] = smtp.messages, smtp.envelopes
    delivered = await only(runtime, "delivered")
    assert envelope.mail_from == "no-reply@example.com"
    assert envelope.rcpt_tos == ["ada@example.com"]
    assert mail["From"] == "Tea & Söhne <no-reply@example.com>"
    assert mail["To"] == "ada@example.com"
    assert mail["Message-ID"] == f"<{delivered.id}@auth.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == runtime.clock.now()
    assert "Tea &amp; Söhne" in parts(mail)[1]


async def test_t062_names_that_people_choose_stand_in_no_mail(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    prose = '<a href="https://evil.example">Win!</a>'
    await store_messages(runtime, payload={"data": {"name": prose}})

    await job.run()

    assert "evil.example" not in "".join(parts(smtp.messages[0]))


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com>\r\nRCPT TO:<eve@example.com",
        "ada@example.com, eve@example.com",
        "<ada@example.com> SIZE=1",
        "@example.com",
        "ada@ex ample.com",
        "ada@\u2100.example.com",
    ],
)
async def test_t082_an_address_never_adds_a_header_or_a_recipient(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, address: str
) -> None:
    await store_messages(runtime, payload={"to": address})

    await job.run()

    assert smtp.messages == []
    assert "address" in ((await only(runtime, "failed")).last_error or "")


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@faß.example", "ada@xn--fa-hia.example"),  # not fass.example
        ("jörg@example.com", "jörg@example.com"),
        ("o'hara+tag@example.com", "o'hara+tag@example.com"),
    ],
)
async def test_t080_mail_goes_to_exactly_the_address_that_is_stored(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, address: str, recipient: str
) -> None:
    await store_messages(runtime, payload={"to": address})

    await job.run()

    assert [envelope.rcpt_tos for envelope in smtp.envelopes] == [[recipient]]


async def test_an_expired_mail_is_not_sent(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock
) -> None:
    await store_with_token(runtime, "reset_password", ttl=600)
    clock.advance(seconds=600)

    await job.run()

    assert smtp.messages == []
    assert (await only(runtime, "failed")).last_error == "expired"


async def test_a_mail_whose_link_was_replaced_is_not_sent(
    job: OutboxJob,
    runtime: Runtime,
    smtp: SmtpServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    user = await add_user(runtime)
    for _ in range(2):
        async with runtime.unit_of_work() as uow:
            await EmailVerificationService(uow, runtime).send(user)

    with caplog.at_level("INFO", "auth_serve.mail"):
        await job.run()

    assert len(smtp.messages) == 1
    assert (await only(runtime, "failed")).last_error == "superseded"
    told = [r for r in caplog.records if "superseded" in r.getMessage()]
    assert [record.levelname for record in told] == ["INFO"]  # nothing is wrong


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"payload": {"to": ""}}, "the message lacks what its template needs"),
        (
            {"payload": {"template": "verify_email"}},
            "the message lacks what its template needs",
        ),
    ],
)
async def test_a_message_that_makes_no_sense_fails_and_holds_up_no_other(
    job: OutboxJob,
    runtime: Runtime,
    smtp: SmtpServer,
    columns: dict[str, Any],
    reason: str,
) -> None:
    await store_messages(runtime, **columns)
    await store_messages(runtime)

    await job.run()

    assert (await only(runtime, "failed")).last_error == reason
    assert len(smtp.messages) == 1


@pytest.mark.parametrize(
    "columns", [{"kind": "webhook"}, {"payload": {"template": "of_next_year"}}]
)
async def test_what_the_next_release_promised_waits_for_it_untouched(
    job: OutboxJob,
    runtime: Runtime,
    smtp: SmtpServer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    columns: dict[str, Any],
) -> None:
    await store_messages(runtime, **columns)
    await store_messages(runtime)
    for _ in range(2 * MAX_ATTEMPTS):
        await job.run()
        clock.advance(seconds=LONGEST_DELAY)
    before = len(smtp.messages)
    left = await only(runtime, "pending")

    # The release that knows it comes.
    monkeypatch.setitem(TEMPLATES, "of_next_year", TEMPLATES["password_changed"])
    monkeypatch.setattr(MailRenderer, "render", _render_any(MailRenderer.render))
    monkeypatch.setattr(mail_job, "MAIL", columns.get("kind", "mail"))
    await job.run()

    assert (before, left.attempts) == (1, 0)
    assert await messages(runtime, "failed") == []
    assert len(smtp.messages) == 2


def _render_any(render: Any) -> Any:
    return lambda self, draft: render(self, replace(draft, name="password_changed"))


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_f31_a_refusal_for_good_is_final(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, at: Any
) -> None:
    smtp.refuse_at, smtp.refuse_with = at, "550 5.1.1 no such mailbox"
    await store_messages(runtime)

    await job.run()

    assert (await only(runtime, "failed")).last_error == "550 5.1.1 no such mailbox"
    assert runtime.breakers.states() == {"smtp:127.0.0.1": "closed"}


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_f31_a_greylisted_mail_arrives_once_and_later(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock, at: Any
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
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock
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

    await OutboxJob(runtime).run()

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
        await OutboxJob(runtime).run()
        clock.advance(seconds=7_200)
        await OutboxJob(runtime).run()

    assert len(accepted) == 1
    assert len(await messages(runtime, "delivered")) == 1


async def test_a_dead_server_opens_the_circuit_and_costs_no_more_tries(
    make_runtime: Make, clock: FakeClock
) -> None:
    with SmtpServer() as smtp:
        runtime = make_runtime(smtp={"url": f"smtp://127.0.0.1:{smtp.port}"})
    job = OutboxJob(runtime)
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
    make_runtime: Make, smtp: SmtpServer, certificate: Path
) -> None:
    url = f"smtp://127.0.0.1:{smtp.port}"
    runtime = make_runtime(smtp={"url": url, "ca_file": certificate})
    await store_messages(runtime)

    await OutboxJob(runtime).run()

    assert smtp.messages == []
    assert "STARTTLS" in ((await only(runtime, "pending")).last_error or "")


@pytest.mark.parametrize(
    ("host", "arrives"), [("localhost", True), ("127.0.0.1", False)]
)
async def test_mail_is_encrypted_for_the_name_in_the_settings_only(
    make_runtime: Make, certificate: Path, host: str, arrives: bool
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with EncryptedSmtp(tls) as server:
        url = f"smtp://{host}:{server.port}"
        runtime = make_runtime(smtp={"url": url, "ca_file": certificate})
        await store_messages(runtime)
        await OutboxJob(runtime).run()

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


async def test_without_a_server_mail_is_kept_and_its_link_is_not_logged(
    make_runtime: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runtime = make_runtime()
    purpose, token_id = await store_with_token(runtime, "verify_email")

    await OutboxJob(runtime).run()

    [mail] = runtime.mailbox.list()
    secret = runtime.secret_key.one_time_token(purpose, token_id)
    code = runtime.secret_key.one_time_code(purpose, token_id)
    assert secret in mail.text and code in mail.html
    assert f"http://localhost:8000/dev/mailbox/{mail.id}" in caplog.text
    assert secret not in caplog.text and code not in caplog.text
    assert len(await messages(runtime, "delivered")) == 1


async def test_t127_the_outbox_holds_neither_link_nor_code(runtime: Runtime) -> None:
    purpose, token_id = await store_with_token(runtime, "verify_email")

    stored = json.dumps((await only(runtime, "pending")).payload)

    assert runtime.secret_key.one_time_token(purpose, token_id) not in stored
    assert runtime.secret_key.one_time_code(purpose, token_id) not in stored


async def test_a_recorded_event_becomes_a_mail(
    job: OutboxJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    user = await add_user(runtime)
    async with runtime.unit_of_work() as uow:
        token = await OneTimeTokenService(uow, runtime).issue(
            Purpose.INVITATION, subject=user.email_canonical, ttl=600, user_id=user.id
        )
        expires = uow.clock.now() + timedelta(seconds=600)
        uow.record(
            UserInvited(
                user_id=user.id, to=user.email, token_id=token.id, expires_at=expires
            )
        )

    await job.run()

    assert f"{expires:%Y-%m-%d %H:%M} UTC" in parts(smtp.messages[0])[0]
