"""Mails: what stands in them, to whom they go, and which are not sent."""

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core.language.words import spoken_instant
from app.events import EVENTS, MailedEvent
from app.events.email import EmailChanged
from app.events.factor import (
    FactorAdded,
    FactorRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
)
from app.events.password import PasswordChanged
from app.events.sign_in import SecondStepGuessed, SignedInElsewhere
from app.events.user import UserInvited
from app.jobs import mail as mail_job
from app.jobs.mail import LONGEST_DELAY, MAX_ATTEMPTS, MailJob
from app.services.accounts.email_verification import EmailVerificationService
from app.services.mails.kind import KINDS, SAMPLES
from app.services.mails.mail import MailRenderer
from app.services.one_time.not_me_link import not_me_link
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.server.runtime import Runtime
from tests.servers.smtp import SmtpServer
from tests.support.chance import FakeClock
from tests.support.job import Make, add_user, messages, store_messages
from tests.support.mail import only, parts, store_with_token

pytest_plugins = ["tests.support.job", "tests.support.mail"]


@pytest.fixture
async def runtime(mailing_runtime: Runtime) -> Runtime:
    return mailing_runtime


def test_every_event_that_is_mailed_has_a_template() -> None:
    mailed = {event.template for event in EVENTS if issubclass(event, MailedEvent)}

    assert mailed == set(KINDS)


@pytest.mark.parametrize("name", sorted(n for n, t in KINDS.items() if t.path))
async def test_a_link_starts_with_the_public_url_and_works(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, name: str
) -> None:
    purpose, token_id = await store_with_token(runtime, name)

    await job.run()

    secret = runtime.secret_key.one_time_token(purpose, token_id)
    link = f"https://auth.example.com{KINDS[name].path}?token={secret}"
    text, html = parts(smtp.messages[0])
    assert link in text.splitlines()
    assert html.count(f'href="{link}"') == 2
    async with runtime.unit_of_work() as uow:
        await OneTimeTokenService(uow, runtime).consume(purpose, secret)


@pytest.mark.parametrize("name", sorted(KINDS))
async def test_a_code_stands_in_a_mail_if_it_may_be_typed_somewhere(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, name: str
) -> None:
    code = "no code at all"
    if KINDS[name].purpose:
        purpose, token_id = await store_with_token(runtime, name)
        code = runtime.secret_key.one_time_code(purpose, token_id)
    else:
        payload = {"template": name, "data": dict(SAMPLES)}
        await store_messages(runtime, payload=payload)

    await job.run()

    text, html = parts(smtp.messages[0])
    has_code = KINDS[name].has_code
    assert [code in text, code in html] == [has_code, has_code]
    subject = KINDS[name].about.get("passkey", KINDS[name].subject)
    assert subject in text
    assert "{{" not in text + html and "None" not in text + html


