"""Signing in by a password that somebody else judges, such as a directory (ADR-0102).

No connection to the database is held while the directory is asked. Whoever proved
nothing is told nothing: not whether there is somebody of that name, nor what stands
against them.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from app.core.context import current
from app.core.exceptions import AppError, Unprocessable
from app.core.rate_limit import Charge, Verdict, subject_key
from app.services.accounts.password import PasswordService
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.sign_in.browser_session import Browser
from app.services.upstreams.directory import ConnectionDirectory, Way
from app.services.upstreams.errors import (
    ConnectionNotFound,
    DirectoryAccountNotActive,
    DirectoryPasswordExpired,
    DirectoryPasswordFixed,
    DirectoryPasswordMustChange,
    DirectoryPasswordRefused,
    DirectoryPasswordTooYoung,
    DirectoryUnavailable,
    UpstreamSignInRefused,
    WrongDirectoryPassword,
)
from app.services.upstreams.journey import Going
from app.services.upstreams.judged import leave_evidence
from app.services.upstreams.sign_in import Arrival, UpstreamSignInService
from app.utils.helpers import network_of

if TYPE_CHECKING:
    from app.upstreams.password import MayTry, PasswordConnector
    from app.upstreams.protocol import Refused, UpstreamIdentity

_MAX_COUNTED = 256  # characters of a name that tries are counted by


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed.

    Attributes:
        new: The password that is to be theirs from now on; None to keep it.
    """

    name: str
    password: str = field(repr=False)
    new: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Tries:
    """How a try was counted.

    Attributes:
        charge: What is given back if it was rightful.
        everybodys: Where all tries for the name stand.
    """

    charge: Charge
    everybodys: Verdict


