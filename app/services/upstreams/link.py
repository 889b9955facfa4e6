"""Links between accounts and who their owners are elsewhere: proven, seen, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.models.one_time_token import OneTimeToken
from app.services.accounts.change import present
from app.services.one_time.token import Purpose
from app.services.process.process import Process
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.browser_session import Browser, BrowserAccount
from app.services.upstreams.account import told_as
from app.services.upstreams.account_link import unlink
from app.services.upstreams.connected import connect
from app.services.upstreams.errors import UpstreamSignInRefused
from app.services.upstreams.journey import LINK_TTL, is_of, settings_mark
from app.services.upstreams.judged import leave_evidence
from app.typed_text import canonical_email


@dataclass(frozen=True, slots=True)
class WaitingLink:
    """Somebody who came from elsewhere and has not proven an account yet.

    Attributes:
        id: Of what waits.
        connection_id: That they came by.
        since: A sign-in counts that came afterwards.
        display_name: Of the connection.
        who: What they are called there.
        email: The address that was told there; empty if none was.
    """

    id: UUID
    connection_id: UUID
    since: datetime
    display_name: str
    who: str
    email: str

    def is_back_from(self, connection_id: UUID, email: str) -> bool:
        """Tell whether that connection sent somebody of this address back for a proof.

        It told the address, or none; to lead them there again would be a circle.
        """
        told, typed = canonical_email(self.email), canonical_email(email)
        is_same = not self.email or told == typed
        return is_same and self.connection_id == connection_id


@dataclass(frozen=True, slots=True)
class Link:
    """Who the owner of an account is elsewhere."""

    id: UUID
    connection: str
    display_name: str
    who: str
    linked_at: datetime
    last_used_at: datetime | None


def link_cookie(process: Process, secret: str = "") -> str:
    """Return the field that keeps who waits at a browser for a proof, or forgets it."""
    cookies = BrowserCookies(process.settings.public_url)
    return cookies.write(cookies.link, secret, LINK_TTL if secret else 0)


class UpstreamLinkService:
    """Connects accounts; each step is a transaction of its own."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def look(self, browser: Browser) -> WaitingLink | None:
        """Return who waits at a browser, if anybody does; it decides nothing."""
        token_id = self._id_at(browser)
        if token_id is None:
            return None
        async with self._process.unit_of_work(read_only=True) as uow:
            now = uow.clock.now()
            row = await uow.one_time_tokens.peek(token_id, Purpose.UPSTREAM_LINK, now)
            if row is None or not is_of(self._process, row, browser):
                return None
            connection = await uow.connections.by_id(UUID(hex=row.subject))
        if connection is None or not connection.enabled:
            return None
        if row.data.get("asked") != settings_mark(connection.settings):
            return None
        claims = row.data["claims"]
        email = claims.get("email", "")
        return WaitingLink(
            row.id,
            connection.id,
            row.created_at,
            connection.display_name,
            told_as(claims),
            email,
        )

    async def answer(
        self, browser: Browser, account: BrowserAccount, *, yes: bool
    ) -> bool:
        """Connect an account that was proven since, or do not; tell whether it is.

        Args:
            browser: Where somebody waited.
            account: The one in use there.
            yes: What its owner wants.

        Raises:
            UpstreamSignInRefused: Nobody waits there any more, the account was not
                proven since, or somebody else's is connected already.
        """
        row = await self._used_up(browser)
        if not yes:
            return False
        try:
            await self._connect(row, account)
            return True
        except UpstreamSignInRefused as error:
            refusal = error
        await self._leave_evidence(row, refusal)
        raise refusal

    async def _connect(self, row: OneTimeToken, account: BrowserAccount) -> None:
        if account.authenticated_at < row.created_at:
            raise UpstreamSignInRefused("not_proven", "signed in before")
        await connect(
            self._process,
            UUID(hex=row.subject),
            account,
            row.data["who"],
            row.data["claims"],
            row.data.get("asked", ""),  # one of the release before lacks it
        )

    async def _leave_evidence(
        self, row: OneTimeToken, refusal: UpstreamSignInRefused
    ) -> None:
        async with self._process.unit_of_work(read_only=True) as uow:
            connection = await uow.connections.by_id(UUID(hex=row.subject))
        name = connection.name if connection else ""  # it was deleted meanwhile
        await leave_evidence(self._process, name, refusal.reason, refusal.seen)

    async def _used_up(self, browser: Browser) -> OneTimeToken:
        token_id, row = self._id_at(browser), None
        if token_id is not None:
            async with self._process.unit_of_work() as uow:
                tokens, now = uow.one_time_tokens, uow.clock.now()
                seen = await tokens.peek(token_id, Purpose.UPSTREAM_LINK, now)
                if seen is not None and is_of(self._process, seen, browser):
                    row = await tokens.consume(token_id, Purpose.UPSTREAM_LINK, now)
        if row is None:
            raise UpstreamSignInRefused("wrong_state", "nobody waits at this browser")
        return row

    def _id_at(self, browser: Browser) -> UUID | None:
        read = self._process.secret_key.read_one_time_token
        return read(Purpose.UPSTREAM_LINK, browser.link) if browser.link else None

    async def list_all(self, user_id: UUID) -> Sequence[Link]:
        """Return who somebody is elsewhere, the oldest first."""
        async with self._process.unit_of_work(read_only=True) as uow:
            rows = await uow.upstream_identities.list_with_names(user_id)
        return [
            Link(
                row.id,
                connection.name,
                connection.display_name,
                told_as(row.claims),
                row.linked_at,
                row.last_used_at,
            )
            for row, connection in rows
        ]

    async def end(self, user_id: UUID, session_id: UUID, link_id: UUID) -> None:
        """End a link; whoever comes by it from then on is not this account's owner.

        Who came by it is signed out, in the session that asks as well: where it began
        is not vouched for any more.

        Raises:
            InvalidAccessToken: The session ended meanwhile.
            LastWayIn: Nobody would get in any more.
            UpstreamLinkNotFound: There is none.
        """
        async with self._process.unit_of_work() as uow:
            user = await present(uow, user_id, session_id)
            await unlink(uow, self._process, user, link_id, user_id)
