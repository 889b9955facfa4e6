"""People who come from elsewhere, at both processes and in the same moment."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import select

from app.core.clock import SystemClock
from app.models import AuditEvent, UpstreamIdentity, User
from app.policies.permission import ADMIN_ROLE
from tests.connections.provider import Provider
from tests.connections.support import CONNECTION
from tests.connections.test_signed_out_there import claims_of
from tests.races.crowd import address, assert_one_success, crowd, statuses
from tests.support.api import Api
from tests.support.page import BROWSER, Page


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A provider of identity over real HTTP."""
    with Provider(SystemClock()) as server:
        yield server


async def _connect(
    api: Api, both: list[AsyncClient], provider: Provider
) -> tuple[str, UUID]:
    name = f"firm-{address().partition('@')[0]}"
    body = CONNECTION | {
        "name": name,
        "settings": CONNECTION["settings"] | {"issuer": provider.url},
        "account_rule": "anybody",
        "trusted_domains": ["example.com"],
    }
    who = await api.person(ADMIN_ROLE, email=address())
    answer = await api.post("/connections", body, who)
    assert answer.status_code == 201, answer.text
    for client in both:  # the other process sees it within seconds
        while name not in (await client.get("/signin", headers=BROWSER)).text:
            await asyncio.sleep(0.2)
    return name, UUID(answer.json()["id"])


async def _away(client: AsyncClient, name: str) -> tuple[str, dict[str, str]]:
    """Press the button at a new browser; return where it led, and the cookies."""
    client.cookies.clear()
    page = await client.get("/signin", headers=BROWSER)
    client.cookies.clear()
    cookie = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
    csrf = Page(page.text).inputs["csrf"]["value"]
    gone = await client.post(
        f"/upstreams/{name}", data={"csrf": csrf}, headers=BROWSER | cookie
    )
    assert gone.status_code == 303, gone.text
    return gone.headers["location"], BROWSER | cookie


async def _back(
    both: list[AsyncClient], ways: list[tuple[str, dict[str, str]]]
) -> list[Response]:
    return await asyncio.gather(
        *(
            both[number % 2].get(url, headers=headers)
            for number, (url, headers) in enumerate(ways)
        )
    )


async def test_one_answer_signs_in_once_at_whichever_process(
    api: Api, both: list[AsyncClient], provider: Provider
) -> None:
    name, _ = await _connect(api, both, provider)
    email = address()
    provider.person = {"email": email, "email_verified": True}
    location, cookies = await _away(both[0], name)
    url = provider.back(location)

    answers = await _back(both, [(url, cookies)] * 20)

    assert_one_success(answers, 303)
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(email)
    assert user is not None
    assert (await api.trail(user.id)).count("sign_in.succeeded") == 1


async def test_many_first_sign_ins_of_one_person_make_one_account(
    api: Api, both: list[AsyncClient], provider: Provider
) -> None:
    name, connection_id = await _connect(api, both, provider)
    email = address()
    provider.person = {"email": email, "email_verified": True}
    ways = []
    for number in range(10):
        location, cookies = await _away(both[number % 2], name)
        ways.append((provider.back(location), cookies))

    answers = await _back(both, ways)

    found = statuses(answers)
    assert set(found) <= {303, 403} and found[303] >= 1, found
    async with api.runtime.database.session(read_only=True) as db:
        users = (await db.scalars(select(User.id).where(User.email == email))).all()
        query = select(UpstreamIdentity).where(
            UpstreamIdentity.connection_id == connection_id
        )
        links = (await db.scalars(query)).all()
    assert len(users) == 1
    assert [each.user_id for each in links] == list(users)


async def test_one_logout_token_counts_once_at_whichever_process(
    api: Api, both: list[AsyncClient], provider: Provider
) -> None:
    name, _ = await _connect(api, both, provider)
    email, subject = address(), uuid4().hex
    provider.person = {"email": email, "email_verified": True, "sub": subject}
    location, cookies = await _away(both[0], name)
    await _back(both, [(provider.back(location), cookies)])
    claims = claims_of(provider, SystemClock(), sub=subject, jti=uuid4().hex)
    form = {"logout_token": provider.sign(claims)}

    path = f"/upstreams/{name}/backchannel-logout"
    answers = await crowd(both, path, [form] * 20, form=True)

    assert_one_success(answers, 200)
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(email)
    assert user is not None
    trail = await api.trail(user.id)
    assert trail.count("upstream.signed_out") == 1
    assert trail.count("session.revoked") == 1
    query = select(AuditEvent.data).where(AuditEvent.name == "upstream.logout_refused")
    async with api.runtime.database.session(read_only=True) as db:
        said = [data for data in await db.scalars(query) if data["connection"] == name]
    assert [each["reason"] for each in said] == ["repeated"] * 19
