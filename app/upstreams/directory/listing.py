"""Everybody in a directory, page by page, with the groups that follow it (ADR-0105).

Nothing of a page is kept when the next one is asked for, and nothing is read ahead.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from app.core.outbound import OutboundRefused
from app.upstreams.directory import filters, standing
from app.upstreams.directory.connector import DirectoryConnector
from app.upstreams.directory.errors import DirectoryError, KeptBack
from app.upstreams.directory.flavour import subject_of
from app.upstreams.directory.link import Found, Link
from app.upstreams.directory.members import Members, People, read_members
from app.upstreams.directory.message import Entry
from app.upstreams.identity import identity_of
from app.upstreams.protocol import Tokens, UpstreamIdentity
from app.upstreams.values import shown
from app.utils.numbers import Numbers

DNS, NAMES = "groups", "group_names"  # claims that tell of groups


class ListingFailed(Exception):
    """The directory was not read to its end; what came before is as it was told.

    Attributes:
        detail: What was seen, for operators.
    """

    def __init__(self, detail: str) -> None:
        """Fail."""
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in a directory.

    Attributes:
        identity: Who they are; None where the directory does not tell it, or tells the
            same of somebody else.
        is_active: Whether they are neither disabled nor expired there.
    """

    identity: UpstreamIdentity | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Some of them.

    Attributes:
        is_cut_off: The server keeps others back: nobody is missing for not being told.
    """

    people: Sequence[Listed]
    is_cut_off: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A reading of a directory.

    Attributes:
        claim: Which tells of the groups that follow.
        groups: Their values that count.
        salt: Of this reading, so that nobody can choose names that look alike in it.
    """

    connector: DirectoryConnector
    claim: str
    groups: Sequence[str]
    salt: bytes

    @contextlib.asynccontextmanager
    async def reading(
        self, now: datetime, between: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[AsyncIterator[ListedPage]]:
        """Enter to get everybody; who waits between two pages lets the directory wait.

        Args:
            now: When accounts there are judged to be expired.
            between: Is awaited before each thing that is asked.

        Raises:
            ListingFailed: It cannot be read, or not to its end.
        """
        with _telling():
            async with self.connector.directory.session() as session:
                session.link.between = between
                members = await self._members(session.link)
                shared = await self._shared(session.link)
                found = self.connector.people(session.link)
                async with contextlib.aclosing(found) as pages:
                    yield self._pages(pages, members, shared, now)

    async def _pages(
        self,
        pages: AsyncIterator[Found],
        members: Members | None,
        shared: frozenset[int],
        now: datetime,
    ) -> AsyncIterator[ListedPage]:
        async for page in pages:
            people = [self._listed(each, members, shared, now) for each in page.entries]
            listed = ListedPage(people, page.is_cut_off)
            del page, people
            yield listed
            del listed  # before the next one comes

    async def _members(self, link: Link) -> Members | None:
        """Return who is in the groups that follow; None where the claim is another."""
        profile = self.connector.profile
        is_asked = self.claim in (DNS, NAMES) and self.groups
        if profile.groups is None or not is_asked:
            return None
        return await read_members(
            link,
            profile.flavour,
            profile.groups,
            People(profile.base, profile.people),
            Members(self.groups, self.salt),
            by_name=self.claim == NAMES,
        )

    async def _shared(self, link: Link) -> frozenset[int]:
        """Return which identifiers are of several entries, if an operator chose them.

        Those that the server gives are of one.
        """
        profile, chosen = self.connector.profile, self.connector.profile.identifier
        if chosen is None:
            return frozenset()
        seen, shared = Numbers(), set[int]()
        wanted = filters.present(chosen)
        async for page in link.pages(
            profile.base, wanted, (chosen,), profile.page_size
        ):
            if page.is_cut_off:
                raise KeptBack(f"not every {chosen} is told: one may be of several")
            for each in page.entries:
                for key in map(self._key, each.values(chosen)):
                    if seen.get(key):
                        shared.add(key)
                    seen.set(key, 1)
        return frozenset(shared)

    def _listed(
        self,
        entry: Entry,
        members: Members | None,
        shared: frozenset[int],
        now: datetime,
    ) -> Listed:
        profile = self.connector.profile
        is_active = standing.is_active(entry, now)
        subject = subject_of(entry, profile.flavour, profile.identifier)
        if shared and any(
            self._key(value) in shared
            for value in entry.values(profile.identifier or "")
        ):
            subject = None
        if subject is None:
            return Listed(None, is_active)
        claims = self.connector.claims(entry)
        if members is not None:
            claims[self.claim] = members.of(entry)
        identity = identity_of(
            subject, profile.issuer, claims, tokens=Tokens(), proven={}
        )
        return Listed(identity, is_active)

    def _key(self, value: bytes) -> int:
        """Return what an identifier is told from others by, in whatever case."""
        digest = blake2b(value.lower(), digest_size=8, key=self.salt).digest()
        return int.from_bytes(digest, "big")


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """Tell what goes wrong in one way."""
    try:
        yield
    except OutboundRefused as error:
        raise ListingFailed(shown(error.hint)) from error
    except DirectoryError as error:
        raise ListingFailed(error.detail) from error
