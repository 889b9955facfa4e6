"""Lists of evidence: whole, in order, and read by the indexes made for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from app.models import AuditEvent
from app.repositories.audit_event import AuditEventRepository
from app.services.server.runtime import Runtime
from tests.support.chance import FakeClock

ANN, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))
PEOPLE = (ANN, BOB, EVE, None)
NAMES = ("sign_in.succeeded",) * 5 + ("sign_in.failed",) * 2 + ("user.disabled",)
# The last two end alike.
REQUESTS = ("a" * 32, "018c-request-1234", "another-1234")
PAGE = 7

FILTERS: list[dict[str, Any]] = [
    {"since": 0},
    {"name": "sign_in.succeeded"},
    {"name": "user.disabled"},
    {"name": "nothing.such"},
    {"user_id": ANN},
    {"actor_id": ANN},
    {"actor_id": EVE, "name": "sign_in.succeeded"},
    {"user_id": BOB, "actor_id": ANN},
    {"correlation_id": REQUESTS[1]},
    {"correlation_id": "1234"},
    {"since": 100, "until": 200},
    {"name": "sign_in.succeeded", "since": 100, "until": 200},
    {"name": "sign_in.failed", "until": 150, "actor_id": BOB},
    {"user_id": ANN, "since": 250},
]


async def _store(runtime: Runtime, clock: FakeClock) -> list[AuditEvent]:
    """Store 300 events, two minutes apart, newest last."""
    made = []
    for number in range(300):
        clock.advance(seconds=120)
        made.append(
            AuditEvent(
                id=runtime.randomness.uuid7(),
                name=NAMES[number * 7 % 8],
                user_id=PEOPLE[number % 4],
                actor_id=PEOPLE[number // 4 % 4] if number % 3 else PEOPLE[number % 4],
                correlation_id=REQUESTS[number % 3],
                ip="",
                user_agent="",
                data={},
                created_at=clock.now(),
            )
        )
    async with runtime.unit_of_work() as uow:
        uow.db.add_all(made)
    return made


def _meets(row: AuditEvent, wanted: dict[str, Any]) -> bool:
    for name, value in wanted.items():
        if name == "since":
            is_met = row.created_at >= value
        elif name == "until":
            is_met = row.created_at < value
        else:
            is_met = getattr(row, name) == value
        if not is_met:
            return False
    return True


async def _all_pages(
    runtime: Runtime, wanted: dict[str, Any], limit: int
) -> list[Sequence[UUID]]:
    pages: list[Sequence[UUID]] = []
    after: list[UUID] | None = None
    async with runtime.database.session(read_only=True) as db:
        while not pages or len(pages[-1]) == limit:
            rows = await AuditEventRepository(db).list_page(
                **wanted, after=after, limit=limit
            )
            pages.append([row.id for row in rows])
            after = [rows[-1].id] if rows else after
    return pages


@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_pages_show_each_event_that_is_asked_for_once_and_newest_first(
    runtime: Runtime, clock: FakeClock, filters: dict[str, Any]
) -> None:
    stored = await _store(runtime, clock)
    wanted = {
        name: stored[value].created_at if name in ("since", "until") else value
        for name, value in filters.items()
    }

    pages = await _all_pages(runtime, wanted, PAGE)

    found = [event_id for page in pages for event_id in page]
    assert found == [row.id for row in reversed(stored) if _meets(row, wanted)]
    assert all(len(page) == PAGE for page in pages[:-1])


async def test_what_somebody_did_and_what_was_done_to_them_is_exported_once(
    runtime: Runtime, clock: FakeClock
) -> None:
    stored = await _store(runtime, clock)
    found: list[UUID] = []
    async with runtime.database.session(read_only=True) as db:
        evidence = AuditEventRepository(db)
        last = None
        while rows := await evidence.list_for_person(ANN, last, PAGE):
            found += [row.id for row in rows]
            last = found[-1]

    assert found == [row.id for row in stored if ANN in (row.user_id, row.actor_id)]


@pytest.mark.parametrize("moved", [-3_600, 3_600])
async def test_an_event_is_found_by_its_time_whose_clock_was_put_right_meanwhile(
    runtime: Runtime, clock: FakeClock, moved: int
) -> None:
    [early, *_, late] = await _store(runtime, clock)
    clock.advance(seconds=moved)
    event_id, at = runtime.randomness.uuid7(), late.created_at
    async with runtime.unit_of_work() as uow:
        uow.db.add(
            AuditEvent(
                id=event_id,
                name="user.disabled",
                correlation_id="",
                ip="",
                user_agent="",
                data={},
                created_at=at,
            )
        )

    around = {"since": at, "until": at + timedelta(seconds=1)}
    [found] = await _all_pages(runtime, around | {"name": "user.disabled"}, PAGE)

    assert event_id in found


# Of 20,000: half, one in a hundred, and five long ago.
MANY = """
INSERT INTO audit_events
  (id, name, user_id, actor_id, correlation_id, ip, user_agent, data, created_at)
