"""What the test button does, step by step, up to the first fault."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.core.outbound import OutboundRefused
from app.upstreams.directory import filters, message
from app.upstreams.directory.client import Directory, Session
from app.upstreams.directory.errors import DirectoryError
from app.upstreams.directory.flavour import subject_of
from app.upstreams.directory.groups import GroupSearch
from app.upstreams.directory.link import Link, Server
from app.upstreams.protocol import Step
from app.upstreams.values import shown

if TYPE_CHECKING:
    from app.upstreams.directory.connector import Profile

_ANYTHING = filters.present("objectClass")
_STEPS = 10  # times the limit of one answer, besides a server's own
_NOBODY = "nobody: the base, the filter, or what the search account may read is wrong"


async def examine(
    directory: Directory, profile: "Profile", attributes: Sequence[str]
) -> Sequence[Step]:
    """Return what was seen.

    Args:
        directory: Whom to ask.
        profile: What an operator told of it.
        attributes: What is asked of people.
    """
    seen = _Seen()
    longest = profile.seconds * (len(directory.servers) + _STEPS)
    try:
        async with asyncio.timeout(longest):
            await _look(seen, directory, profile, attributes)
    except TimeoutError:
        seen.steps.append(Step(name=seen.doing, ok=False, saw="no end of it in time"))
    except OutboundRefused as error:
        seen.steps.append(Step(name=seen.doing, ok=False, saw=shown(error.hint)))
    except DirectoryError as error:
        seen.steps.append(Step(name=seen.doing, ok=False, saw=error.detail))
    return seen.steps


async def _look(
    seen: "_Seen",
    directory: Directory,
    profile: "Profile",
    attributes: Sequence[str],
) -> None:
    for server in directory.servers:
        await seen.note("server", _server(directory, server))
    seen.doing = "search_account"
    async with directory.session() as session:
        seen.steps.append(Step(name=seen.doing, ok=True, saw="it is let in"))
        await seen.note("base", _base(session, profile.base))
        await seen.note("people", _people(session, profile, attributes))
        if profile.groups is not None:
            await seen.note("groups", _groups(session, profile.groups))


@dataclass(slots=True)
class _Seen:
    """What was done, and what is being done."""

    steps: list[Step] = field(default_factory=list)
    doing: str = ""

    async def note(self, doing: str, look: Awaitable[str]) -> None:
        self.doing = doing
        self.steps.append(Step(name=doing, ok=True, saw=await look))


async def _server(directory: Directory, server: Server) -> str:
    async with aclosing(await directory.open(server)) as link:
        return _connected(server, link)


def _connected(server: Server, link: Link) -> str:
    tls = link.tls
    if tls is None:
        return f"{server.destination}: connected, without TLS"
    certificate: Any = tls.getpeercert() or {}
    until = certificate.get("notAfter", "no date")
    return shown(
        f"{server.destination}: {tls.version()}, certificate good until {until}"
    )


async def _base(session: Session, base: str) -> str:
    found = await session.link.search(base, _ANYTHING, ("1.1",), scope=message.BASE)
    if not found.entries:
        raise DirectoryError(shown(f"{base} is not there, or may not be read"))
    return shown(f"{found.entries[0].dn} is there")


async def _people(
    session: Session, profile: "Profile", attributes: Sequence[str]
) -> str:
    async for page in session.link.pages(
        profile.base, profile.people, attributes, profile.page_size
    ):
        known = [
            each
            for each in page.entries
            if subject_of(each, profile.flavour, profile.identifier) is not None
        ]
        count = len(page.entries)
        if not known:
            break
        told = f"the first page has {count}, {len(known)} with an identifier"
        mailed = sum(bool(each.text("mail")) for each in page.entries)
        told += f", {mailed} with an address"
        return told + (", and the server keeps others back" * page.is_cut_off)
    raise DirectoryError(_NOBODY)


async def _groups(session: Session, search: GroupSearch) -> str:
    async for page in session.link.pages(
        search.base, search.wanted, ("cn",), search.page_size
    ):
        return f"the first page has {len(page.entries)}"
    raise DirectoryError("none: the base or the filter is wrong")
