"""A refresh whose answer was lost signs nobody out, however late it comes again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import func, select, update

from app.models import AuditEvent, OAuthGrant, Session, User
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol

KINDS = ("session", "grant", "offline grant")
LATE = pytest.mark.parametrize("late", [11, 3_600, 13 * 86_400])


@dataclass
class Holder:
    """Somebody who holds a refresh token, of either kind.

    Attributes:
        first: The token that everything begins with.
        refresh: Exchanges a token.
        ended: How the answer says that the token ended everything.
        over: How it says that there was nothing to refresh any more.
    """

    protocol: Protocol
    user_id: UUID
    table: type[Session] | type[OAuthGrant]
    first: str
    refresh: Callable[[str], Awaitable[Response]]
    ended: str
    over: str

    async def row(self) -> Session | OAuthGrant:
        query = select(self.table).where(self.table.user_id == self.user_id)
        async with self.protocol.runtime.database.session(read_only=True) as db:
            found: Any = (await db.scalars(query)).one()
        kept: Session | OAuthGrant = found
        return kept

    async def reused(self) -> int:
        names = ("session.refresh_token_reused", "oauth.refresh_token_reused")
        return len(await self.protocol.events(*names))


async def _holder(kind: str, protocol: Protocol) -> Holder:
    if kind == "session":
        api = protocol.api
        person = await api.person()

        async def refresh(token: str) -> Response:
            return await api.post("/auth/refresh", {"refresh_token": token})

        first = person.tokens["refresh_token"]
        ended, over = "refresh_token_reused", "invalid_refresh_token"
        return Holder(protocol, person.id, Session, first, refresh, ended, over)
    app = await protocol.apps()
    scope = "openid offline_access" if kind == "offline grant" else "openid"
    who = await protocol.signed_in(app, scope)

    async def redeem(token: str) -> Response:
        return await protocol.refresh(app, token)

    gone = "invalid_grant"
    return Holder(
        protocol, who.user.id, OAuthGrant, who.refresh_token, redeem, gone, gone
    )


@pytest.fixture(params=KINDS)
async def holder(request: pytest.FixtureRequest, protocol: Protocol) -> Holder:
    """A holder of each kind of refresh token."""
    return await _holder(request.param, protocol)


def successor_of(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["refresh_token"]
    return token


def refusal_of(answer: Response) -> str:
    assert answer.status_code in (400, 401), answer.text
    body = answer.json()
    said: str = body.get("error") or body["code"]
    return said


@LATE
async def test_an_answer_that_was_lost_is_given_again_however_late(
    holder: Holder, clock: FakeClock, late: int
) -> None:
    lost = successor_of(await holder.refresh(holder.first))
    clock.advance(seconds=late)

    again = [successor_of(await holder.refresh(holder.first)) for _ in range(3)]
    after = successor_of(await holder.refresh(lost))

    assert again == [lost] * 3
    assert after not in (lost, holder.first)
    assert (await holder.row()).revoked_at is None
    assert await holder.reused() == 0


async def test_each_answer_may_be_lost(holder: Holder, clock: FakeClock) -> None:
    token = holder.first
    for _ in range(4):
        lost = successor_of(await holder.refresh(token))
        clock.advance(minutes=5)
        assert successor_of(await holder.refresh(token)) == lost
        token = lost


async def test_a_repetition_is_no_use_and_leaves_no_trace(
    holder: Holder, clock: FakeClock
) -> None:
    async def trail() -> int:
        query = select(func.count()).select_from(AuditEvent)
        async with holder.protocol.runtime.database.session(read_only=True) as db:
            return await db.scalar(query) or 0

    await holder.refresh(holder.first)
    before, events = await holder.row(), await trail()
    clock.advance(days=1)

    await holder.refresh(holder.first)

    after = await holder.row()
    assert (after.counter, after.refreshed_at, after.expires_at) == (
        before.counter,
        before.refreshed_at,
        before.expires_at,
    )
    assert await trail() == events


async def test_what_went_unused_for_too_long_is_over_and_no_reuse(
    holder: Holder, clock: FakeClock
) -> None:
    await holder.refresh(holder.first)
    end = (await holder.row()).expires_at
    clock.advance(seconds=(end - clock.now()).total_seconds() - 1)
    assert (await holder.refresh(holder.first)).status_code == 200
    clock.advance(seconds=1)

    answer = await holder.refresh(holder.first)

    assert refusal_of(answer) == holder.over
    assert await holder.reused() == 0


async def test_no_repetition_goes_past_the_absolute_end(
    holder: Holder, clock: FakeClock
) -> None:
    await holder.refresh(holder.first)
    soon = clock.now() + timedelta(minutes=1)
    table, columns = holder.table, {"expires_at": soon, "absolute_expires_at": soon}
    mine = update(table).where(table.user_id == holder.user_id)
    await holder.protocol.change(mine.values(**columns))
    clock.advance(seconds=61)

    assert refusal_of(await holder.refresh(holder.first)) == holder.over


@pytest.mark.parametrize("how", ["revoked", "disabled"])
async def test_what_ended_meanwhile_is_not_given_again(
    holder: Holder, clock: FakeClock, how: str
) -> None:
    await holder.refresh(holder.first)
    clock.advance(minutes=1)
    if how == "disabled":
        await holder.protocol.disable(User, holder.user_id)
    else:
        mine = update(holder.table).where(holder.table.user_id == holder.user_id)
        await holder.protocol.change(mine.values(revoked_at=clock.now()))

    answer = await holder.refresh(holder.first)

    assert refusal_of(answer) == holder.over
    assert await holder.reused() == 0


async def test_a_straggler_from_before_the_successors_use_signs_nobody_out(
    holder: Holder, clock: FakeClock
) -> None:
    successor = successor_of(await holder.refresh(holder.first))
    clock.advance(minutes=5)
    latest = successor_of(await holder.refresh(successor))
    clock.advance(seconds=10)

    assert successor_of(await holder.refresh(holder.first)) == successor
    assert successor_of(await holder.refresh(successor)) == latest
    assert await holder.reused() == 0


async def test_once_the_successor_was_used_the_window_ends_it(
    holder: Holder, clock: FakeClock
) -> None:
    successor = successor_of(await holder.refresh(holder.first))
    latest = successor_of(await holder.refresh(successor))
    clock.advance(seconds=11)

    assert refusal_of(await holder.refresh(holder.first)) == holder.ended

    for token in (successor, latest):
        assert refusal_of(await holder.refresh(token)) == holder.over
    assert await holder.reused() == 1


async def test_what_was_spent_two_uses_ago_is_reuse_at_once(holder: Holder) -> None:
    token = holder.first
    for _ in range(3):
        token = successor_of(await holder.refresh(token))

    assert refusal_of(await holder.refresh(holder.first)) == holder.ended
    assert refusal_of(await holder.refresh(token)) == holder.over


async def test_a_thief_who_comes_first_is_found_when_either_goes_on(
    holder: Holder, clock: FakeClock
) -> None:
    stolen = successor_of(await holder.refresh(holder.first))
    clock.advance(minutes=2)
    owned = successor_of(await holder.refresh(holder.first))
    assert owned == stolen  # so far nobody can tell a thief from a lost answer
    kept = successor_of(await holder.refresh(stolen))  # the thief goes on
    clock.advance(minutes=5)
    assert successor_of(await holder.refresh(owned)) == kept  # and the owner
    successor_of(await holder.refresh(kept))  # and the owner again
    clock.advance(minutes=5)

    assert refusal_of(await holder.refresh(owned)) == holder.ended


class TestWithoutAWindow:
    """``SESSION__REFRESH_WINDOW=0``: nothing is forgiven once the successor is used."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"session": {"refresh_window": 0}}

    async def test_a_straggler_is_reuse(self, holder: Holder) -> None:
        successor = successor_of(await holder.refresh(holder.first))
        await holder.refresh(successor)

        assert refusal_of(await holder.refresh(holder.first)) == holder.ended

    async def test_a_lost_answer_is_still_given_again(
        self, holder: Holder, clock: FakeClock
    ) -> None:
        lost = successor_of(await holder.refresh(holder.first))
        clock.advance(minutes=1)

        assert successor_of(await holder.refresh(holder.first)) == lost
