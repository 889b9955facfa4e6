"""Whom a mail goes to: what people type is what the mail server is told."""

import pytest

from app.jobs.mail import LONGEST_DELAY, MailJob
from app.services.server.runtime import Runtime
from app.typed_text import read_email
from tests.servers.smtp import SmtpServer
from tests.support.chance import FakeClock
from tests.support.job import Make, messages, store_messages
from tests.support.mail import only

pytest_plugins = ["tests.support.job", "tests.support.mail"]


@pytest.fixture
async def runtime(mailing_runtime: Runtime) -> Runtime:
    return mailing_runtime


@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("user@localhost", "user@localhost"),
        ("ann@corp.local", "ann@corp.local"),
        ("ann@dc1.corp.internal", "ann@dc1.corp.internal"),
        ("ann@nas.lan", "ann@nas.lan"),
        ("ann@box.home.arpa", "ann@box.home.arpa"),
        ("ann@shop.test", "ann@shop.test"),
        ("ann@bücher.local", "ann@xn--bcher-kva.local"),
        ("o'hara+tag@corp.local", "o'hara+tag@corp.local"),
        ("jürgen@corp.local", "jürgen@corp.local"),
        ("用户@例子.internal", "用户@xn--fsqu00a.internal"),
    ],
)
async def test_an_address_of_ones_own_network_is_who_gets_the_mail(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, address: str, to: str
) -> None:
    """Also where no public name is, and in letters that are not ASCII."""
    await store_messages(runtime, payload={"to": read_email(address)})

    await job.run()

    [envelope], [message] = smtp.envelopes, smtp.messages
    assert envelope.rcpt_tos == [to]
    assert message["To"] in (address, to)
    assert len(await messages(runtime, "delivered")) == 1


@pytest.mark.parametrize("address", ["jürgen@corp.local", "用户@example.com"])
async def test_a_server_that_knows_ascii_only_refuses_such_an_address_for_good(
    make_runtime: Make,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    address: str,
) -> None:
    """Without SMTPUTF8 there is no way, and trying again is none."""
    with SmtpServer(utf8=False) as smtp:
        runtime = make_runtime(smtp={"url": f"smtp://127.0.0.1:{smtp.port}"})
        await store_messages(runtime, payload={"to": address})
        await store_messages(runtime)
        for _ in range(2):
            await MailJob(runtime).run()
            clock.advance(seconds=LONGEST_DELAY)

    failed = await only(runtime, "failed")
    assert "SMTPUTF8" in (failed.last_error or "") and failed.attempts == 1
    assert "given up" in caplog.text and "SMTPUTF8" in caplog.text
    assert address not in caplog.text
    assert [each.rcpt_tos for each in smtp.envelopes] == [["ada@example.com"]]
    assert runtime.breakers.states() == {"smtp:127.0.0.1": "closed"}
