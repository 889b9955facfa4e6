"""Who signs out here is led to sign out where they came from (RP-Initiated Logout 1.0).

Their session here is over before, and nothing of that waits for the other side. What
comes back is a state, used up once and by the browser that left; where it goes on from
here was kept here, so that no address ever comes from a query.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.process.process import Process
from app.services.sign_in.browser_session import Browser
from app.services.sign_in.elsewhere import opened_tokens
from app.services.upstreams.configuration import signed_out_uri
from app.services.upstreams.directory import ConnectionDirectory, Way
from app.services.upstreams.journey import is_of, mark_of

if TYPE_CHECKING:
    from app.upstreams.protocol import RedirectConnector

TTL = 900  # seconds that somebody may stay away
_log = logging.getLogger("auth_serve.connection")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where a browser goes to sign out, and what people call that."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Onward:
    """Where somebody goes on who is back.

    Attributes:
        done: Which page of ours says so, without an application.
        redirect_url: Where the application wants people, judged when they left.
        is_sent: Whether the browser goes there by itself (ADR-0014).
        application: Its name.
    """

    done: str = "signed-out"
    redirect_url: str | None = None
    is_sent: bool = False
    application: str = ""


class UpstreamLeaveService:
    """Leads people who signed out here to sign out elsewhere, and takes them back."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._connections = connections

    async def leave(
        self, sessions: Sequence[UUID], browser: Browser, onward: Onward
    ) -> Leaving | None:
        """Return where a browser goes; None if there is nowhere to go.

        Args:
            sessions: That ended here. It goes where the first of them came from that
                can be left, and to no second place.
            browser: Whose.
            onward: Kept until it is back.
        """
        ways = {
            way.id: (way, connector)
            for way in await self._connections.all()
            if (connector := _leading(way)) and way.policy.get("signs_out")
        }
        if not (ways and sessions and browser.value):
            return None
        async with self._process.unit_of_work(read_only=True) as uow:
            rows = await uow.upstream_sessions.to_leave(sessions)
        for row in sorted(rows, key=lambda row: sessions.index(row.session_id)):
            if row.connection_id not in ways:
                continue
            way, connector = ways[row.connection_id]
            url = await self._begin(row, way, connector, browser, onward)
            if url is not None:
                return Leaving(url, way.display_name)
        return None

    async def _begin(
        self,
        row: Any,
        way: Way,
        connector: "RedirectConnector",
        browser: Browser,
        onward: Onward,
    ) -> str | None:
        """Return where a session there is ended, and remember who went; or None."""
        from app.upstreams.protocol import Refused, Tokens

        process, token_id = self._process, self._process.randomness.uuid7()
        state = process.secret_key.one_time_token(Purpose.UPSTREAM_SIGN_OUT, token_id)
        opened = opened_tokens(process, row.identity_id, row.sealed_tokens)
        tokens = replace(opened or Tokens(), session_id=row.sid)
        return_to = signed_out_uri(process, way.name)
        try:
            url = await connector.sign_out(row.subject, tokens, return_to, state)
        except Refused as refusal:
            told = {"connection": way.name, "reason": str(refusal)}
            _log.warning("nobody can be led to sign out there", extra=told)
            return None
        if url is None:
            return None
        async with process.unit_of_work() as uow:
            await OneTimeTokenService(uow, process).issue(
                Purpose.UPSTREAM_SIGN_OUT,
                subject=way.name,
                ttl=TTL,
                data={"browser": mark_of(process, browser), "onward": asdict(onward)},
                token_id=token_id,
            )
            await uow.upstream_sessions.forget(row.session_id, row.claims)
        return url

    async def back(self, name: str, state: str, browser: Browser) -> Onward | None:
        """Return where somebody goes on who is back; None if they never left so.

        Args:
            name: Of the connection whose address they came to.
            state: What they brought.
            browser: Whose.
        """
        read = self._process.secret_key.read_one_time_token
        token_id = read(Purpose.UPSTREAM_SIGN_OUT, state)
        if token_id is None:
            return None
        async with self._process.unit_of_work() as uow:
            tokens, now = uow.one_time_tokens, uow.clock.now()
            row = await tokens.peek(token_id, Purpose.UPSTREAM_SIGN_OUT, now)
            if row is None or row.subject != name:
                return None
            if not is_of(self._process, row, browser):
                return None
            used = await tokens.consume(token_id, Purpose.UPSTREAM_SIGN_OUT, now)
        if used is None:
            return None
        onward: Mapping[str, Any] = used.data["onward"]
        return Onward(**onward)


def _leading(way: Way) -> "RedirectConnector | None":
    from app.upstreams.password import PasswordConnector  # here: as the kinds

    return None if isinstance(way.connector, PasswordConnector) else way.connector