SELECT (lpad(to_hex(at), 12, '0') || '7' || lpad(to_hex(i), 19, '8'))::uuid,
  CASE WHEN i < 5 THEN 'rare' WHEN i % 100 = 0 THEN 'seldom' WHEN i % 2 = 0 THEN 'often'
    ELSE 'else' END,
  who, CASE WHEN i % 500 = 0 THEN '00000000000000000000000000000007' ELSE who END,
  md5(i::text), '', '', '{}', to_timestamp(at / 1000.0)
FROM (SELECT i, 1790000000000 + i * 60000 AS at,
    lpad(to_hex(i % 2000 + 16), 32, '0')::uuid AS who
  FROM generate_series(1::bigint, 20000) i) made
"""
SOMEBODY = UUID(int=20)
AT = datetime.fromisoformat("2026-09-25T00:00:00+00:00")
QUESTIONS: list[tuple[dict[str, Any], set[str]]] = [
    # By a quarter of an hour at a time, and not all of a name.
    ({"name": "often"}, {"ix_audit_events_name_quarter", "Incremental Sort"}),
    ({"name": "seldom"}, {"ix_audit_events_name_quarter"}),
    ({"name": "rare"}, {"ix_audit_events_name_quarter"}),
    ({"user_id": SOMEBODY}, {"ix_audit_events_user"}),
    (
        {"actor_id": SOMEBODY},
        {"ix_audit_events_user", "ix_audit_events_other_actor"},
    ),
    ({"correlation_id": "c" * 32}, {"ix_audit_events_correlation_end"}),
    ({"until": AT}, {"pk_audit_events"}),
    ({}, {"pk_audit_events"}),
]


def _named(case: Any) -> str:
    """Return the same name in every process: workers compare what they collected."""
    return str(sorted(case) if isinstance(case, set) else case)


@pytest.mark.parametrize(("filters", "indexes"), QUESTIONS, ids=_named)
async def test_postgresql_answers_each_question_by_the_index_made_for_it(
    runtime: Runtime, filters: dict[str, Any], indexes: set[str]
) -> None:
    if runtime.database.is_sqlite:
        return
    plans: list[str] = []
    async with runtime.database.session() as db:
        await db.execute(text(MANY))
        await db.execute(text("ANALYZE audit_events"))
        connection = await db.connection()
        asked: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, query: str, given: Any, *___: Any) -> None:
            asked.append((query, given))

        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await AuditEventRepository(db).list_page(**filters, after=None, limit=51)
        for query, given in asked[:]:
            explained = await connection.exec_driver_sql(f"EXPLAIN {query}", given)
            plans += [str(line) for line in explained]
        await db.rollback()

    shown = "\n".join(plans)
    assert all(f"{index} " in shown or f"{index}'" in shown for index in indexes), shown
    assert "Seq Scan" not in shown
