"""``/admin/mails``: previews for those who may see settings, and a test mail."""

from typing import Any
from uuid import UUID

import pytest

from app.services.mails.kind import KINDS
from app.services.server.mail_test import MailTestService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.job import add_message
from tests.support.page import Page

MAILS = "/admin/mails"


async def test_every_kind_is_listed_and_shown_in_a_language(
    visitor: Visitor, admin: Person
) -> None:
    page = Page((await visitor.get(f"{MAILS}?language=de")).text)

    links = [str(a["href"]) for a in page.all("a") if a.get("lang") == "de"]
    assert links == [f"{MAILS}/{name}?language=de" for name in sorted(KINDS)]
    shown = (await visitor.get(f"{MAILS}/password_changed?language=de")).text
    assert 'lang="de" dir="ltr"' in shown and "Ihr Passwort wurde geändert" in shown
    unknown = await visitor.get(f"{MAILS}/password_changed?language=tlh")
    assert "Your password was changed" in unknown.text


async def test_the_html_of_a_mail_may_do_nothing(
    visitor: Visitor, admin: Person
) -> None:
    shown = await visitor.get(f"{MAILS}/reset_password/html?language=fr")

    assert '<html lang="fr" dir="ltr">' in shown.text
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ") and "script-src" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
    assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["nothing", "..%2Fkeys", "<b>", "nothing/html"])
async def test_there_are_no_other_kinds(
    visitor: Visitor, admin: Person, path: str
) -> None:
    answer = await visitor.get(f"{MAILS}/{path}")

    assert answer.status_code == 404 and "<b>" not in answer.text


@pytest.mark.parametrize("path", ["email_code", "email_code/html"])
async def test_nobody_else_sees_one(visitor: Visitor, api: Api, path: str) -> None:
    asked = await visitor.get(f"{MAILS}/{path}")
    await visitor.sign_in((await api.person()).email)
    refused = await visitor.get(f"{MAILS}/{path}")

    assert asked.headers["location"] == "/signin?to=console.mails.email_code"
    assert refused.status_code == 403


async def _tests(runtime: Runtime) -> list[str]:
    async with runtime.unit_of_work(read_only=True) as uow:
        found = await uow.outbox.list_page("pending", after=None, limit=99)
    return [
        each.payload["to"]
        for each in found
        if each.payload.get("template") == "mail_test"
    ]


async def test_an_administrator_has_a_test_mail_sent_to_themselves(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    sent = await visitor.submit(MAILS, {"test": "mail", "to": "eve@example.com"})
    forged = await visitor.post(MAILS, {"test": "mail", "csrf": "x"})

    told = await visitor.get(sent.headers["location"])
    assert f"way to {admin.email}" in told.text
    assert 'hx-trigger="load delay' in told.text  # it looks again by itself
    assert forged.status_code == 403
    assert await _tests(runtime) == [admin.email]


@pytest.mark.parametrize(
    ("became", "said"),
    [
        ({"failed_at": True, "last_error": "550 <b>no</b>"}, "550 &lt;b&gt;no"),
        ({"last_error": "451 later"}, "It is tried again by itself."),
        (
            {"delivered_at": True, "answer": "250 <i>ok"},
            "answered: <code>250 &lt;i&gt;",
        ),
        ({"delivered_at": True}, "is in the <a"),
    ],
)
async def test_the_page_says_what_the_mail_server_answered(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    became: dict[str, Any],
    said: str,
) -> None:
    sent = await visitor.submit(MAILS, {"test": "mail"})
    number = sent.headers["location"].rpartition("=")[2]
    async with runtime.unit_of_work() as uow:
        message = await uow.outbox.by_id(UUID(number))
        assert message is not None
        for name, value in became.items():
            if name == "answer":
                await MailTestService(uow).note(message.id, value)
            else:
                now = uow.clock.now()
                setattr(message, name, now if value is True else value)

    told = await visitor.get(sent.headers["location"])

    assert said in told.text and "hx-trigger" not in told.text


async def test_only_test_mails_of_ones_own_are_told(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    async with runtime.unit_of_work() as uow:
        other = MailTestService(uow).ask("eve@example.com")
        failed = add_message(uow, payload={"to": admin.email}, last_error="secret")

    for number in (other, failed.id, "nonsense", ""):
        told = await visitor.get(f"{MAILS}?tested={number}")
        assert told.status_code == 200 and 'id="tested"' not in told.text


async def test_who_only_reads_settings_sends_none(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("settings:read")

    shown = await visitor.get(MAILS)
    refused = await visitor.submit(MAILS, {"test": "mail"}, page="/account")

    assert shown.status_code == 200 and 'name="test"' not in shown.text
    assert refused.status_code == 403 and await _tests(runtime) == []
