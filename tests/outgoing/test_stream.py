"""``audit-events/stream``: the trail as it grows; nothing is passed over."""

import json
from uuid import UUID, uuid4

import pytest

from app.core.exceptions import TooManyRequests
from app.events.user import UserUpdated
from app.models import AuditEvent
from app.repositories.unit_of_work import evidence
from app.services.outgoing import stream
from app.services.outgoing.stream import EventStream, StreamPlaces
from app.services.server.runtime import Runtime
from tests.support.api import Api
from tests.support.chance import FakeClock


async def _happened(runtime: Runtime, field: str, event_id: UUID | None = None) -> None:
    async with runtime.unit_of_work() as uow:
        event = UserUpdated(user_id=uuid4(), fields=(field,))
        row = evidence(event, event_id or uow.randomness.uuid7(), uow.clock.now())
        uow.db.add(AuditEvent(**row))


async def _looked(feed: EventStream) -> list[tuple[str, UUID]]:
    return [(told.event.data["fields"][0], told.cursor) async for told in feed.once()]


async def test_what_commits_behind_a_later_event_is_told_and_lies_behind_its_cursor(
    runtime: Runtime, clock: FakeClock
) -> None:
    begin = runtime.randomness.uuid7()
    early = runtime.randomness.uuid7()
    feed = EventStream(runtime, runtime.stopping, begin)
    await _happened(runtime, "later")
    [first] = await _looked(feed)
    clock.advance(seconds=30)
    await _happened(runtime, "earlier", early)
    clock.advance(seconds=11)
    second = await _looked(feed)
    clock.advance(seconds=300)
    third = await _looked(feed)

    again = EventStream(runtime, runtime.stopping, first[1])

    assert first[0] == "later" and [each[0] for each in second] == ["earlier"]
    assert third == []
    assert [each[0] for each in await _looked(again)] == ["earlier", "later"]


async def test_many_pages_are_told_once_each_and_the_cursor_follows(
    runtime: Runtime, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH", 2)
    begin = runtime.randomness.uuid7()
    for number in range(5):
        await _happened(runtime, str(number))
    clock.advance(seconds=300)

    told = await _looked(EventStream(runtime, runtime.stopping, begin))
    rest = await _looked(EventStream(runtime, runtime.stopping, told[2][1]))

    assert [each[0] for each in told] == ["0", "1", "2", "3", "4"]
    assert [each[0] for each in rest] == ["3", "4"]


async def test_who_may_read_no_more_is_told_no_more_of_a_long_trail(
    runtime: Runtime, clock: FakeClock
) -> None:
    """However slowly they take it, and however much of it there is."""
    begin = runtime.randomness.uuid7()
    for number in range(5):
        await _happened(runtime, str(number))
    told = []

    async def still_may() -> bool:
        return False

    async for each in EventStream(runtime, runtime.stopping, begin).follow(still_may):
        told.append(each)
        clock.advance(seconds=5)
    once = []
    async for all_there_is in EventStream(runtime, runtime.stopping, begin).once(
        still_may
    ):
        once.append(all_there_is)
        clock.advance(seconds=5)

    assert len(told) == len(once) == 2


async def test_a_long_trail_does_not_hold_up_the_end_of_the_process(
    runtime: Runtime,
) -> None:
    begin = runtime.randomness.uuid7()
    for number in range(5):
        await _happened(runtime, str(number))
    told = []

    async def still_may() -> bool:
        return True

    async for each in EventStream(runtime, runtime.stopping, begin).follow(still_may):
        told.append(each)
        runtime.stopping.is_begun = True

    assert len(told) == 1


def test_places_are_few_and_given_back() -> None:
    places, reader = StreamPlaces(20), uuid4()

    with places.place(reader), places.place(reader), places.place(reader):
        with pytest.raises(TooManyRequests), places.place(reader):
            pass
        with places.place(uuid4()):
            pass
    for _ in range(2 * places.most):
        with places.place(reader):
            pass


async def test_without_a_kind_it_is_what_there_is_and_for_auditors_alone(
    api: Api, runtime: Runtime
) -> None:
    root, ann = await api.admin(), await api.person()

    answer = await api.get(f"/audit-events/stream?after={UUID(int=0)}", root)
    refused = await api.get("/audit-events/stream", ann)

    listed = (await api.get("/audit-events", root)).json()["items"][::-1]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["event"] for line in lines] == listed
    assert refused.status_code == 403
    assert (await api.get("/audit-events/stream?after=x", root)).status_code == 422
