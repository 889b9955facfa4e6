"""What a directory tells without number, without end, or of one person too many."""

import asyncio
import tracemalloc
from typing import Any

import pytest

from app.upstreams.directory import ber, link, message
from app.upstreams.directory.errors import Nonsense
from app.upstreams.directory.flavour import FLAVOURS, subject_of
from app.upstreams.directory.message import Entry
from app.upstreams.directory.streams import read_exactly
from app.upstreams.protocol import Reason, Refused
from tests.directories.conftest import ANN, PASSWORD, Connect, add_person
from tests.directories.server import GROUPS, Directory

_MEMBERS = [b"uid=person-%06d,ou=people,dc=corp" % at for at in range(20_000)]
_ANY_ID = b"\x02\x01\x7f"  # becomes the id of what was asked


def _plain(directory: Directory) -> str:
    return f"ldap://127.0.0.1:{directory.port}"


async def _refused(connector: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await connector.verify("ann", PASSWORD)
    return caught.value.reason


def _of_any(tag: int, *parts: bytes, controls: bytes = b"") -> bytes:
    return ber.sequence(_ANY_ID, ber.element(tag, *parts), controls)


def _entry(*values: bytes) -> bytes:
    told = ber.sequence(ber.octets("uid"), ber.element(ber.SET, *values))
    return _of_any(message.ENTRY, ber.octets("cn=a"), ber.sequence(told))


@pytest.mark.parametrize(
    ("bytes_", "reason"),
    [
        # Elements of two bytes: millions of them would be read for seconds.
        (_entry(*[b"\4\0"] * 200_000), Reason.MALFORMED),
        (_of_any(message.SEARCH_DONE, b"\4\0" * 200_000), Reason.MALFORMED),
        # Each of them within bounds, and all of them of two people at most.
        (_entry(*[b"\4\0"] * 9_000) * 2 + _entry() * 9, Reason.OVERSIZED),
    ],
)
async def test_small_things_without_number_are_not_read(
    directory: Directory, connect: Connect, bytes_: bytes, reason: Reason
) -> None:
    directory.raw[message.SEARCH] = bytes_

    assert await _refused(connect(_plain(directory))) is reason


def _group(*more: bytes) -> message.Message:
    members = *map(ber.octets, _MEMBERS), *more
    told = ber.sequence(ber.octets("member"), ber.element(ber.SET, *members))
    entry = ber.element(message.ENTRY, ber.octets("cn=a"), ber.sequence(told))
    return message.read(ber.integer(1) + entry)


def test_a_group_of_very_many_is_there_once() -> None:
    """Memory is what the message takes, and nothing for each of its members."""
    told = _group()
    tracemalloc.start()
    try:
        values = message.entry_of(told).values("MEMBER")
        assert sum(map(len, values)) == sum(map(len, _MEMBERS))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < len(told.content) / 50
    assert (len(values), list(values)) == (len(_MEMBERS), _MEMBERS)
    assert (values[-1], list(values[:2])) == (_MEMBERS[-1], _MEMBERS[:2])


@pytest.mark.parametrize(
    "more", [b"\4\5cut", b"\4", b"\x1f\0", b"\4\0" * message.MAX_VALUES]
)
def test_a_group_of_very_many_is_whole_or_none(more: bytes) -> None:
    with pytest.raises(ber.Malformed):
        message.entry_of(_group(more))


async def test_what_is_large_is_read_as_it_comes() -> None:
    sent = b"".join(_MEMBERS)
    reader = asyncio.StreamReader(limit=1_000)

    async def read() -> bytes:
        return bytes(await read_exactly(reader, len(sent) - 7))

    reading = asyncio.create_task(read())
    for at in range(0, len(sent), 100_000):
        reader.feed_data(sent[at : at + 100_000])
        await asyncio.sleep(0)
    assert await reading == sent[:-7]
    assert await read_exactly(reader, 7) == sent[-7:]
    reader.feed_data(sent)
    reader.feed_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await read_exactly(reader, len(sent) + 1)


async def test_pages_without_an_end_are_left(
    directory: Directory, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "_EMPTY_PAGES", 20)
    more = message.page(0, b"on and on").encoded()
    done = ber.integer(0, ber.ENUMERATED), ber.octets(""), ber.octets("")
    directory.raw[message.SEARCH] = _of_any(
        message.SEARCH_DONE, *done, controls=ber.element(0xA0, more)
    )
    connector = connect(_plain(directory))
    async with connector.directory.session() as session:
        with pytest.raises(Nonsense, match="without an end"):
            async for _ in connector.people(session.link):
                pass


async def test_whoever_is_in_too_many_groups_stops_nobody_else(
    directory: Directory, connect: Connect
) -> None:
    add_person(directory, "bob", "b")
    for number in range(2):
        directory.add(
            f"cn=own-{number},{GROUPS}", objectClass="groupOfNames", cn="a", member=ANN
        )
    directory.most = 2
    connector = connect(_plain(directory))
    told = {await _refused(connector) for _ in range(7)}

    assert told == {Reason.OVERSIZED}
    assert (await connector.verify("bob", PASSWORD)).subject == "b"


@pytest.mark.parametrize("number", ["\u00b2", "9" * 5_000, "-", "x"])
async def test_what_is_no_number_is_none(
    directory: Directory, connect: Connect, number: str
) -> None:
    add_person(directory, "bob", "b", objectSid=b"s" * 12, primaryGroupID=number)

    assert (await connect(_plain(directory)).verify("bob", PASSWORD)).subject == "b"


def test_an_identifier_that_was_chosen_counts_to_the_letter() -> None:
    """An attribute may know capitals (caseExactMatch): they are two people's."""

    def known(name: str, value: bytes, chosen: str | None) -> str | None:
        entry = Entry("cn=a", {name.lower(): (value,)})
        return subject_of(entry, FLAVOURS["openldap"], chosen)

    own = {known("employeeNumber", each, "employeeNumber") for each in (b"Ab", b"aB")}
    given = {known("entryUUID", each, None) for each in (b"AB", b"ab")}

    assert own == {"Ab", "aB"} and given == {"ab"}
