"""A directory as a connection: who somebody is there, by name and password."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.core.outbound import OutboundRefused
from app.upstreams.directory import filters, message, standing
from app.upstreams.directory.answers import (
    Change,
    State,
    Verdict,
    judge_bind,
    judge_change,
)
from app.upstreams.directory.client import Directory, Session
from app.upstreams.directory.errors import (
    DirectoryError,
    Fault,
    KeptBack,
    Nonsense,
    Oversized,
)
from app.upstreams.directory.filters import Filter
from app.upstreams.directory.flavour import Flavour, account_name, subject_of
from app.upstreams.directory.groups import NEEDED, GroupSearch, groups_of
from app.upstreams.directory.link import Found, Link
from app.upstreams.directory.message import Entry, Result
from app.upstreams.directory.testing import examine
from app.upstreams.identity import identity_of
from app.upstreams.password import ChangeRefused, MayTry
from app.upstreams.protocol import Reason, Refused, Step, Tokens, UpstreamIdentity
from app.upstreams.values import shown

MAX_NAME = 256  # characters of a name that is typed
MAX_PASSWORD = 1_024  # bytes; directories take fewer
_TOTAL = 4.0  # times the limit of one answer: for a whole sign-in

_REASONS = {
    State.WRONG: Reason.WRONG_PASSWORD,
    State.MUST_CHANGE: Reason.MUST_CHANGE,
    State.EXPIRED: Reason.PASSWORD_EXPIRED,
    State.INACTIVE: Reason.NOT_ACTIVE,
    State.LOCKED: Reason.LOCKED,
    State.MISCONFIGURED: Reason.MISCONFIGURED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A directory, as an operator told of it.

    Attributes:
        issuer: What it is called in the audit trail.
        base: DN below which people are.
        people: Who is one.
        login: By which attributes they are found.
        identifier: Which attribute says who somebody is, if not the usual one.
        attributes: What is told of them besides the usual, under its own name.
        groups: How their groups are found; None where nobody asks.
        page_size: Entries of a page.
        seconds: For one answer.
        verified_mail: Whether its addresses belong to their people.
        keeps_passwords: Whether people are moved off it.
    """

    issuer: str
    flavour: Flavour
    base: str
    people: Filter
    login: tuple[str, ...]
    identifier: str | None
    attributes: tuple[str, ...]
    groups: GroupSearch | None
    page_size: int
    seconds: float
    verified_mail: bool
    keeps_passwords: bool


