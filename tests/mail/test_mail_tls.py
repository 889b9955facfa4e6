"""Mail over TLS to a real server: whom it trusts, and what it says when it does not."""

import logging
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session

from app.jobs.mail import FIRST_DELAY, MailJob
from app.services.server.runtime import Runtime
from tests.servers.certificates import Authority
from tests.servers.ports import free_port
from tests.support.chance import FakeClock
from tests.support.job import Make, messages, store_messages
from tests.support.mail import only

pytest_plugins = ["tests.support.job"]

Scheme = Literal["smtp", "smtps"]
PASSWORD = "s3cret/:@mail"  # has to be encoded in the URL


class SecureSmtp:
    """A mail server that takes nothing in clear, and nothing without a password.

    Attributes:
        taken: Who was signed in when a mail came.
        drop: While True, it hangs up where a mail begins.
    """

    def __init__(self, scheme: Scheme, certificate: Path) -> None:
        """Prepare: ``smtps`` is TLS from the first byte, ``smtp`` is STARTTLS."""
        self.port = free_port()
        self.taken: list[str] = []
        self.drop = False
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        implicit = scheme == "smtps"
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="localhost",
            ssl_context=tls if implicit else None,
            tls_context=None if implicit else tls,
            require_starttls=not implicit,
            authenticator=self._check,
            auth_require_tls=not implicit,  # it does not see TLS around itself
        )

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Any,
        address: str,
        _options: list[str],
    ) -> str:
        """Take the sender of somebody who signed in, or hang up."""
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.drop:
            assert server.transport is not None
            server.transport.close()
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, _mail: Any) -> str:
        """Remember who sent it."""
        self.taken.append(str(session.auth_data))
        return "250 2.0.0 OK"

    def _check(
        self, _server: SMTP, _session: Session, _envelope: Any, _how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = data.password.decode() == PASSWORD
        return AuthResult(success=right, auth_data=data.login.decode(), handled=False)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


@pytest.fixture(params=["smtp", "smtps"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    chosen: Scheme = request.param
    return chosen


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


@pytest.fixture
def server(scheme: Scheme, authority: Authority) -> Iterator[SecureSmtp]:
    with SecureSmtp(scheme, authority.certify("localhost")) as server:
        yield server


def sending(
    make: Make,
    scheme: Scheme,
    port: int,
    ca_file: Path | None,
    password: str = "s3cret%2F%3A%40mail",
    timeout: float = 5.0,
) -> Runtime:
    """Return a service that mails to ``localhost`` at this port."""
    url = f"{scheme}://ann:{password}@localhost:{port}"
    return make(smtp={"url": url, "ca_file": ca_file, "timeout": timeout})


def said(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the log says of mails that wait."""
    [line] = [each for each in caplog.messages if each.startswith("mail delayed: ")]
    return line


async def test_mail_goes_out_encrypted_and_signed_in(
    make_runtime: Make, scheme: Scheme, server: SecureSmtp, authority: Authority
) -> None:
    runtime = sending(make_runtime, scheme, server.port, authority.file)
    await store_messages(runtime, 2)

    await MailJob(runtime).run()

    assert server.taken == ["ann", "ann"]
    assert len(await messages(runtime, "delivered")) == 2


@pytest.mark.parametrize(
    ("host", "life", "expected"),
    [
        ("localhost", timedelta(days=1), "certificate has expired"),
        ("mail.example.com", None, "not valid for 'localhost'"),
        (None, None, "AUTH_SERVE_SMTP__CA_FILE names the authority"),
    ],
)
async def test_a_certificate_that_proves_nothing_gets_no_mail_and_is_named(
    make_runtime: Make,
    scheme: Scheme,
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    host: str | None,
    life: timedelta | None,
    expected: str,
) -> None:
    signing = authority if host else Authority.make(tmp_path, "stranger")
    lasting = {} if life is None else {"life": life}
    certificate = signing.certify(host or "localhost", **lasting)
    with SecureSmtp(scheme, certificate) as server:
        runtime = sending(make_runtime, scheme, server.port, authority.file)
        await store_messages(runtime)
        with caplog.at_level(logging.WARNING):
            await MailJob(runtime).run()

    assert server.taken == []
    waiting = await only(runtime, "pending")
    assert waiting.attempts == 1
    assert expected in (waiting.last_error or "")
    assert expected in said(caplog)


async def test_a_server_that_only_the_system_could_vouch_for_gets_no_mail(
    make_runtime: Make, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with SecureSmtp("smtps", authority.certify("localhost")) as server:
        runtime = sending(make_runtime, "smtps", server.port, None)
        await store_messages(runtime)
        with caplog.at_level(logging.WARNING):
            await MailJob(runtime).run()

    assert server.taken == []
    assert "certificate verify failed" in said(caplog)
    assert await only(runtime, "pending")


async def test_the_other_kind_of_tls_is_said_to_be_so(
    make_runtime: Make,
    scheme: Scheme,
    server: SecureSmtp,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other: Scheme = "smtps" if scheme == "smtp" else "smtp"
    ca_file = authority.file
    runtime = sending(make_runtime, other, server.port, ca_file, timeout=0.5)
    await store_messages(runtime)

    with caplog.at_level(logging.WARNING):
        await MailJob(runtime).run()

    assert server.taken == []
    assert said(caplog).endswith(f"try {scheme}://")
    assert await only(runtime, "pending")


async def test_a_wrong_password_is_said_and_never_shown(
    make_runtime: Make,
    scheme: Scheme,
    server: SecureSmtp,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runtime = sending(make_runtime, scheme, server.port, authority.file, "hunter2")
    await store_messages(runtime)

    with caplog.at_level(logging.DEBUG):
        await MailJob(runtime).run()

    assert server.taken == []
    assert "535" in said(caplog)
    assert "535" in ((await only(runtime, "pending")).last_error or "")
    assert "hunter2" not in caplog.text


async def test_a_server_that_hangs_up_gets_the_mail_once_it_stays(
    make_runtime: Make,
    scheme: Scheme,
    server: SecureSmtp,
    authority: Authority,
    clock: FakeClock,
) -> None:
    runtime = sending(make_runtime, scheme, server.port, authority.file)
    await store_messages(runtime)
    job = MailJob(runtime)
    server.drop = True

    await job.run()
    waiting = await only(runtime, "pending")
    server.drop = False
    clock.advance(seconds=FIRST_DELAY)
    await job.run()

    assert waiting.last_error
    assert server.taken == ["ann"]
    assert (await only(runtime, "delivered")).attempts == 2
