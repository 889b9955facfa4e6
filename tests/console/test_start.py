"""The checklist of a new installation: computed from what is there."""

import asyncio
from pathlib import Path

import pytest

from app.models import OutboxMessage
from app.services.clients.demo import DEMO_CLIENT
from app.services.server.backup import BackupService
from app.services.server.checklist import ITEMS, ChecklistService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

START = "/admin/start"


async def _done(runtime: Runtime, person: Person) -> set[str]:
    """Return which items are ticked for somebody."""
    async with runtime.unit_of_work(read_only=True) as uow:
        items = await ChecklistService(uow, runtime).items(person.id)
    assert [each.name for each in items] == list(ITEMS)
    return {each.name for each in items if each.is_done}


def _open_items(text: str) -> set[str]:
    page = Page(text)
    return {
        str(each["value"])
        for each in page.all("button")
        if each.get("name") == "dismiss"
    }


async def test_what_is_there_is_ticked_and_nothing_else(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime, tmp_path: Path
) -> None:
    assert await _done(runtime, admin) - {"database"} == set()

    await visitor.submit("/demo/signin", page="/demo")  # its client does not count
    assert (
        await api.get(f"/clients/{DEMO_CLIENT}", await api.admin())
    ).status_code == 200
    assert "client" not in await _done(runtime, admin)
    own = {"client_name": "Shop", "redirect_uris": ["https://shop.example.com/cb"]}
    await api.post("/clients", own, await api.admin())
    assert "client" in await _done(runtime, admin)

    await FactorFactory(runtime).totp(admin.id)
    assert "second_factor" in await _done(runtime, admin)
    assert "second_factor" not in await _done(runtime, await api.admin())

    await BackupService(runtime).back_up(tmp_path / "copy")
    assert "backup" in await _done(runtime, admin)
    is_sqlite = runtime.database.is_sqlite
    assert ("database" in await _done(runtime, admin)) == (not is_sqlite)


class TestWithAMailServer:
    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Where the public address is https, and mails are sent."""
        return {
            "public_url": "https://auth.example.com",
            "smtp": {"url": "smtp://mail.example.com:587"},
        }

    async def test_mail_works_once_the_last_one_arrived(
        self, visitor: Visitor, admin: Person, runtime: Runtime
    ) -> None:
        assert "public_url" in await _done(runtime, admin)
        asked = await visitor.submit(START, {"test": "mail"})
        told = await visitor.get(asked.headers["location"])
        assert f"on its way to {admin.email}" in told.text
        assert "mail" not in await _done(runtime, admin)
        [waiting] = await _mails(runtime)
        assert waiting.payload["to"] == admin.email

        async with runtime.unit_of_work() as uow:
            await uow.outbox.mark_delivered(waiting.id, uow.clock.now())
        assert "mail" in await _done(runtime, admin)

        await visitor.submit(START, {"test": "mail"})
        [again] = [each for each in await _mails(runtime) if each.id != waiting.id]
        async with runtime.unit_of_work() as uow:
            now = uow.clock.now()
            await uow.outbox.mark_failed(again.id, again.claims, now, "refused")
        assert "mail" not in await _done(runtime, admin)

    async def test_nobody_sends_test_mails_without_end(
        self, visitor: Visitor, admin: Person, runtime: Runtime
    ) -> None:
        answers = [await visitor.submit(START, {"test": "mail"}) for _ in range(40)]

        assert answers[-1].status_code == 429
        assert len(await _mails(runtime)) < 40


async def _mails(runtime: Runtime) -> list[OutboxMessage]:
    async with runtime.unit_of_work(read_only=True) as uow:
        found = await uow.outbox.list_page("pending", after=None, limit=99)
    return [each for each in found if each.payload.get("template") == "mail_test"]


async def test_an_item_is_dismissed_for_everybody_and_comes_back(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    before = _open_items((await visitor.get(START)).text)
    assert "backup" in before

    twice = await asyncio.gather(
        *(visitor.submit(START, {"dismiss": "backup"}) for _ in range(2))
    )
    assert {each.headers["location"] for each in twice} == {START}
    other = await api.admin()
    assert "backup" not in await _done(runtime, other)  # not done all the same
    assert _open_items((await visitor.get(START)).text) == before - {"backup"}

    await visitor.submit(START, {"restore": "backup"})
    assert _open_items((await visitor.get(START)).text) == before


async def test_what_is_no_item_is_not_dismissed(
    visitor: Visitor, admin: Person
) -> None:
    for name in ("nothing", "", "<b>"):
        refused = await visitor.submit(START, {"dismiss": name})
        assert refused.status_code == 404 and "<b>" not in refused.text


async def test_who_may_see_settings_reads_it_and_changes_nothing(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("settings:read")

    shown = await visitor.get(START)
    refused = [
        await visitor.submit(START, fields, page=START)
        for fields in ({"dismiss": "backup"}, {"restore": "backup"}, {"test": "mail"})
    ]

    assert shown.status_code == 200 and _open_items(shown.text) == set()
    assert [each.status_code for each in refused] == [403] * 3
    assert await _mails(runtime) == []


async def test_a_form_of_another_page_changes_nothing(
    visitor: Visitor, admin: Person
) -> None:
    refused = await visitor.post(START, {"dismiss": "backup", "csrf": "x"})

    assert refused.status_code == 403
    assert "backup" in _open_items((await visitor.get(START)).text)
