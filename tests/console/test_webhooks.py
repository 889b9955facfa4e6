"""Webhooks in the console: made, tested, mended, given another secret, deleted."""

import re
from typing import Any
from uuid import UUID

import pytest

from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.services.outgoing.signing import new_key, public_keys_of, secrets_of
from app.services.outgoing.webhook import switch_off
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

LIST, NEW = "/admin/webhooks", "/admin/webhooks/new"
URL = "https://hooks.example.com/in?key=1"
HOST = "hooks.example.com"
_SECRET = re.compile(r"<code[^>]*>(whsec_[^<]+)</code>")


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


async def stored(runtime: Runtime, path: str) -> Webhook:
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.webhooks.by_id(_id(path))
    assert row is not None
    return row


async def sent(runtime: Runtime, path: str) -> list[WebhookDelivery]:
    async with runtime.unit_of_work(read_only=True) as uow:
        found = uow.webhook_deliveries
        return list(await found.list_page(_id(path), None, after=None, limit=9))


async def end(runtime: Runtime, path: str, error: str) -> None:
    """Let the latest delivery have failed for good."""
    [delivery] = await sent(runtime, path)
    async with runtime.unit_of_work() as uow:
        now, found = uow.clock.now(), uow.webhook_deliveries
        await found.mark_failed(delivery.id, delivery.claims, now, error)


