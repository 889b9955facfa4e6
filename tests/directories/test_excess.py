"""What a directory tells without number, without end, or of one person too many."""

from typing import Any

import pytest

from app.upstreams.directory import ber, link, message
from app.upstreams.directory.errors import Nonsense
from app.upstreams.directory.flavour import FLAVOURS, subject_of
from app.upstreams.directory.message import Entry
from app.upstreams.protocol import Reason, Refused
from tests.directories.conftest import ANN, PASSWORD, Connect, add_person
from tests.directories.server import GROUPS, Directory

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
