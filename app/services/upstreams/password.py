"""Signing in by a password that somebody else judges, such as a directory (ADR-0102).

No connection to the database is held while the directory is asked. Whoever proved
nothing is told nothing: not whether there is somebody of that name, nor what stands
against them.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from app.core.context import current
from app.core.exceptions import AppError, Unprocessable
from app.core.rate_limit import subject_key
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
from app.services.upstreams.sign_in import Arrival, UpstreamSignInService
from app.utils.helpers import network_of

if TYPE_CHECKING:
    from app.upstreams.password import PasswordConnector
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
        limits = self._process.limits
        whose = f"{way.id.hex} {_counted(typed.name)}"
        keys = (f"{whose} {network_of(current().ip)}", whose)
        charge = await self._process.limiter.take(
            *by_address(limits.sign_in_address),
            *((limits.sign_in_account, subject_key("sign_in", key)) for key in keys),
        )
        set_out_at = self._process.clock.now()
        identity = await self._asked(way, connector, typed, going, charge.give_back)
        await charge.give_back()
        keep = None
        if connector.keeps_passwords:
            keep = await self._hash(way, identity, typed.new or typed.password)
        return await self._sign_ins.arrived(
            way, identity, going, browser, set_out_at, keep
        )

    async def _asked(
        self,
        way: Way,
        connector: "PasswordConnector",
        typed: Typed,
        going: Going,
        forgive: Callable[[], Awaitable[None]],
    ) -> "UpstreamIdentity":
        """Return whose password it is, as the directory says.

        Args:
            way: The connection.
            connector: What asks.
            typed: What was typed.
            going: What for.
            forgive: Takes the count of this try back, where it proves nothing.
        """
        from app.upstreams.password import ChangeRefused
        from app.upstreams.protocol import Reason, Refused

        failure: ChangeRefused | Refused
        try:
            if typed.new is None:
                return await connector.verify(typed.name, typed.password)
            return await connector.change(typed.name, typed.password, typed.new)
        except (ChangeRefused, Refused) as error:
            failure = error
        if isinstance(failure, ChangeRefused):
            why = f"change_{failure.why}"
            await self._sign_ins.leave_evidence(way.name, why, failure.detail)
            raise _CHANGES.get(failure.why, DirectoryPasswordFixed)(hint=failure.detail)
        if failure.proves or failure.reason is Reason.UNREACHABLE:
            await forgive()
        await self._refuse(way, failure, going)

    async def _refuse(self, way: Way, refusal: "Refused", going: Going) -> NoReturn:
        """Leave the true reason in the trail, and tell what may be told."""
        reason = str(refusal.reason)
        await self._sign_ins.leave_evidence(way.name, reason, refusal.detail)
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


def _counted(name: str) -> str:
    """Return what tries at a name are counted by.

    Directories take many spellings for one name (RFC 4518): other cases and widths,
    more spaces, marks that are not seen. Each would have tries of its own.
    """
    plain = unicodedata.normalize("NFKD", name[:_MAX_COUNTED]).casefold()
    return "".join(each for each in plain if unicodedata.category(each)[0] not in "MCZ")


_CHANGES: dict[str, type[AppError]] = {
    "wrong": WrongDirectoryPassword,
    "refused": DirectoryPasswordRefused,
    "too_young": DirectoryPasswordTooYoung,
}


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