async def test_mails_say_which_factor_and_which_address_it_is_about(
    job: MailJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    for template, data in (
        ("factor_added", {"factor": "totp"}),
        ("factor_removed", {"factor": "recovery_code"}),
        ("not_me", {"moved_back": True}),
        ("not_me", {"moved_back": False}),
    ):
        told = {**SAMPLES, **data}
        await store_messages(runtime, payload={"template": template, "data": told})
        await job.run()

    subjects = [str(each["Subject"]) for each in smtp.messages]
    assert subjects[:2] == [
        "An authenticator app was added to your account",
        "The recovery codes were removed from your account",
    ]
    for part in (0, 1):
        said = [parts(each)[part] for each in smtp.messages]
        assert ["at this email address again" in each for each in said[2:]] == [
            True,
            False,
        ]


@pytest.mark.parametrize("name", ["invitation", "reset_password", "verify_email"])
async def test_no_address_ends_with_a_colon(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, name: str
) -> None:
    await store_with_token(runtime, name)

    await job.run()

    for part in parts(smtp.messages[0]):
        assert not re.search(r"https://[^\s<\"]+:[\s<]", part)


async def test_the_headers_say_who_writes_and_that_a_machine_does(
    job: MailJob, runtime: Runtime, smtp: SmtpServer
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
    job: MailJob, runtime: Runtime, smtp: SmtpServer
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
    job: MailJob, runtime: Runtime, smtp: SmtpServer, address: str
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
    job: MailJob, runtime: Runtime, smtp: SmtpServer, address: str, recipient: str
) -> None:
    await store_messages(runtime, payload={"to": address})

    await job.run()

    assert [envelope.rcpt_tos for envelope in smtp.envelopes] == [[recipient]]


async def test_an_expired_mail_is_not_sent(
    job: MailJob, runtime: Runtime, smtp: SmtpServer, clock: FakeClock
) -> None:
    await store_with_token(runtime, "reset_password", ttl=600)
    clock.advance(seconds=600)

    await job.run()

    assert smtp.messages == []
    assert (await only(runtime, "failed")).last_error == "expired"


async def test_a_mail_whose_link_was_used_meanwhile_is_not_sent(
    job: MailJob,
    runtime: Runtime,
    smtp: SmtpServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    user = await add_user(runtime)
    for _ in range(2):
        async with runtime.unit_of_work() as uow:
            await EmailVerificationService(uow, runtime).send(user)
    async with runtime.unit_of_work() as uow:
        now = runtime.clock.now()
        first = await uow.one_time_tokens.list_for_user(user.id, None, 1)
        await uow.one_time_tokens.consume(first[0].id, "verify_email", now)

    with caplog.at_level("INFO", "auth_serve.mail"):
        await job.run()

    assert len(smtp.messages) == 1
    assert (await only(runtime, "failed")).last_error == "superseded"
    told = [r for r in caplog.records if "superseded" in r.getMessage()]
    assert [record.levelname for record in told] == ["INFO"]  # nothing is wrong


@pytest.mark.parametrize(
    "payload",
    [
        {"to": None},
        {"template": "verify_email"},
        {"template": "new_sign_in", "data": {"browser": "Edge"}},
    ],
)
async def test_a_message_that_makes_no_sense_fails_and_holds_up_no_other(
    job: MailJob,
    runtime: Runtime,
    smtp: SmtpServer,
    payload: dict[str, Any],
) -> None:
    await store_messages(runtime, payload=payload)
    await store_messages(runtime)

    await job.run()

    reason = "the message lacks what its template needs"
    assert (await only(runtime, "failed")).last_error == reason
    assert len(smtp.messages) == 1


@pytest.mark.parametrize(
    "columns", [{"kind": "webhook"}, {"payload": {"template": "of_next_year"}}]
)
async def test_what_the_next_release_promised_waits_for_it_untouched(
    job: MailJob,
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
    monkeypatch.setitem(KINDS, "of_next_year", KINDS["password_changed"])
    monkeypatch.setattr(MailRenderer, "render", _render_any(MailRenderer.render))
    monkeypatch.setattr(mail_job, "MAIL", columns.get("kind", "mail"))
    await job.run()

    assert (before, left.attempts) == (1, 0)
    assert await messages(runtime, "failed") == []
    assert len(smtp.messages) == 2


def _render_any(render: Any) -> Any:
    return lambda self, draft, _start: render(
        self, replace(draft, name="password_changed")
    )


_SAYING_NOT_ME = [
    PasswordChanged(to=""),
    EmailChanged(to=""),
    FactorAdded(to="", factor="totp"),
    FactorRemoved(to="", factor="passkey"),
    RecoveryCodesMade(to=""),
    RecoveryCodeUsed(to="", left=1),
    SecondStepGuessed(to=""),
    SignedInElsewhere(to="", session_id=UUID(int=1), browser="Edge", place="Here"),
]


@pytest.mark.parametrize("was_used", [False, True])
@pytest.mark.parametrize("event", _SAYING_NOT_ME, ids=lambda each: each.template)
async def test_a_change_is_told_with_a_link_and_without_it_once_that_is_used(
    job: MailJob,
    runtime: Runtime,
    smtp: SmtpServer,
    event: MailedEvent,
    was_used: bool,
) -> None:
    owner = await add_user(runtime)
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(owner.id)
        assert user is not None
        user.email_verified = True
        link = not_me_link(uow, runtime, user)
        uow.record(replace(event, to=user.email, user_id=user.id, not_me_id=link))
    assert link is not None
    secret = runtime.secret_key.one_time_token(Purpose.NOT_ME, link)
    if was_used:
        async with runtime.unit_of_work() as uow:
            await OneTimeTokenService(uow, runtime).consume(Purpose.NOT_ME, secret)

    await job.run()

    [mail] = smtp.messages
    text, html = parts(mail)
    address = f"https://auth.example.com/not-me?token={secret}"
    assert (address in text.splitlines()) is not was_used
    assert html.count(f'href="{address}"') == (0 if was_used else 2)
    assert ("It works until" in " ".join(text.split())) is not was_used


async def test_a_mail_of_before_is_sent_by_the_name_that_it_has_now(
    job: MailJob, runtime: Runtime, smtp: SmtpServer
) -> None:
    payload = {"template": "second_step_exhausted", "to": "ann@example.com"}
    await store_messages(runtime, payload=payload)

    await job.run()

    [mail] = smtp.messages
    assert "wrong answers at the second step" in " ".join(parts(mail)[0].split())


async def test_without_a_server_mail_is_kept_and_its_link_is_not_logged(
    make_runtime: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runtime = make_runtime()
    purpose, token_id = await store_with_token(runtime, "verify_email")

    await MailJob(runtime).run()

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
    job: MailJob, runtime: Runtime, smtp: SmtpServer
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

    assert spoken_instant(expires) in parts(smtp.messages[0])[0]