class UpstreamPasswordService:
    """Signs people in whose passwords a connection judges."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._connections = connections
        self._sign_ins = UpstreamSignInService(process, connections)

    async def way(self, name: str) -> tuple[Way, "PasswordConnector"]:
        """Return a connection that asks for a password.

        Raises:
            ConnectionNotFound: There is none of this name, it is off, or leads away.
        """
        from app.upstreams.password import PasswordConnector

        way = await self._connections.find(name)
        if way is None or not isinstance(way.connector, PasswordConnector):
            raise ConnectionNotFound
        return way, way.connector

    async def sign_in(
        self, name: str, typed: Typed, browser: Browser, going: Going
    ) -> Arrival:
        """Sign somebody in, or say what is to follow.

        Args:
            name: Of the connection.
            typed: What they typed; with a new password, it is set there first.
            browser: Whose.
            going: What for.

        Raises:
            ConnectionNotFound: As ``way``.
            TooManyRequests: Too many tries for the name or from the address.
            UpstreamSignInRefused: Nobody is signed in by this; the reason is in the
                audit trail.
            AppError: One of ``errors``, to be shown above the form.
        """
        way, connector = await self.way(name)
        tries = await self._count(way, typed.name)
        set_out_at = self._process.clock.now()
        identity = await self._asked(way, connector, typed, going, tries)
        await tries.charge.give_back()
        keep = None
        if connector.keeps_passwords:
            keep = await self._hash(way, identity, typed.new or typed.password)
        return await self._sign_ins.arrived(
            way, identity, going, browser, set_out_at, keep
        )

    async def _count(self, way: Way, name: str) -> "_Tries":
        """Count a try: by address, by name from this network, and by name.

        Raises:
            TooManyRequests: Too many from the address, or for the name from here.
        """
        limits, limiter = self._process.limits, self._process.limiter
        whose, account = f"{way.id.hex} {_counted(name)}", limits.sign_in_account
        here = f"{whose} {network_of(current().ip)}"
        charge = await limiter.take(
            *by_address(limits.sign_in_address),
            (account, subject_key("directory_network", here)),
        )
        everybodys = account, subject_key("directory", whose)
        counted, [verdict] = await limiter.count(everybodys)
        return _Tries(charge.joined(counted), verdict)

    def _may_try(self, way: Way, tries: "_Tries") -> "MayTry":
        """Return what tells whether a password of a subject is tried.

        Where strangers used up what there is for a name, its owner gets in from where
        they were before (ADR-0030), and nobody learns that there is one.
        """

        async def may_try(subject: str) -> bool:
            if tries.everybodys.allowed:
                return True
            network = network_of(current().ip)
            async with self._process.unit_of_work(read_only=True) as uow:
                row = await uow.upstream_identities.by_subject(way.id, subject)
                if row is None:
                    return False
                return await uow.sessions.knows_network(row.user_id, network)

        return may_try

    async def _asked(
        self,
        way: Way,
        connector: "PasswordConnector",
        typed: Typed,
        going: Going,
        tries: "_Tries",
    ) -> "UpstreamIdentity":
        """Return whose password it is, as the directory says.

        Args:
            way: The connection.
            connector: What asks.
            typed: What was typed.
            going: What for.
            tries: This one is taken back where it proves nothing.
        """
        from app.upstreams.password import ChangeRefused
        from app.upstreams.protocol import Reason, Refused

        failure: ChangeRefused | Refused
        who, may_try = (typed.name, typed.password), self._may_try(way, tries)
        try:
            if typed.new is None:
                return await connector.verify(*who, may_try)
            return await connector.change(*who, typed.new, may_try)
        except (ChangeRefused, Refused) as error:
            failure = error
        if isinstance(failure, ChangeRefused):
            why = f"change_{failure.why}"
            await leave_evidence(self._process, way.name, why, failure.detail)
            raise _CHANGES.get(failure.why, DirectoryPasswordFixed)(hint=failure.detail)
        is_guess = not failure.proves and failure.reason is not Reason.UNREACHABLE
        if not is_guess:
            await tries.charge.give_back()
        await self._refuse(way, failure, going, tries.everybodys if is_guess else None)

    async def _refuse(
        self, way: Way, refusal: "Refused", going: Going, verdict: Verdict | None
    ) -> NoReturn:
        """Leave the true reason in the trail, and tell what may be told.

        Args:
            way: The connection.
            refusal: Why nobody is signed in.
            going: What for.
            verdict: Where tries for the name stand, of what may have been a guess.
        """
        reason = str(refusal.reason)
        await leave_evidence(self._process, way.name, reason, refusal.detail)
        if verdict is not None and not verdict.allowed:
            raise self._process.limiter.refusal(verdict)
        told = _told(refusal)
        if told is None:
            raise UpstreamSignInRefused(
                reason, refusal.detail, going.flow, going.section
            ) from refusal
        raise told(hint=f"{reason}, {refusal.detail}") from refusal

    async def _hash(
        self, way: Way, identity: "UpstreamIdentity", password: str
    ) -> str | None:
        """Return the hash of a password that is to be the account's own.

        None if it is so already, or would not be accepted here: then whoever is moved
        off the directory chooses one by mail.
        """
        passwords = PasswordService(self._process)
        async with self._process.unit_of_work(read_only=True) as uow:
            row = await uow.upstream_identities.by_subject(way.id, identity.subject)
            user = await uow.users.by_id(row.user_id) if row else None
        if user is not None and user.password_hash is not None:
            known = await passwords.verify(password, user.password_hash, user.id)
            if known.ok:
                return None
        try:
            context = (identity.email, user.name if user else None)
            return (await passwords.accept(password, context=context)).hash
        except Unprocessable:
            return None


_CHANGES: dict[str, type[AppError]] = {
    "wrong": WrongDirectoryPassword,
    "refused": DirectoryPasswordRefused,
    "too_young": DirectoryPasswordTooYoung,
}


def _counted(name: str) -> str:
    r"""Return what tries at a name are counted by.

    Directories take many spellings for one name (RFC 4518): other cases and widths,
    more spaces, marks that are not seen, for some attributes signs; and ``ANY\sam`` is
    ``sam``. Each would have tries of its own.
    """
    alone = name.rpartition("\\")[2][:_MAX_COUNTED]
    plain = unicodedata.normalize("NFKD", alone).casefold()
    return "".join(filter(str.isalnum, plain))


def _told(refusal: "Refused") -> type[AppError] | None:
    """Return what a person is told; None is a page with a reference."""
    from app.upstreams.protocol import Reason

    if refusal.reason is Reason.UNREACHABLE:
        return DirectoryUnavailable
    proven = {
        Reason.MUST_CHANGE: DirectoryPasswordMustChange,
        Reason.PASSWORD_EXPIRED: DirectoryPasswordExpired,
        Reason.NOT_ACTIVE: DirectoryAccountNotActive,
    }
    if refusal.proves:
        return proven.get(refusal.reason)
    alike = (
        *(Reason.WRONG_PASSWORD, Reason.WRONG_SUBJECT),
        *(Reason.LOCKED, Reason.NOT_ACTIVE),
    )
    return WrongDirectoryPassword if refusal.reason in alike else None
