"""Who is in the groups that follow a directory: asked a group, never a person.

What comes out is what ``groups`` finds for somebody who signs in. Active Directory is
asked who is in a group, by way of others too, and whose primary group it is. Elsewhere
groups are walked downward: what of their members is a group is known from one reading
of all groups. Each person takes a number or two, however many groups they are in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from app.upstreams.directory import filters, message
from app.upstreams.directory.dn import canonical_or_as_is
from app.upstreams.directory.errors import KeptBack
from app.upstreams.directory.filters import Filter
from app.upstreams.directory.flavour import Flavour
from app.upstreams.directory.groups import DEEPEST, GroupSearch, primary_group
from app.upstreams.directory.link import MAX_ANSWER, Link
from app.upstreams.directory.message import Entry
from app.utils.numbers import Numbers

MOST_GROUPS = 200_000  # of a directory
_LOGIN = "memberUid"  # RFC 2307


class Members:
    """Who is in which of some groups."""

    def __init__(self, values: Sequence[str], salt: bytes) -> None:
        """Begin with nobody.

        Args:
            values: What the groups are called by the map of the operator.
            salt: So that nobody can choose a name that looks like another's.
        """
        self.values = values
        self._salt = salt
        self._sets = [0]  # of groups, each a bit; people have the number of one
        self._numbers = {0: 0}
        self._by_key = Numbers()
        self._by_sid: dict[bytes, int] = {}

    def of(self, person: Entry) -> list[str]:
        """Return the values of the groups that somebody is in."""
        bits = self._bits(canonical_or_as_is(person.dn))
        for login in person.texts("uid")[:1]:
            bits |= self._bits(f"{_LOGIN}={login}")
        primary = primary_group(person)
        if primary is not None:
            bits |= self._by_sid.get(primary, 0)
        if not bits:
            return []
        return [value for at, value in enumerate(self.values) if bits >> at & 1]

    def add(self, name: str, at: int) -> None:
        """Note that somebody is in a group, by a DN in its one form."""
        bits = self._bits(name) | 1 << at
        if bits not in self._numbers:
            self._numbers[bits] = len(self._sets)
            self._sets.append(bits)
        self._by_key.set(self._key(name), self._numbers[bits])

    def add_login(self, login: str, at: int) -> None:
        """Note the same by what somebody is called there."""
        self.add(f"{_LOGIN}={login}", at)

    def add_primary(self, sids: Iterable[bytes], at: int) -> None:
        """Note that those are in a group whose primary group is one of these."""
        for sid in sids:
            self._by_sid[sid] = self._by_sid.get(sid, 0) | 1 << at

    def _bits(self, name: str) -> int:
        return self._sets[self._by_key.get(self._key(name))]

    def _key(self, name: str) -> int:
        digest = blake2b(name.encode(), digest_size=8, key=self._salt).digest()
        return int.from_bytes(digest, "big")


@dataclass(frozen=True, slots=True)
class People:
    """Whom groups are asked for: below which DN, and who is one."""

    base: str
    wanted: Filter


async def read_members(
    link: Link,
    flavour: Flavour,
    search: GroupSearch,
    people: People,
    members: Members,
    *,
    by_name: bool,
) -> Members:
    """Find who is in groups, and return it.

    Args:
        link: Bound as who may read them; it may tell a group of some size.
        flavour: Of the directory.
        search: How groups are found.
        people: Who may be in them.
        members: Of which groups, told by DNs or names; who is in them is noted here.
        by_name: Whether they are names; several groups may have one.

    Raises:
        Failed: A search is refused.
        KeptBack: Not all of it is told: then nobody knows who is not in a group.
        Fault: There is no answer that could be used.
    """
    link.largest = MAX_ANSWER
    values = members.values
    if flavour.has_chain:
        for at, value in enumerate(values):
            for group in await _meant(link, search, value, by_name=by_name):
                await _by_chain(link, flavour, search, people, group, members, at)
        return members
    groups = await _all_groups(link, search)
    for at, value in enumerate(values):
        name = canonical_or_as_is(value)
        roots = {name} & groups.keys()
        if by_name:
            roots = {dn for dn, group in groups.items() if group.name == value}
        await _walk(link, flavour, search, _Walk(groups, members, at), roots)
    return members


async def _meant(
    link: Link, search: GroupSearch, value: str, *, by_name: bool
) -> list[Entry]:
    """Return the groups that a value of the map means."""
    if by_name:
        wanted = filters.all_of(search.wanted, filters.equal("cn", value))
        found = await _every(link, search.base, wanted, ("cn", "objectSid"), search)
        return [each for each in found if each.text("cn") == value]
    answer = await link.search(
        value, search.wanted, ("objectSid",), scope=message.BASE, most=1
    )
    below = canonical_or_as_is(search.base)
    return [each for each in answer.entries if _is_below(each.dn, below)]


async def _by_chain(
    link: Link,
    flavour: Flavour,
    search: GroupSearch,
    people: People,
    group: Entry,
    members: Members,
    at: int,
) -> None:
    """Ask who is in a group, and who by their primary group."""
    inside = flavour.is_in(group.dn, nested=search.nested)
    wanted = filters.all_of(people.wanted, inside)
    async for page in link.pages(people.base, wanted, (), search.page_size):
        if page.is_cut_off:
            raise KeptBack("not all members of a group are told")
        for each in page.entries:
            members.add(canonical_or_as_is(each.dn), at)
    groups = [group]
    if search.nested:
        wanted = filters.all_of(search.wanted, inside)
        groups += await _every(link, search.base, wanted, ("objectSid",), search)
    members.add_primary((sid for e in groups for sid in e.values("objectSid")), at)


async def _every(
    link: Link, base: str, wanted: Filter, attributes: Sequence[str], how: GroupSearch
) -> list[Entry]:
    found: list[Entry] = []
    async for page in link.pages(base, wanted, attributes, how.page_size):
        found += page.entries
        if page.is_cut_off or len(found) > MOST_GROUPS:
            raise KeptBack("not all groups are told")
    return found


@dataclass(frozen=True, slots=True)
class _Group:
    """A group as the directory writes it."""

    dn: str
    name: str


async def _all_groups(link: Link, search: GroupSearch) -> dict[str, _Group]:
    """Return all groups by their DNs in the one form."""
    groups: dict[str, _Group] = {}
    async for page in link.pages(search.base, search.wanted, ("cn",), search.page_size):
        for each in page.entries:
            group = _Group(each.dn, each.text("cn") or "")
            groups[canonical_or_as_is(each.dn)] = group
        if page.is_cut_off or len(groups) > MOST_GROUPS:
            raise KeptBack("not all groups are told")
    return groups


@dataclass(frozen=True, slots=True)
class _Walk:
    """What is known on the way down, and where it is noted."""

    groups: Mapping[str, _Group]
    members: Members
    at: int


async def _walk(
    link: Link, flavour: Flavour, search: GroupSearch, walk: _Walk, level: set[str]
) -> None:
    """Note who is in groups, and in the groups that are in those."""
    seen, depth = set(level), 0
    while level:
        depth += 1
        below: set[str] = set()
        for name in level:
            group = await _read(link, flavour, search, walk.groups[name].dn)
            for login in group.each_text(_LOGIN) if group else ():
                walk.members.add_login(login, walk.at)
            for member in map(canonical_or_as_is, _names(flavour, group)):
                if member in walk.groups:
                    below.add(member)
                else:
                    walk.members.add(member, walk.at)
            del group  # one may be large: it is gone when the next one comes
        if not search.nested or depth >= DEEPEST:
            return
        level = below - seen
        seen |= level


async def _read(
    link: Link, flavour: Flavour, search: GroupSearch, dn: str
) -> Entry | None:
    found = await link.search(
        dn, search.wanted, (*flavour.members, _LOGIN), scope=message.BASE, most=1
    )
    group = next(iter(found.entries), None)
    if group and any(";range=" in name for name in group.attributes):
        # As Active Directory does with more than 1,500; by active_directory nobody
        # reads them. What is told would be some, or under this name none.
        raise KeptBack("members of a group are told in parts")
    return group


def _names(flavour: Flavour, group: Entry | None) -> Iterable[str]:
    for attribute in flavour.members if group else ():
        assert group is not None
        yield from group.each_text(attribute)


def _is_below(dn: str, base: str) -> bool:
    own = canonical_or_as_is(dn)
    return own == base or own.endswith(f",{base}")