class DirectoryConnector:
    """Asks a directory about people."""

    def __init__(self, directory: Directory, profile: Profile) -> None:
        """Call nobody yet."""
        self.directory = directory
        self.profile = profile

    @property
    def keeps_passwords(self) -> bool:
        """Whether a right password becomes the person's own here."""
        return self.profile.keeps_passwords

    async def verify(
        self, name: str, password: str, may_try: MayTry | None = None
    ) -> UpstreamIdentity:
        """Return whose password it is: search, then bind by another connection."""
        async with self._asking() as session:
            person = await self._find(session, name, password, may_try)
            verdict = await self._prove(session, person.dn, password)
            found = await self.identity(session.link, person)
            return replace(found, expires_in=verdict.expires_in, grace=verdict.grace)

    async def change(
        self, name: str, password: str, new: str, may_try: MayTry | None = None
    ) -> UpstreamIdentity:
        """Set another password, as the person; the directory judges both.

        Raises:
            ChangeRefused: It is not taken, for a reason of the directory.
            Refused: The password is not right, or nobody can be asked.
        """
        if not is_password(new):
            raise ChangeRefused(Change.REFUSED, "nothing that a directory takes")
        async with self._asking() as session:
            person = await self._find(session, name, password, may_try)
            result, link = await session.prove(person.dn, password)
            try:
                verdict = judge_bind(self.profile.flavour.name, result)
                if verdict.state not in (State.PROVEN, State.MUST_CHANGE):
                    raise refused(verdict)
                told = await self._set(session, link, person.dn, password, new)
            finally:
                await link.aclose()
            became = judge_change(self.profile.flavour.name, told)
            if became is not Change.DONE:
                detail = f"change: result {told.code}, {shown(told.text)}"
                raise ChangeRefused(became, detail)
            await self._prove(session, person.dn, new)
            return await self.identity(session.link, person)

    async def people(self, link: Link) -> AsyncGenerator[Found, None]:
        """Yield everybody, page by page; see ``Link.pages``."""
        profile = self.profile
        pages = link.pages(
            profile.base, profile.people, self._attributes, profile.page_size
        )
        async for page in pages:
            yield page

    async def named(self, link: Link, subject: str) -> Entry | None:
        """Return the entry of somebody who is known; None if there is none now.

        Raises:
            Nonsense: Several are.
        """
        wanted = filters.equal(self._identifier, self._identifier_value(subject))
        found = await link.search(self.profile.base, wanted, self._attributes, most=2)
        if len(found.entries) > 1 or found.is_cut_off:
            raise Nonsense("several entries have the same identifier")
        return next(iter(found.entries), None)

    async def identity(self, link: Link, person: Entry) -> UpstreamIdentity:
        """Return who an entry is, with groups.

        Raises:
            Fault: Its groups cannot be told.
            Refused: It says not who it is.
        """
        profile = self.profile
        subject = subject_of(person, profile.flavour, profile.identifier)
        if subject is None:
            raise Refused(
                Reason.MALFORMED, f"{self._identifier} is missing, or there twice"
            )
        claims = self.claims(person)
        if profile.groups is not None:
            found = await groups_of(link, profile.flavour, profile.groups, person)
            claims["groups"] = [each.dn for each in found]
            claims["group_names"] = [each.name for each in found if each.name]
        return identity_of(subject, profile.issuer, claims, tokens=Tokens(), proven={})

    def claims(self, person: Entry) -> dict[str, Any]:
        """Return what an entry tells, without groups."""
        told: dict[str, Any] = {}
        for name in self.profile.attributes:
            values = list(person.texts(name))
            if values:
                told[name] = values[0] if len(values) == 1 else values
        for claim, name in self.profile.flavour.claims.items():
            text = person.text(name)
            if text:
                told[claim] = text
        if "email" in told:
            # Another attribute of that name is perhaps one that people write.
            is_mail = told["email"] == person.text(self.profile.flavour.claims["email"])
            told["email_verified"] = self.profile.verified_mail and is_mail
        return told

    async def test(self) -> Sequence[Step]:
        """Look at each server, the search account, the bases, people and groups."""
        return await examine(self.directory, self.profile, self._attributes)

    @property
    def _identifier(self) -> str:
        return self.profile.identifier or self.profile.flavour.identifier

    def _identifier_value(self, subject: str) -> str | bytes:
        """Return what an identifier is over there."""
        return self.profile.flavour.write_identifier(subject, self.profile.identifier)

    @property
    def _attributes(self) -> tuple[str, ...]:
        names = (
            self._identifier,
            *self.profile.flavour.claims.values(),
            *self.profile.attributes,
            *standing.NEEDED,
            *(NEEDED if self.profile.groups is not None else ()),
        )
        return tuple(dict.fromkeys(names))

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[Session]:
        """Ask within what time there is; what goes wrong is told in our words."""
        try:
            async with (
                asyncio.timeout(self.profile.seconds * _TOTAL),
                self.directory.session() as session,
            ):
                yield session
        except TimeoutError as error:
            raise Refused(Reason.UNREACHABLE, "no answer in time") from error
        except OutboundRefused as error:
            raise Refused(Reason.UNREACHABLE, shown(error.hint)) from error
        except DirectoryError as error:
            raise Refused(_reason(error), error.detail) from error

    async def _find(
        self, session: Session, name: str, password: str, may_try: MayTry | None
    ) -> Entry:
        """Return whom a name means; exactly one, or nobody.

        Raises:
            Refused: Nobody, or several.
        """
        if not is_name(name) or not is_password(password):
            raise Refused(Reason.WRONG_PASSWORD, "nothing that a directory would take")
        profile = self.profile
        wanted = filters.all_of(profile.people, self._meant(name))
        found = await session.link.search(
            profile.base, wanted, self._attributes, most=2
        )
        is_one = len(found.entries) == 1 and not found.is_cut_off
        if is_one and await self._may_try(found.entries[0], may_try):
            await self._check_alone(session.link, found.entries[0])
            return found.entries[0]
        # Whether there is somebody must not be told by how long it takes.
        await self._check_alone(session.link, None)
        _, link = await session.prove(f"cn=nobody,{profile.base}", password)
        await link.aclose()
        if is_one:
            raise Refused(Reason.LOCKED, "too many tries here")
        if found.entries:
            raise Refused(Reason.WRONG_SUBJECT, "several people have this name")
        raise Refused(Reason.WRONG_PASSWORD, "nobody has this name")

    async def _may_try(self, person: Entry, may_try: MayTry | None) -> bool:
        subject = subject_of(person, self.profile.flavour, self.profile.identifier)
        return may_try is None or await may_try(subject or "")

    def _meant(self, name: str) -> Filter:
        """Return a filter for whoever a name means."""
        profile, alone = self.profile, account_name(name)
        if profile.flavour.has_chain and alone != name:  # NETBIOS\sam
            return filters.equal("sAMAccountName", alone)
        return filters.any_of(*(filters.equal(each, name) for each in profile.login))

    async def _check_alone(self, link: Link, person: Entry | None) -> None:
        """Refuse an identifier that an operator chose and that somebody else has too.

        Those that the server gives are of one entry. Nobody is asked about as well.
        """
        chosen = self.profile.identifier
        if chosen is None:
            return
        values = person.values(chosen) if person else (b"nobody",)
        if len(values) != 1:
            return  # refused where it is read
        wanted = filters.equal(chosen, values[0])
        found = await link.search(self.profile.base, wanted, (), most=2)
        if person and (len(found.entries) != 1 or found.is_cut_off):
            raise Refused(Reason.WRONG_SUBJECT, f"several entries share their {chosen}")

    async def _prove(self, session: Session, dn: str, password: str) -> Verdict:
        """Have a password judged, and return what was said of it besides.

        Raises:
            Refused: It signs nobody in.
        """
        result, link = await session.prove(dn, password)
        await link.aclose()
        verdict = judge_bind(self.profile.flavour.name, result)
        if verdict.state is not State.PROVEN:
            raise refused(verdict)
        return verdict

    async def _set(
        self, session: Session, link: Link, dn: str, old: str, new: str
    ) -> Result:
        """Ask for another password.

        Active Directory lets nobody bind who must change theirs: whoever knows the old
        one may change it by any connection, and so it is done by the search account's.
        """
        if not self.profile.flavour.changes_by_modify:
            return await link.extended(message.change_of_password(dn, old, new))
        return await session.link.modify(
            dn,
            [
                (message.DELETE, "unicodePwd", [f'"{old}"'.encode("utf-16-le")]),
                (message.ADD, "unicodePwd", [f'"{new}"'.encode("utf-16-le")]),
            ],
        )


def is_name(text: str) -> bool:
    """Tell whether a text is one that somebody may be looked for by."""
    return 0 < len(text) <= MAX_NAME and text.isprintable()


def is_password(text: str) -> bool:
    """Tell whether a text is one that a directory may be asked about.

    Nothing empty: many directories say yes to it (RFC 4513 §5.1.2).
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 0 < size <= MAX_PASSWORD and "\0" not in text


def refused(verdict: Verdict) -> Refused:
    """Return a verdict as the refusal that it is."""
    return Refused(_REASONS[verdict.state], verdict.detail, proves=verdict.proves)


def _reason(error: DirectoryError) -> Reason:
    if isinstance(error, Oversized | KeptBack):
        return Reason.OVERSIZED
    if isinstance(error, Nonsense):
        return Reason.MALFORMED
    return Reason.UNREACHABLE if isinstance(error, Fault) else Reason.MISCONFIGURED
