"""``/admin/mails``: previews for those who may see settings, and a test mail."""

import pytest

from app.services.mails.kind import KINDS
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Api, Person
from tests.support.browser import Visitor
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

    assert sent.headers["location"] == f"{MAILS}?done=test"
    assert f"way to {admin.email}" in (await visitor.get(f"{MAILS}?done=test")).text
    assert forged.status_code == 403
    assert await _tests(runtime) == [admin.email]


async def test_who_only_reads_settings_sends_none(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("settings:read")

    shown = await visitor.get(MAILS)
    refused = await visitor.submit(MAILS, {"test": "mail"}, page="/account")

    assert shown.status_code == 200 and 'name="test"' not in shown.text
    assert refused.status_code == 403 and await _tests(runtime) == []
