"""Who is not in a directory any more: withdrawn where that is sure, else kept."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.models import UpstreamIdentity
from app.services.upstreams.sync import withdraw as withdrawing
from app.services.upstreams.sync.withdraw import withdraw
from tests.connections.support import account
from tests.directories.conftest import ANN, PATIENT
from tests.directories.server import PEOPLE, Directory
from tests.directories.syncing import connected, crowd, numbers, sync, told_of
from tests.directories.test_sign_in import sign_in
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

MAIL = "ann@example.com"


async def test_who_is_disabled_or_gone_is_withdrawn_and_comes_back(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 2)
    connection = await connected(api, directory, sync_missing_percent=70)
    await sync(api, connection)
    await sign_in(visitor)
    other = Visitor(app)
    await sign_in(other, "p0")
    gone = directory.entries.pop(f"uid=p0,{PEOPLE}")
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    first = await sync(api, connection)
    inside = await visitor.who(), await other.who()
    clock.advance(seconds=10)
    second = await sync(api, connection)
    directory.entries[f"uid=p0,{PEOPLE}"] = gone
    del directory.entries[ANN]["nsaccountlock"]
    third = await sync(api, connection)
    back = await sign_in(visitor)

    assert numbers(first) == {
        **{"entries": 2, "unchanged": 1, "withdrawn": 2, "missing": 1, "disabled": 1}
    }
    assert inside == ("", "")
    assert numbers(second) == {"entries": 2, "unchanged": 2}
    assert numbers(third) == {"entries": 3, "unchanged": 1, "returned": 2}
    assert back.status_code == 303 and await visitor.who() == MAIL
    said = await told_of(api, "upstream.withdrawn")
    assert sorted((each["reason"], each["sessions"]) for each in said) == [
        *(("missing", 1), ("not_active", 1))
    ]
    assert len(await told_of(api, "upstream.returned")) == 2


async def test_who_signed_in_since_a_withdrawal_is_withdrawn_again(
    api: Api, visitor: Visitor, directory: Directory, clock: FakeClock
) -> None:
    """The directory let them in, and is not to be believed less the second time."""
    connection = await connected(api, directory)
    await sync(api, connection)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    await sync(api, connection)
    clock.advance(hours=1)
    await sign_in(visitor)  # this directory's bind knows nothing of the lock
    clock.advance(seconds=10)
    told = await sync(api, connection)

    assert numbers(told) == {"entries": 1, "disabled": 1, "withdrawn": 1}
    assert await visitor.who() == ""


Spoil = Callable[[Directory], None]


def _cut_off(directory: Directory) -> None:
    directory.most = 8


def _most_are_gone(directory: Directory) -> None:
    for at in range(15):
        del directory.entries[f"uid=p{at},{PEOPLE}"]


def _all_are_gone(directory: Directory) -> None:
    _most_are_gone(directory)
    for at in range(15, 20):
        del directory.entries[f"uid=p{at},{PEOPLE}"]


def _most_are_disabled(directory: Directory) -> None:
    for at in range(15):
        directory.entries[f"uid=p{at},{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]


def _some_are_disabled_and_some_gone(directory: Directory) -> None:
    """Two of each of twenty: each by itself would be as many as may."""
    for at in range(2):
        directory.entries[f"uid=p{at},{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]
        del directory.entries[f"uid=p{at + 2},{PEOPLE}"]


@pytest.mark.parametrize(
    ("spoil", "outcome", "kept"),
    [
        (_cut_off, "cut_off", 0),
        (_most_are_gone, "complete", 15),
        (_all_are_gone, "empty", 0),
        (_most_are_disabled, "complete", 15),
        (_some_are_disabled_and_some_gone, "complete", 4),
    ],
)
async def test_a_listing_that_cannot_be_true_withdraws_nobody(
    api: Api,
    directory: Directory,
    clock: FakeClock,
    spoil: Spoil,
    outcome: str,
    kept: int,
) -> None:
    del directory.entries[ANN]
    crowd(directory, 20)
    connection = await connected(api, directory, {"page_size": 10})
    await sync(api, connection)
    spoil(directory)
    clock.advance(seconds=10)
    for _ in range(2):  # and no patience makes it truer
        told = await sync(api, connection)
        assert (told["outcome"], told["kept"], told["withdrawn"]) == (outcome, kept, 0)
        assert told["detail"]
    confirmed = await sync(api, connection, accept_missing=True)

    assert confirmed["withdrawn"] == kept and confirmed["kept"] == 0
    assert len(await told_of(api, "upstream.withdrawn")) == kept


async def test_as_many_as_may_be_are_withdrawn_and_not_one_more(
    api: Api, directory: Directory, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of twenty; whoever came back since counts as let in, and so do those."""
    monkeypatch.setattr(withdrawing, "_BATCH", 3)  # links looked at together
    del directory.entries[ANN]
    crowd(directory, 20)
    connection = await connected(api, directory)
    await sync(api, connection)
    directory.entries[f"uid=p0,{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]
    gone = directory.entries.pop(f"uid=p1,{PEOPLE}")
    clock.advance(seconds=10)
    two = await sync(api, connection)
    directory.entries[f"uid=p1,{PEOPLE}"] = gone
    await sync(api, connection)
    for at in (2, 3):
        directory.entries[f"uid=p{at},{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    more = await sync(api, connection)

    assert (two["missing"], two["disabled"]) == (1, 1)
    assert (two["kept"], two["withdrawn"], two["detail"]) == (0, 2, "")
    assert (more["disabled"], more["kept"], more["withdrawn"]) == (2, 2, 0)
    assert more["detail"].startswith("0 of 19 linked people are missing, 2 are dis")


async def test_of_whom_other_settings_find_disabled_is_withdrawn_all_the_same(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    """That is told of them; that others are not told may be the settings' fault."""
    crowd(directory, 29)
    connection = await connected(api, directory)
    await sync(api, connection)
    clock.advance(seconds=10)
    directory.entries[f"uid=p0,{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]
    settings = directory.settings() | {"user_filter": "(!(uid=p7))", "timeout": PATIENT}
    body = {"settings": settings}
    await api.patch(f"/connections/{connection}", body, await api.admin())
    told = await sync(api, connection)

    assert (told["missing"], told["kept"]) == (1, 1)
    assert (told["disabled"], told["withdrawn"]) == (1, 1)


async def test_other_settings_that_find_everybody_are_nothing_to_confirm(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 9)
    connection = await connected(api, directory)
    await sync(api, connection)
    clock.advance(seconds=10)
    directory.entries[f"uid=p0,{PEOPLE}"]["nsaccountlock"] = [b"TRUE"]
    body = {"settings": directory.settings() | {"timeout": PATIENT + 1}}
    await api.patch(f"/connections/{connection}", body, await api.admin())
    told = await sync(api, connection)

    assert (told["withdrawn"], told["kept"]) == (1, 0)
    assert (told["reason"], told["detail"]) == (None, "")


async def test_who_came_after_a_withdrawal_and_is_missing_goes_again(
    api: Api, visitor: Visitor, directory: Directory, clock: FakeClock
) -> None:
    connection = await connected(api, directory)
    crowd(directory, 2)
    await sync(api, connection)
    entry = directory.entries.pop(ANN)
    clock.advance(seconds=10)
    await sync(api, connection)
    directory.entries[ANN] = entry
    clock.advance(hours=1)
    await sign_in(visitor)  # and no reading in between
    del directory.entries[ANN]
    clock.advance(seconds=10)
    told = await sync(api, connection)

    assert (told["missing"], told["withdrawn"]) == (1, 1)
    assert await visitor.who() == ""


async def test_a_reading_that_broke_off_withdraws_no_disabled_ones(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 19)
    connection = await connected(api, directory, {"page_size": 10})
    await sync(api, connection)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    directory.most = 15
    broken = await sync(api, connection)
    directory.most = 0
    whole = await sync(api, connection)

    assert (broken["outcome"], broken["withdrawn"]) == ("cut_off", 0)
    assert (whole["outcome"], whole["withdrawn"]) == ("complete", 1)


async def test_an_outage_in_the_middle_withdraws_nobody_and_is_told(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 19)
    connection = await connected(api, directory, {"page_size": 10})
    await sync(api, connection)
    del directory.entries[f"uid=p18,{PEOPLE}"]
    clock.advance(seconds=10)
    answers = 0

    async def die() -> None:
        nonlocal answers
        answers += 1
        if answers > 2:  # the bind, and a page
            raise ConnectionResetError

    directory.hook = die
    broken = await sync(api, connection)
    directory.hook = None
    clock.advance(minutes=5)
    whole = await sync(api, connection)

    assert (broken["outcome"], broken["entries"], broken["withdrawn"]) == (
        "failed",
        10,
        0,
    )
    assert "connection" in broken["detail"]
    assert numbers(whole) == {
        **{"entries": 19, "unchanged": 19, "missing": 1, "withdrawn": 1}
    }


async def test_another_base_or_filter_withdraws_nobody_until_it_is_confirmed(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 19)
    connection = await connected(api, directory)
    await sync(api, connection)
    clock.advance(seconds=10)
    settings = directory.settings() | {"user_filter": "(!(uid=p7))", "timeout": PATIENT}
    changed = await api.patch(
        f"/connections/{connection}", {"settings": settings}, await api.admin()
    )
    assert changed.status_code == 200, changed.text
    told = [await sync(api, connection) for _ in range(2)]
    confirmed = await sync(api, connection, accept_missing=True)

    assert [(each["kept"], each["withdrawn"]) for each in told] == [(1, 0)] * 2
    assert "settings" in told[0]["detail"]
    assert (confirmed["kept"], confirmed["withdrawn"]) == (0, 1)


@pytest.mark.parametrize("when", ["while it is read", "before they are withdrawn"])
async def test_who_signs_in_meanwhile_is_not_missing(
    api: Api,
    directory: Directory,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    crowd(directory, 5)
    connection = await connected(api, directory)
    await sync(api, connection)
    del directory.entries[f"uid=p0,{PEOPLE}"]
    clock.advance(seconds=10)

    async def come() -> None:
        directory.hook = None
        async with api.runtime.unit_of_work() as uow:
            subject = UpstreamIdentity.claims["preferred_username"].as_string()
            await uow.db.execute(
                update(UpstreamIdentity)
                .where(subject == "p0")
                .values(last_used_at=uow.clock.now())
            )

    async def late(*given: Any) -> None:
        await come()
        await withdraw(*given)

    if when == "while it is read":
        directory.hook = come
    else:
        monkeypatch.setattr(withdrawing, "withdraw", late)
    told = await sync(api, connection)

    assert told["withdrawn"] == 0 and told["outcome"] == "complete"
    assert (told["missing"], told["kept"]) == (
        (0, 0) if when == "while it is read" else (1, 1)
    )
    assert await told_of(api, "upstream.withdrawn") == []


async def test_of_who_signs_in_while_it_is_read_the_sign_in_knows_better(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    connection = await connected(api, directory, follow={"profile": {"name": "name"}})
    await sync(api, connection)
    directory.entries[ANN]["cn"] = [b"Ann Other"]
    clock.advance(seconds=10)

    async def come() -> None:
        async with api.runtime.unit_of_work() as uow:
            at = uow.clock.now()
            await uow.db.execute(update(UpstreamIdentity).values(last_used_at=at))

    directory.hook = come
    told = await sync(api, connection)
    directory.hook = None
    kept = (await account(api, MAIL)).name
    clock.advance(seconds=10)
    after = await sync(api, connection)

    assert told["left_out"] == {"signed_in_meanwhile": 1} and kept == "Ann"
    assert numbers(after) == {"entries": 1, "changed": 1}
    assert (await account(api, MAIL)).name == "Ann Other"
