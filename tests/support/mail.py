"""What tests of mail share: a mail server, the job, and what it left.

Imported before it is a plugin, so without its asserts: PYTEST_DONT_REWRITE.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from app.jobs.mail import MailJob
from app.models import OutboxMessage
from app.services.mails.kind import KINDS
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.server.runtime import Runtime
from tests.servers.smtp import SmtpServer
from tests.support.job import Make, add_message, add_user, messages


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
async def mailing_runtime(make_runtime: Make, smtp: SmtpServer) -> Runtime:
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
async def job(runtime: Runtime) -> MailJob:
    return MailJob(runtime)


async def only(runtime: Runtime, state: str) -> OutboxMessage:
    [message] = await messages(runtime, state)
    return message


async def store_with_token(
    runtime: Runtime, template: str, *, ttl: int = 600
) -> tuple[Purpose, Any]:
    """Store a mail of a template that carries a link or a code."""
    user = await add_user(runtime)
    purpose = KINDS[template].purpose
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
