"""Who came from elsewhere is asked about there again, and ends here with it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.jobs.upstream import UpstreamJob
from app.models import AuditEvent, UpstreamSession
from tests.connections.provider import Provider
from tests.connections.support import ANN, account, come, connect, groups_of
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

OPEN = {"account_rule": "anybody", "trusted_domains": ["example.com"]}
PERSON = {"email": ANN, "email_verified": True}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def refreshing(provider: Provider) -> None:
    provider.refreshes = True


async def look(api: Api, clock: FakeClock, seconds: int = 3_601) -> None:
    """Let time pass, and have asked what is due."""
    clock.advance(seconds=seconds)
    job = UpstreamJob(api.runtime)
    while await job.run():
        pass


async def rows(api: Api) -> list[UpstreamSession]:
    async with api.runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(UpstreamSession)))


async def test_who_is_let_in_there_no_more_is_signed_out_here_within_the_hour(
    api: Api, visitor: Visitor, provider: Provider, app: FastAPI, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    other = Visitor(app)
    await come(visitor, provider, **PERSON)
    provider.refreshes = False
    await come(other, provider, **PERSON)  # about whom nobody can be asked
    await look(api, clock, 60)
    asked_early = list(provider.used)
    provider.good.clear()

    await look(api, clock)

    assert asked_early == [] and len(provider.used) == 1
    assert [await each.who() for each in (visitor, other)] == ["", ""]
    query = select(AuditEvent.data).where(AuditEvent.name == "upstream.withdrawn")
    async with api.runtime.database.session(read_only=True) as db:
        [said] = await db.scalars(query)
    assert (said["reason"], said["sessions"]) == ("withdrawn", 2)
    assert all(each.sealed_tokens is None for each in await rows(api))


SILENCE: dict[str, Any] = {
    "away": (503, JSON, b'{"error": "invalid_grant"}'),
    "too many": (429, JSON, b'{"error": "invalid_grant"}'),
    "our secret is old": (401, JSON, b'{"error": "invalid_client"}'),
    "broken": (200, JSON, b"<html>"),
}


async def test_that_nobody_answers_signs_nobody_out(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    for answer in SILENCE.values():
        provider.answer = answer
        await look(api, clock)
        assert await visitor.who() == ANN
    provider.answer = None
    asked = len(provider.used)

    await look(api, clock)

    assert asked == len(SILENCE) and len(provider.used) == asked + 1
    assert await visitor.who() == ANN


async def test_profile_and_groups_follow_meanwhile(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await api.post("/groups", {"name": "staff"}, await api.admin())
    groups = {"claim": "groups", "groups": {"S": "staff"}}
    await connect(api, provider, **OPEN, follow={"groups": groups})
    await come(visitor, provider, **PERSON, name="Ann", groups=["S"])
    user = await account(api)
    before = await groups_of(api, user.id)
    provider.person = PERSON | {"name": "Ann B."}

    await look(api, clock)

    assert before == ["staff"] and await groups_of(api, user.id) == []
    assert (await account(api)).name == "Ann B." and await visitor.who() == ANN


async def test_a_token_that_changes_with_each_use_is_used_by_one_process(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    clock.advance(seconds=3_601)

    await asyncio.gather(*(UpstreamJob(api.runtime).run() for _ in range(4)))
    await look(api, clock)

    assert len(provider.used) == len(set(provider.used)) == 2
    assert await visitor.who() == ANN


async def test_who_signs_in_while_they_are_asked_about_stays_signed_in(
    api: Api, visitor: Visitor, provider: Provider, clock: FakeClock
) -> None:
    """The old token is over because they came anew: what it says is of before."""
    await connect(api, provider, **OPEN)
    await come(visitor, provider, **PERSON)
    clock.advance(seconds=3_601)
    way = await api.runtime.connections.find("firm")
    assert way is not None
    connector: Any = way.connector
    refresh = connector.refresh

    async def slow(subject: str, tokens: Any) -> Any:
        provider.good.discard(tokens.refresh_token)
        await come(visitor, provider, **PERSON)
        return await refresh(subject, tokens)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connector, "refresh", slow)
        await UpstreamJob(api.runtime).run()
    first = await visitor.who()
    await look(api, clock)

    assert first == ANN == await visitor.who()
    assert len(provider.used) == 2


@pytest.mark.parametrize(("every", "status"), [(0, 201), (299, 422), (300, 201)])
async def test_how_often_is_an_administrators_to_say(
    api: Api,
    visitor: Visitor,
    provider: Provider,
    clock: FakeClock,
    every: int,
    status: int,
) -> None:
    if status == 422:
        with pytest.raises(AssertionError, match="at least 300"):
            await connect(api, provider, **OPEN, check_every=every)
        return
    await connect(api, provider, **OPEN, check_every=every)
    await come(visitor, provider, **PERSON)

    await look(api, clock, 301)

    assert len(provider.used) == (1 if every else 0)
    assert [each.sealed_tokens is None for each in await rows(api)] == [not every]
