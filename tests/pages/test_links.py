"""Links and codes from mails, on the pages that they lead to."""

import re
from typing import Any

from httpx2 import AsyncClient
from sqlalchemy import event

from app.jobs.mail import MailJob
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.server.runtime import Runtime
from tests.support.chance import FakeClock
from tests.support.job import add_user
from tests.support.page import (
    EMAIL,
    PAGES,
    PASSWORD,
    Page,
    change_link,
    every_page,
    post,
    setup_link,
    verify_link,
)


@every_page
async def test_a_link_asks_for_one_click_which_works_once(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    make_link, fields, done = PAGES[path]
    token = await make_link(runtime)

    shown = await client.get(path, params={"token": token})
    first = await post(client, path, fields | {"token": token})
    second = await post(client, path, fields | {"token": token})

    assert shown.status_code == 200
    assert first.status_code == 303
    assert first.headers["location"] == f"/done/{done}"
    assert second.status_code in (400, 409)
    assert (await client.get(f"/done/{done}")).status_code == 200


@every_page
async def test_t131_opening_a_link_changes_nothing(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    token = await PAGES[path][0](runtime)
    writes: list[str] = []

    @event.listens_for(runtime.database.engine.sync_engine, "before_cursor_execute")
    def watch(_c: Any, _u: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            writes.append(statement)

    for _ in range(3):
        response = await client.get(path, params={"token": token})

    assert response.status_code == 200
    assert writes == []


@every_page
async def test_t128_a_link_without_a_good_token_shows_no_form_for_it(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    token = await PAGES[path][0](runtime)
    bad = ["null", "0", " ", "as_ot_", token[:-1], token + "A", "é", "\u202e"]

    for wrong in bad:
        response = await client.get(path, params={"token": wrong})
        assert response.status_code == 400
        assert "token" not in Page(response.text).inputs
    twice = await client.get(f"{path}?token={token}&token={token}")
    assert "token" not in Page(twice.text).inputs


@every_page
async def test_t128_a_form_without_a_good_token_is_refused(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    fields = PAGES[path][1]

    for token in ("", "null", "0", "as_ot_AAAA"):
        response = await post(client, path, fields | {"token": token})
        assert response.status_code in (400, 422)


@every_page
async def test_t125_an_expired_link_is_refused_by_page_and_form(
    client: AsyncClient, runtime: Runtime, clock: FakeClock, path: str
) -> None:
    make_link, fields, _ = PAGES[path]
    token = await make_link(runtime)
    clock.advance(days=31)

    shown = await client.get(path, params={"token": token})
    sent = await post(client, path, fields | {"token": token})

    assert (shown.status_code, sent.status_code) == (400, 400)


@every_page
async def test_t122_a_link_for_one_thing_does_no_other(
    client: AsyncClient, runtime: Runtime, path: str
) -> None:
    await add_user(runtime, EMAIL)
    fields = PAGES[path][1]
    others = set(Purpose) - {_PURPOSES[path]}
    async with runtime.unit_of_work() as uow:
        service = OneTimeTokenService(uow, runtime)
        rows = [await service.issue(p, subject=EMAIL, ttl=600) for p in others]
    tokens = [runtime.secret_key.one_time_token(r.purpose, r.id) for r in rows]

    for token in tokens:
        response = await post(client, path, fields | {"token": token})
        assert response.status_code == 400


_PURPOSES = {
    "/setup": Purpose.SETUP,
    "/verify-email": Purpose.VERIFY_EMAIL,
    "/reset-password": Purpose.RESET_PASSWORD,
    "/confirm-email": Purpose.CHANGE_EMAIL,
    "/accept-invitation": Purpose.INVITATION,
}


async def test_a_refused_attempt_leaves_the_link_usable(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await change_link(runtime)
    taken = await add_user(runtime, "new@example.com")

    refused = await post(client, "/confirm-email", {"token": token})
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(taken.id)
        assert user is not None
        await uow.users.delete(user)
    accepted = await post(client, "/confirm-email", {"token": token})

    assert refused.status_code == 400
    assert accepted.status_code == 303


async def test_an_address_is_confirmed_with_the_code_from_the_mail(
    client: AsyncClient, runtime: Runtime
) -> None:
    await verify_link(runtime)
    found = re.search(r"^\s+(\d{8})$", runtime.mailbox.list()[0].text, re.MULTILINE)
    assert found is not None
    fields = {"email": EMAIL.upper(), "code": f" {found[1]} "}

    wrong = await post(client, "/verify-email", fields | {"code": "00000000"})
    right = await post(client, "/verify-email", fields)

    assert wrong.status_code == 400
    assert Page(wrong.text).inputs["email"]["value"] == EMAIL.upper()
    assert right.status_code == 303
    async with runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(EMAIL)
    assert user is not None and user.email_verified


async def test_a_forgotten_password_is_replaced_with_the_code_from_the_mail(
    client: AsyncClient, runtime: Runtime
) -> None:
    await add_user(runtime, EMAIL)

    known = await post(client, "/forgot-password", {"email": EMAIL})
    unknown = await post(client, "/forgot-password", {"email": "eve@example.com"})
    await MailJob(runtime).run()
    [mail] = runtime.mailbox.list()
    found = re.search(r"^\s+(\d{8})$", mail.text, re.MULTILINE)
    assert found is not None
    fields = {"email": EMAIL, "code": found[1], "password": PASSWORD}
    reset = await post(client, "/reset-password", fields)

    assert known.headers["location"] == unknown.headers["location"]
    assert known.content == unknown.content
    assert (mail.to, reset.status_code) == (EMAIL, 303)


async def test_a_link_to_set_up_that_does_not_work_says_where_the_next_one_is(
    client: AsyncClient, runtime: Runtime
) -> None:
    token = await setup_link(runtime)
    forged = await client.get("/setup", params={"token": "as_ot_AAAA"})
    done = await post(client, "/setup", PAGES["/setup"][1] | {"token": token})
    result = await client.get(done.headers["location"])
    used = await client.get("/setup", params={"token": token})

    for page in (forged, used):
        assert "auth-serve setup link" in page.text
        assert "set-up is finished" in page.text
    assert {"href": "/signin"} in Page(result.text).all("a")


@every_page
async def test_a_page_promises_a_click_only_where_there_is_a_button(
    client: AsyncClient, path: str
) -> None:
    for query in ("", "?token=as_ot_AAAA"):
        page = await client.get(f"{path}{query}")
        has_button = bool(Page(page.text).all("button"))
        assert has_button or "click" not in page.text
        assert has_button or "link" in page.text
    assert (await client.get(path)).status_code == 200
