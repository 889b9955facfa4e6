"""What is asked at the same moment is one statement; each has its own verdict."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.models.oauth.grant import OAuthGrant
from app.models.session import Session
from app.repositories.statements.together import Together, placed
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.oauth import GONE, Protocol, SignedIn

_SERVER = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class _Asked:
    """Remembers what was asked together; an answer is its key, doubled."""

    def __init__(self, error: Exception | None = None) -> None:
        self.batches: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._error = error

    async def __call__(self, keys: Sequence[int]) -> Sequence[int | None]:
        self.batches.append(list(keys))
        await self.may_answer.wait()
        if self._error is not None:
            raise self._error
        return [key * 2 if key else None for key in keys]


async def test_callers_of_one_moment_share_a_statement() -> None:
    asked = _Asked()
    together = Together(asked, most=3)

    rows = await asyncio.gather(*(together.get(key) for key in (1, 0, 2, 1, 5)))

    assert rows == [2, None, 4, 2, 10]
    assert asked.batches == [[1, 0, 2], [1, 5]]


async def test_who_asks_later_gets_a_statement_that_is_sent_later() -> None:
    asked = _Asked()
    asked.may_answer.clear()
    together = Together(asked)
    first = asyncio.ensure_future(together.get(1))
    await asyncio.sleep(0.01)

    second = asyncio.ensure_future(together.get(1))
    await asyncio.sleep(0.01)
    asked.may_answer.set()

    assert [*await asyncio.gather(first, second)] == [2, 2]
    assert asked.batches == [[1], [1]]


async def test_who_leaves_takes_nobodys_answer_away() -> None:
    asked = _Asked()
    asked.may_answer.clear()
    together = Together(asked)
    waiting = [asyncio.ensure_future(together.get(key)) for key in (1, 2, 3)]
    await asyncio.sleep(0.01)

    waiting[0].cancel()
    await asyncio.sleep(0)
    asked.may_answer.set()

    assert await asyncio.gather(*waiting[1:]) == [4, 6]
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]


async def test_who_left_before_it_was_sent_asks_nothing() -> None:
    asked = _Asked()
    together = Together(asked)
    gone = asyncio.ensure_future(together.get(1))
    await asyncio.sleep(0)
    gone.cancel()

    assert await together.get(2) == 4
    assert asked.batches == [[2]]


async def test_a_failure_is_everybodys_and_not_the_next_ones() -> None:
    asked = _Asked(RuntimeError("away"))
    together = Together(asked)

    failed = await asyncio.gather(
        *(together.get(key) for key in (1, 2)), return_exceptions=True
    )

    assert [str(error) for error in failed] == ["away", "away"]
    asked._error = None
    assert await together.get(3) == 6


def test_rows_find_their_places() -> None:
    class Row:
        def __init__(self, place: int) -> None:
            self.place = place

    third = Row(3)

    assert placed([third], 4) == [None, None, third, None]


@_SERVER
async def test_each_token_has_its_own_verdict(api: Api) -> None:
    protocol = Protocol(api)
    app = await protocol.apps()
    people = [await protocol.signed_in(app) for _ in range(len(GONE) + 2)]
    for how, who in zip(GONE, people[1:], strict=False):
        await protocol.change(GONE[how](who.issued))
    await protocol.revoke(app, people[0].access)
    last = people[-1]

    answers = await asyncio.gather(*(protocol.userinfo(p.access) for p in people * 2))
    told = await asyncio.gather(*(protocol.introspect(app, p.access) for p in people))

    assert [a.status_code for a in answers] == ([401] * (len(GONE) + 1) + [200]) * 2
    assert answers[-1].json()["sub"] == str(last.user.id)
    assert [a.json()["active"] for a in told] == [False] * (len(GONE) + 1) + [True]


@_SERVER
async def test_each_caller_is_their_own(api: Api) -> None:
    people = [await api.person(email=f"p{number}@example.com") for number in range(6)]
    await api.post("/auth/logout", {}, people[2])

    answers = await asyncio.gather(*(api.get("/users/me", p) for p in people))

    assert [a.status_code for a in answers] == [200, 200, 401, 200, 200, 200]
    told = [a.json()["email"] for a in answers if a.status_code == 200]
    assert told == [p.email for p in people if p is not people[2]]


async def _refresh_all(
    protocol: Protocol, people: Sequence[SignedIn]
) -> list[Response]:
    asked = (protocol.refresh(who.app, who.refresh_token) for who in people)
    return await asyncio.gather(*asked)


@_SERVER
async def test_each_refresh_has_its_own_verdict(api: Api) -> None:
    protocol = Protocol(api)
    app, other = await protocol.apps(), await protocol.apps()
    people = [await protocol.signed_in(app) for _ in range(len(GONE) + 3)]
    for how, who in zip(GONE, people, strict=False):
        await protocol.change(GONE[how](who.issued))
    stolen, alive = people[-3], people[-2:]
    stolen.app = other

    answers = await _refresh_all(protocol, [*people, *alive])

    refused = [400] * (len(GONE) + 1)
    assert [a.status_code for a in answers] == [*refused, 200, 200, 200, 200]
    told = [a.json()["refresh_token"] for a in answers[-4:]]
    assert told[:2] == told[2:]  # sent twice at once: both hold the same successor
    assert told[0] != told[1]
    for who, token in zip(alive, told, strict=False):
        assert (await protocol.refresh(app, token)).status_code == 200
        assert (await protocol.grant(who.issued.grant_id)).counter == 2


@_SERVER
async def test_each_session_refreshes_to_its_own_tokens(api: Api) -> None:
    people = [await api.person(email=f"p{number}@example.com") for number in range(5)]
    await api.post("/auth/logout", {}, people[1])
    bodies = [{"refresh_token": p.tokens["refresh_token"]} for p in people]

    asked = (api.post("/auth/refresh", body) for body in [*bodies, bodies[4]])
    answers = await asyncio.gather(*asked)

    assert [a.status_code for a in answers] == [200, 401, 200, 200, 200, 200]
    assert answers[4].json()["refresh_token"] == answers[5].json()["refresh_token"]
    for who, answer in zip(people, answers, strict=False):
        if answer.status_code == 200:
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            me = await api.client.get("/api/v1/users/me", headers=headers)
            assert me.json()["email"] == who.email


@_SERVER
@pytest.mark.parametrize("model", [OAuthGrant, Session], ids=["grant", "session"])
async def test_nobody_waits_for_what_another_holds_locked(api: Api, model: Any) -> None:
    protocol = Protocol(api)
    app = await protocol.apps()
    people = [await protocol.signed_in(app) for _ in range(3)]
    held = (
        people[1].issued.grant_id
        if model is OAuthGrant
        else people[1].issued.session_id
    )

    async with protocol.runtime.database.session() as holder:
        await holder.execute(select(model).where(model.id == held).with_for_update())
        asked = [asyncio.ensure_future(_refresh_all(protocol, [p])) for p in people]
        # A session is only written to where it is prolonged, and not by this statement.
        free = [asked[0], asked[2]] if model is OAuthGrant else asked
        await asyncio.gather(*free)  # the time limit of every test ends it
        assert asked[1].done() is (model is Session)
        await holder.rollback()
    await asyncio.gather(*asked)

    assert [a.status_code for one in asked for a in one.result()] == [200] * 3


@_SERVER
async def test_sessions_are_prolonged_by_who_refreshes_together(
    api: Api, clock: FakeClock
) -> None:
    protocol = Protocol(api)
    app = await protocol.apps()
    people = [await protocol.signed_in(app) for _ in range(3)]
    scope = "openid offline_access"
    people.append(await protocol.signed_in(app, scope))
    before = [await _session_end(protocol, who) for who in people]
    clock.advance(hours=25)

    answers = await _refresh_all(protocol, people)

    assert [a.status_code for a in answers] == [200] * 4
    after = [await _session_end(protocol, who) for who in people]
    moved = [(b - a).total_seconds() / 3600 for a, b in zip(before, after, strict=True)]
    assert moved == [25, 25, 25, 0]


async def _session_end(protocol: Protocol, who: SignedIn) -> Any:
    async with protocol.runtime.database.session(read_only=True) as db:
        return (await db.get_one(Session, who.issued.session_id)).expires_at
