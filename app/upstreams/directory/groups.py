"""In which groups somebody is, by way of others too.

Active Directory finds that itself, but for the primary group, which is in neither
``memberOf`` nor ``member``. Elsewhere groups are walked upward: ``memberOf`` of slapd
covers what changed after its overlay came, is never nested, and is off in 389 Directory
Server unless somebody turned it on.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from app.upstreams.directory import filters
from app.upstreams.directory.dn import canonical_or_as_is
from app.upstreams.directory.errors import KeptBack
from app.upstreams.directory.filters import Filter
from app.upstreams.directory.flavour import Flavour
from app.upstreams.directory.link import Link
from app.upstreams.directory.message import Entry

NEEDED = ("objectSid", "primaryGroupID", "uid")  # of whoever's groups are asked for
_ATTRIBUTES = ("cn",)
_MOST = 1_000
DEEPEST = 10  # groups of groups of groups
_AT_ONCE = 25  # DNs in one question


@dataclass(frozen=True, slots=True)
class GroupSearch:
    """How groups are found.

    Attributes:
        base: DN below which they are.
        wanted: What is a group.
        nested: Whether groups of groups count.
        page_size: Entries of a page.
    """

    base: str
    wanted: Filter
    nested: bool
    page_size: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group; ``dn`` is in the one form that ``dn.canonical`` gives."""

    dn: str
    name: str


async def groups_of(
    link: Link, flavour: Flavour, search: GroupSearch, person: Entry
) -> Sequence[Group]:
    """Return the groups that somebody is in.

    Raises:
        Failed: The search is refused.
        KeptBack: The server keeps some back, or there are too many to be true. Then
            nobody knows which groups somebody is not in.
        Fault: There is no answer that could be used.
    """
    found: dict[str, Entry] = {}
    new = await _ask(link, search, _direct(flavour, search, person))
    primary = primary_group(person)
    if primary is not None:
        new += await _ask(link, search, filters.equal("objectSid", primary))
    depth = 0
    while new := _unseen(found, new):
        depth += 1
        is_done = not search.nested or depth >= DEEPEST
        # Where the server follows chains, only what the primary group is in is new.
        if is_done or (flavour.has_chain and (primary is None or depth > 1)):
            break
        new = await _above(link, flavour, search, [each.dn for each in new])
    return [
        Group(canonical, each.text("cn") or "") for canonical, each in found.items()
    ]


def _unseen(found: dict[str, Entry], entries: Sequence[Entry]) -> list[Entry]:
    """Note entries, and return those that were not known."""
    new = []
    for entry in entries:
        key = canonical_or_as_is(entry.dn)
        if key not in found:
            found[key] = entry
            new.append(entry)
    if len(found) > _MOST:
        raise KeptBack(f"more than {_MOST} groups")
    return new


def _direct(flavour: Flavour, search: GroupSearch, person: Entry) -> Filter:
    member = flavour.is_member(person.dn, nested=search.nested)
    uid = person.text("uid")
    if uid is None or flavour.has_chain:
        return member
    return filters.any_of(member, filters.equal("memberUid", uid))  # RFC 2307


async def _above(
    link: Link, flavour: Flavour, search: GroupSearch, names: Sequence[str]
) -> list[Entry]:
    found: list[Entry] = []
    for at in range(0, len(names), _AT_ONCE):
        some = names[at : at + _AT_ONCE]
        members = (flavour.is_member(dn, nested=search.nested) for dn in some)
        found += await _ask(link, search, filters.any_of(*members))
    return found


async def _ask(link: Link, search: GroupSearch, member: Filter) -> list[Entry]:
    found: list[Entry] = []
    wanted = filters.all_of(search.wanted, member)
    async for page in link.pages(search.base, wanted, _ATTRIBUTES, search.page_size):
        found += page.entries
        if page.is_cut_off or len(found) > _MOST:
            raise KeptBack("not all groups are told")
    return found


def primary_group(person: Entry) -> bytes | None:
    """Return the SID of a primary group: the person's, with another last number."""
    sids, number = person.values("objectSid"), person.number("primaryGroupID")
    if len(sids) != 1 or len(sids[0]) < 12 or number is None:
        return None
    return sids[0][:-4] + struct.pack("<I", number & 0xFFFF_FFFF)