def _id(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


@pytest.fixture
async def path(visitor: Visitor, admin: Person) -> str:
    """A webhook, made by an administrator; its page."""
    fields = {"url": URL, "description": "Ledger", "events": "sign_in.*\nrole.created"}
    made = await send(visitor, NEW, NEW, **fields)
    assert made.status_code == 200, made.text
    [webhook_id] = re.findall(r'href="/admin/webhooks/([0-9a-f-]{36})"', made.text)
    return f"{LIST}/{webhook_id}"


async def test_a_webhook_is_made_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    first = await stored(runtime, path)
    listed = (await visitor.get(LIST)).text
    old = await visitor.hidden(path)
    fields = {"url": URL, "description": "Books", "events": "*"}
    saved = await visitor.post(path, old | fields)
    late = await visitor.post(path, old | fields | {"description": "Late"})
    unknown = await send(visitor, path, path, url=URL, events="user.* no.such")
    empty = await send(visitor, path, path, url=URL, events=" ")
    inside = await send(visitor, path, path, url="http://10.0.0.1/", events="*")
    second = await stored(runtime, path)
    wrong = await send(visitor, f"{path}/delete", path, typed="hooks.example.org")
    deleted = await send(visitor, f"{path}/delete", path, typed=HOST.upper())

    assert (first.url, first.events) == (URL, ["role.created", "sign_in.*"])
    assert HOST in listed and "Ledger" in listed and "key=1" not in listed
    assert saved.headers["location"] == f"{path}?done=saved"
    assert late.status_code == 412
    assert "There is no such event: no.such." in unknown.text
    answers = unknown, empty, inside, wrong
    assert {each.status_code for each in answers} == {422}
    assert (second.description, second.events) == ("Books", ["*"])
    assert deleted.headers["location"] == f"{LIST}?done=deleted"
    assert (await visitor.get(path)).status_code == 404


async def test_a_secret_is_shown_once_and_the_one_before_signs_as_long_as_chosen(
    visitor: Visitor, runtime: Runtime, admin: Person
) -> None:
    made = await send(visitor, NEW, NEW, url=URL, events="*")
    [first] = set(_SECRET.findall(made.text))
    [webhook_id] = re.findall(r'href="/admin/webhooks/([0-9a-f-]{36})"', made.text)
    path = f"{LIST}/{webhook_id}"
    page = (await visitor.get(path)).text
    async with runtime.unit_of_work() as uow:
        row = await uow.webhooks.by_id(UUID(webhook_id))
        assert row is not None
        row.signing_key = new_key(runtime, row.id)
    [public] = public_keys_of(runtime, row, runtime.clock.now())
    assert public in (await visitor.get(path)).text and "whpk_" not in page
    rotated = await send(visitor, f"{path}/rotate", path, overlap="day")
    [second] = set(_SECRET.findall(rotated.text))
    row, now = await stored(runtime, path), runtime.clock.now()
    both = secrets_of(runtime, row, now)
    at_once = await send(visitor, f"{path}/rotate", path, overlap="now")
    [third] = set(_SECRET.findall(at_once.text))
    odd = await send(visitor, f"{path}/rotate", path, overlap="for ever")

    assert "whsec_" not in page
    assert both == [second, first]
    assert secrets_of(runtime, await stored(runtime, path), now) == [third]
    assert odd.status_code == 422 and "whsec_" not in odd.text


async def test_what_failed_is_told_with_its_reason_and_sent_once_more(
    visitor: Visitor, runtime: Runtime, path: str, clock: FakeClock
) -> None:
    clock.advance(minutes=1)  # what happens at the end of a span is of the next one
    tested = await send(visitor, f"{path}/test", path)
    await end(runtime, path, "the endpoint answered 500")
    [dead] = await sent(runtime, path)
    page = (await visitor.get(f"{path}?state=dead")).text
    waiting = (await visitor.get(f"{path}?state=pending")).text
    again = await send(visitor, f"{path}/replay", path, delivery=str(dead.id))
    [due] = await sent(runtime, path)
    unknown = await send(visitor, f"{path}/replay", path, delivery="1")
    span = await send(visitor, f"{path}/replay", path, since="day")
    page_after = (await visitor.get(span.headers["location"])).text

    assert tested.headers["location"] == f"{path}?done=tested"
    assert dead.event_name == "webhook.tested" and dead.failed_at
    assert "the endpoint answered 500" in page and "Send again" in page
    assert "the endpoint answered 500" not in waiting
    assert again.headers["location"] == f"{path}?done=again"
    assert due.failed_at is None and due.attempts == 0
    assert unknown.status_code == 404
    missed = len(await sent(runtime, path)) - 1
    assert missed > 0
    assert f"Events on their way once more: {missed}." in page_after


async def test_a_webhook_that_fails_says_why_and_is_enabled_again(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    async with runtime.unit_of_work() as uow:
        await uow.webhooks.note_failure(_id(path), uow.clock.now())
    failing = (await visitor.get(path)).text
    async with runtime.unit_of_work() as uow:
        row = await uow.webhooks.by_id(_id(path), lock=True)
        assert row is not None
        await switch_off(uow, row, "gone")
    noticed = (await visitor.get("/admin")).text
    gone, listed = (await visitor.get(path)).text, (await visitor.get(LIST)).text
    refused = await send(visitor, f"{path}/test", path)
    enabled = await send(visitor, f"{path}/status", path, status="enabled")
    well = await stored(runtime, path)
    disabled = await send(visitor, f"{path}/status", path, status="disabled")
    off = await stored(runtime, path)

    assert "after five days without one success" in failing
    assert 'href="/admin/webhooks"' in noticed.partition("<main")[2]
    assert "Its receiver answered 410" in gone and "Disabled" in listed
    assert refused.status_code == 409
    assert enabled.headers["location"] == f"{path}?done=enabled"
    assert well.enabled and well.failing_since is None
    assert disabled.headers["location"] == f"{path}?done=disabled"
    assert (off.enabled, off.disabled_reason) == (False, "administrator")


@pytest.mark.parametrize("held", ["audit:read", "webhooks:write"])
async def test_who_may_not_both_write_and_read_events_changes_nothing(
    visitor: Visitor, runtime: Runtime, path: str, holder: Holder, held: str
) -> None:
    first = await stored(runtime, path)
    await holder("webhooks:read", held)
    form = await visitor.hidden("/account/profile") | {"version": str(first.version)}

    page = await visitor.get(path)
    answers = [
        await visitor.post(NEW, form | {"url": URL, "events": "*"}),
        await visitor.post(path, form | {"url": URL, "events": "*"}),
        await visitor.post(f"{path}/status", form | {"status": "disabled"}),
        await visitor.post(f"{path}/test", form),
        await visitor.post(f"{path}/replay", form | {"since": "day"}),
        await visitor.post(f"{path}/rotate", form | {"overlap": "now"}),
        await visitor.post(f"{path}/delete", form | {"typed": HOST}),
    ]

    assert page.status_code == 200 and f'action="{path}' not in page.text
    assert {each.status_code for each in answers} == {403}
    after = await stored(runtime, path)
    assert (after.version, after.secret) == (first.version, first.secret)
    assert await sent(runtime, path) == []


async def test_a_change_asks_for_a_sign_in_of_just_now(
    visitor: Visitor, runtime: Runtime, path: str, clock: FakeClock
) -> None:
    first = await stored(runtime, path)
    clock.advance(hours=1)

    answers = [
        await send(visitor, NEW, NEW, url=URL, events="*"),
        await send(visitor, path, path, url=URL, events="*"),
        await send(visitor, f"{path}/status", path, status="disabled"),
        await send(visitor, f"{path}/test", path),
        await send(visitor, f"{path}/replay", path, since="day"),
        await send(visitor, f"{path}/rotate", path, overlap="now"),
        await send(visitor, f"{path}/delete", path, typed=HOST),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.webhooks.") for each in places)
    assert (await stored(runtime, path)).version == first.version
    assert await sent(runtime, path) == []
