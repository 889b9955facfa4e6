"""The servers of a directory: which one is asked, and what its failing costs."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from app.core.circuit_breaker import Breaker, CircuitOpen
from app.core.outbound import OutboundClient, OutboundRefused, breaker_of
from app.upstreams.directory.answers import PASSWORD_POLICY_ASKED
from app.upstreams.directory.errors import Down, Failed, Fault
from app.upstreams.directory.link import Link, Server
from app.upstreams.directory.message import Result
from app.upstreams.values import shown

_AT_ONCE = 32  # sessions with one directory; the others wait their turn


@dataclass(frozen=True, slots=True)
class Account:
    """Who searches: the account that was made for this in the directory."""

    dn: str
    password: SecretStr


class Directory:
    """One directory of one connection; it is asked within a ``session``.

    Servers are tried in order, and the one that answered is asked again until it does
    not. Each one has a breaker, which readiness tells of.
    """

    def __init__(
        self,
        outbound: OutboundClient,
        servers: Sequence[Server],
        account: Account,
        *,
        authorities: str | None,
        seconds: float,
        whose: str = "",
    ) -> None:
        """Call nobody yet.

        Args:
            outbound: The guarded door.
            servers: One at least.
            account: Who searches.
            authorities: Certificates in PEM that alone are trusted; None trusts those
                of the system and of the installation.
            seconds: For a connection, and for each answer.
            whose: What failures are counted by besides the server: the search account
                of one connection may be refused where another's is not.
        """
        self.servers = tuple(servers)
        self.account = account
        self._outbound = outbound
        self._authorities = authorities
        self._seconds = seconds
        self._whose = whose
        self._first = 0
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._context: ssl.SSLContext | None = None

    def session(self) -> "Session":
        """Return what is entered to ask; the search account is bound within.

        Raises (on entry):
            Down: No server answers, or all of them are left alone for a while.
            Failed: The search account is refused.
            Untrusted: None of them can prove to be the one that is meant.
            OutboundRefused: They may not be called from here.
        """
        return Session(self)

    def breakers(self) -> Sequence[str]:
        """Return the names of the servers' breakers."""
        return [breaker_of(each.destination, self._whose) for each in self.servers]

    async def open(self, server: Server) -> Link:
        """Connect to a server, as nobody yet; see ``Link.open``."""
        context = None if server.tls == "none" else self._tls()
        return await Link.open(self._outbound, server, context, self._seconds)

    def _tls(self) -> ssl.SSLContext:
        """Return how certificates are checked; made once, it is megabytes."""
        if self._context is None:
            context = ssl.create_default_context(cadata=self._authorities)
            if self._authorities is None and self._outbound.ca_file is not None:
                context.load_verify_locations(self._outbound.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context

    async def _enter(self) -> tuple[Server, Link, Breaker]:
        failure: Exception = Down("it has no server")
        for step in range(len(self.servers)):
            at = (self._first + step) % len(self.servers)
            server = self.servers[at]
            name = breaker_of(server.destination, self._whose)
            breaker = self._outbound.breaker(name, (Fault,))
            try:
                link = await self._through(breaker, server)
            except CircuitOpen:
                failure = Down("it is left alone for a while")
            except (Fault, OutboundRefused) as error:
                failure = error
            else:
                self._first = at
                return server, link, breaker
        raise failure

    async def _through(self, breaker: Breaker, server: Server) -> Link:
        """Return a connection that searches; the breaker stays entered if it does."""
        await breaker.__aenter__()
        link = None
        try:
            link = await self.open(server)
            result = await link.bind(
                self.account.dn, self.account.password.get_secret_value()
            )
            if result.code != 0:
                raise Failed(result.code, shown(result.text), "search account")
        except BaseException as error:
            await breaker.__aexit__(type(error), error, error.__traceback__)
            if link is not None:
                await link.aclose()
            raise
        return link

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Down("too many ask at once") from error

    def _give_turn(self) -> None:
        self._turns.release()


class Session:
    """A connection to the one server that answered, bound as the search account.

    ``link`` asks by it. What fails within counts against the server.
    """

    link: Link
    server: Server

    def __init__(self, directory: Directory) -> None:
        """Call nobody yet."""
        self._directory = directory
        self._breaker: Breaker | None = None

    async def __aenter__(self) -> Self:
        """Find a server that answers."""
        await self._directory._take_turn()
        try:
            found = await self._directory._enter()
        except BaseException:
            self._directory._give_turn()
            raise
        self.server, self.link, self._breaker = found
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it, and count what happened."""
        assert self._breaker is not None  # entered
        self._directory._give_turn()
        await self._breaker.__aexit__(kind, error, trace)
        await self.link.aclose()

    async def prove(self, dn: str, password: str) -> tuple[Result, Link]:
        """Bind as somebody else, by another connection to the same server.

        The connection is the caller's to close.

        Raises:
            Fault: There is no answer that could be used.
        """
        link = await self._directory.open(self.server)
        try:
            result = await link.bind(dn, password, [PASSWORD_POLICY_ASKED])
        except BaseException:
            await link.aclose()
            raise
        return result, link
