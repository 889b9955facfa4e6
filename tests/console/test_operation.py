"""Overview, keys, outbox and settings in the console."""

import re
from contextlib import suppress
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.core.language import gettext
from app.events.password import PasswordChanged
from app.models.audit_event import AuditEvent
from app.models.outbox import OutboxMessage
from app.models.statistics import HourlyStatistics
from app.services.mails.kind import KINDS
from app.services.server.runtime import Runtime
from app.services.server.settings import listed
from tests.console.conftest import Holder
from tests.factories.factor import FactorFactory
from tests.support.api import Person
from tests.support.browser import Visitor
from tests.support.job import add_message


async def message(runtime: Runtime, **columns: Any) -> OutboxMessage:
    async with runtime.unit_of_work() as uow:
        return add_message(uow, **columns)


async def test_the_overview_shows_numbers_and_what_needs_somebody(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    now = runtime.clock.now()
    await message(runtime, failed_at=now)
    async with runtime.unit_of_work() as uow:
        uow.db.add(
            HourlyStatistics(
                hour=now.replace(minute=0, second=0, microsecond=0),
                counted_until=now,
                sign_ins=1_234,
                sign_in_failures=56,
                new_accounts=7,
                active_sessions=89,
            )
        )

    page = (await visitor.get("/admin")).text
    days = (await visitor.get("/admin?by=day")).text

    for text in ("1,234", "56", "89", "1 message could not be delivered"):
        assert text in page
    assert "1,234" in days
    assert "1 administrator has no second factor" in page
    assert "No background work is done" not in page
    await FactorFactory(runtime).totp(admin.id)
    assert "no second factor" not in (await visitor.get("/admin")).text


async def test_what_is_not_known_is_no_zero_and_numbers_are_those_of_the_language(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    now = runtime.clock.now()
    async with runtime.unit_of_work() as uow:
        uow.db.add(
            HourlyStatistics(
                hour=now.replace(minute=0, second=0, microsecond=0),
                counted_until=now,
                sign_ins=1_234,
                sign_in_failures=1_056,
                new_accounts=7,
                active_sessions=None,
            )
        )

    page = (await visitor.get("/admin?by=day", Accept_Language="de")).text

    assert "1.234 Anmeldungen, 1.056 fehlgeschlagen" in page
    assert "1,234" not in page and ">1234<" not in page
    assert f'<th scope="row">{now:%d.%m.}</th><td class="number">1.234' in page
    assert 'aria-label="Aktive Sitzungen: –"' in page
    sessions = page.partition('aria-label="Aktive Sitzungen: –"')[2]
    assert set(re.findall(r'class="number">([^<]+)</td>', sessions)) == {"–"}


async def test_late_mail_open_circuits_and_missing_keys_are_told(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    long_ago = runtime.clock.now() - timedelta(hours=1)
    await message(runtime, created_at=long_ago, available_at=long_ago)
    breaker = runtime.breakers.get("smtp:mail.example.com", expected=(OSError,))
    for _ in range(5):
        with suppress(OSError):
            async with breaker:
                raise OSError
    runtime.ring.replace([])

    page = (await visitor.get("/admin")).text

    assert "1 message is late" in page
    assert "smtp:mail.example.com does not answer" in page
    assert "There is no RS256 signing key" in page
    assert "No background work is done" in page


async def test_who_may_see_one_thing_hears_of_that_alone(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await message(runtime, failed_at=runtime.clock.now())
    await holder("outbox:read")

    page = (await visitor.get("/admin")).text

    assert "1 message could not be delivered" in page
    assert "No mail server is set" not in page
    assert "Sign-ins" not in page


async def test_keys_are_rotated_by_a_form_after_a_fresh_sign_in(
    visitor: Visitor, admin: Person, runtime: Runtime, clock: Any
) -> None:
    before = len((await visitor.get("/admin/keys")).text.split("<code>"))

    done = await visitor.submit("/admin/keys", {"algorithm": "RS256"})
    rotated = await visitor.post(
        "/admin/keys/rotate",
        await visitor.hidden("/admin/keys") | {"algorithm": "RS256"},
    )
    after = await visitor.get(rotated.headers["location"])
    clock.advance(hours=1)
    stale = await visitor.post(
        "/admin/keys/rotate", await visitor.hidden("/admin/keys")
    )

    assert done.status_code == 405
    assert rotated.headers["location"] == "/admin/keys?done=rotated"
    assert "The next key is announced" in after.text
    assert len(after.text.split("<code>")) == before + 1
    assert stale.headers["location"].startswith("/signin?to=console.keys")


async def test_stolen_keys_are_withdrawn_where_the_host_is_typed(
    visitor: Visitor, admin: Person, runtime: Runtime, clock: Any
) -> None:
    async def withdraw(**typed: str) -> Response:
        hidden = await visitor.hidden("/admin/keys")
        return await visitor.post("/admin/keys/withdraw", hidden | typed)

    now = clock.now()
    old = runtime.ring.signing("ES256", now).kid
    other = runtime.ring.signing("RS256", now).kid
    host = urlsplit(runtime.settings.public_url).hostname or ""

    untyped = await withdraw(algorithm="ES256", typed="keys")
    kept = runtime.ring.signing("ES256", now).kid
    done = await withdraw(algorithm="ES256", typed=host.upper())
    after = await visitor.get(done.headers["location"])
    clock.advance(hours=1)
    stale = await withdraw(typed=host)

    assert untyped.status_code == 422 and f"Type {host} to confirm" in untyped.text
    assert '<option value="ES256" selected>' in untyped.text
    assert kept == old != runtime.ring.signing("ES256", clock.now()).kid
    assert runtime.ring.signing("RS256", clock.now()).kid == other
    assert done.headers["location"] == "/admin/keys?done=withdrawn"
    assert "The others are withdrawn" in after.text and old not in after.text
    assert stale.headers["location"].startswith("/signin?to=console.keys")
    async with runtime.unit_of_work(read_only=True) as uow:
        query = select(AuditEvent).where(AuditEvent.name == "signing_key.withdrawn")
        [row] = await uow.db.scalars(query)
    assert (row.actor_id, row.data["kid"]) == (admin.id, old)


async def test_messages_are_tried_again_and_given_up(
    visitor: Visitor, admin: Person, runtime: Runtime
) -> None:
    failed = await message(runtime, failed_at=runtime.clock.now(), last_error="450")
    waiting = await message(runtime)
    leased = await message(
        runtime, leased_until=runtime.clock.now() + timedelta(minutes=1)
    )
    form = await visitor.hidden("/admin/outbox")

    retried = await visitor.post(f"/admin/outbox/{failed.id}/retry", form)
    ended = await visitor.post(f"/admin/outbox/{waiting.id}/give-up", form)
    busy = await visitor.post(f"/admin/outbox/{leased.id}/give-up", form)
    again = await visitor.post(f"/admin/outbox/{waiting.id}/give-up", form)

    assert retried.headers["location"] == "/admin/outbox?state=pending&done=retried"
    assert ended.headers["location"] == "/admin/outbox?state=failed&done=ended"
    assert (busy.status_code, again.status_code) == (409, 404)
    pending = (await visitor.get("/admin/outbox?state=pending")).text
    assert str(failed.id) in pending and str(waiting.id) not in pending
    assert str(waiting.id) in (await visitor.get("/admin/outbox")).text


async def test_a_message_says_what_it_is_and_to_whom_who_may_see_people(
    visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    async with runtime.unit_of_work() as uow:
        uow.record(PasswordChanged(to="ada@example.com"))
    await holder("outbox:read", "users:read")
    all_of_it = (await visitor.get("/admin/outbox?state=pending")).text
    async with runtime.unit_of_work() as uow:
        role = await uow.roles.by_name("held")
        assert role is not None
        role.permissions = ["outbox:read"]
    kind_only = (await visitor.get("/admin/outbox?state=pending")).text

    said = gettext(KINDS["password_changed"].subject)
    assert said in all_of_it and "ada@example.com" in all_of_it
    assert said in kind_only and "ada@example.com" not in kind_only


async def test_settings_are_shown_with_where_they_come_from_and_no_secret(
    visitor: Visitor,
    admin: Person,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", "never-shown-never-shown-never-shown")
    page = (await visitor.get("/admin/settings")).text
    found = (await visitor.get("/admin/settings?q=secret_key")).text

    names, pages = [], page
    for _ in range(9):  # page by page, each once
        names += re.findall(r"<code>(AUTH_SERVE_[A-Z0-9_]+)</code>", page)
        following = re.findall(r'href="([^"]+)"[^>]*rel="next"', page)
        if not following:
            break
        page = (await visitor.get(unescape(following[0]))).text
        pages += page
    assert len(names) == len({*names}) > 100
    assert {each.name for each in listed(runtime.settings)} == {*names}
    assert "AUTH_SERVE_SECRET_KEY" in found and "AUTH_SERVE_SESSION__" not in found
    assert "(set)" in found and "Environment" in found
    assert "never-shown" not in pages
    assert "tests-only" not in pages


POSTS = {
    "/admin/keys/rotate": ("keys:read", "keys:write"),
    "/admin/keys/withdraw": ("keys:read", "keys:write"),
    f"/admin/outbox/{UUID(int=1)}/retry": ("outbox:read", "outbox:write"),
    f"/admin/outbox/{UUID(int=1)}/give-up": ("outbox:read", "outbox:write"),
}


@pytest.mark.parametrize("path", POSTS)
async def test_who_may_only_look_can_change_nothing(
    visitor: Visitor, holder: Holder, path: str
) -> None:
    look, _ = POSTS[path]
    await holder(look)
    listing = "/".join(path.split("/")[:3])

    shown = await visitor.get(listing)
    answer = await visitor.post(path, await visitor.hidden("/account/email"))

    assert shown.status_code == 200 and f'action="{listing}/' not in shown.text
    assert answer.status_code == 403


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_of_elsewhere_changes_nothing(
    visitor: Visitor, admin: Person, path: str
) -> None:
    foreign = await visitor.post(path, {"csrf": "A" * 43})
    other_site = await visitor.post(path, {}, Sec_Fetch_Site="cross-site")

    assert foreign.status_code == other_site.status_code == 403
