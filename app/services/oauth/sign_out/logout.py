"""Applications ask to sign somebody out (OIDC RP-Initiated Logout)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.core.context import current, refused
from app.events.logout import LogoutRefused
from app.models.oauth.client import MAX_CLIENT_ID
from app.oauth.clients.client import Client
from app.oauth.errors import InvalidRequest
from app.oauth.hints import Hint
from app.oauth.logout import (
    CurrentSession,
    LogoutRequest,
    frontchannel_url,
    logout_client_id,
    logout_notices,
    read_logout,
)
from app.oauth.parameters import Parameters
from app.services.clients.directory import engine_client
from app.services.clients.provider import Provider
from app.services.clients.theme import wear
from app.services.oauth.hint import read_hint
from app.services.oauth.person import session_name, subject_of
from app.services.oauth.redirect import may_send
from app.services.oauth.sign_out.logout_by_hint import HintLogoutService, NamedSession
from app.services.process.rate_limit import by_address
from app.services.sessions.end import framed_applications
from app.services.sessions.session import SessionNotFound, SessionService
from app.services.sign_in.browser_session import Browser, BrowserAccount
from app.utils.helpers import printable

_MAX_DIFFERENCE = 4_000  # characters of evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Logout:
    """An acceptable request, and what it would do.

    Attributes:
        client: Who asks, as far as is known.
        redirect_url: Where the browser goes afterwards; None for a page of ours.
        is_sent: Whether it goes by itself; otherwise a page has the way (ADR-0014).
        account: Whose session ends; None if there is nobody to sign out.
        must_ask: Whether the person has to confirm first.
        named: A session that the hint names and that is not at this browser.
    """

    client: Client | None
    redirect_url: str | None
    is_sent: bool
    account: BrowserAccount | None
    must_ask: bool
    named: NamedSession | None = None


class OAuthLogoutService:
    """Requests to sign out: judged, carried out."""

    def __init__(self, provider: Provider) -> None:
        """Work outside of a request's transaction."""
        self._provider = provider

    async def read(self, params: Parameters, browser: Browser) -> Logout:
        """Return what a request comes to; nothing has changed yet.

        Raises:
            InvalidRequest: To be shown, never redirected; the trail has the difference.
        """
        try:
            return await self._judged(params, browser)
        except InvalidRequest as error:
            refusal = error
        await self.remember(refusal, params, browser)
        raise refusal

    async def _judged(self, params: Parameters, browser: Browser) -> Logout:
        provider = self._provider
        hint = self._hint(params)
        claims = _claims(hint)
        client_id = logout_client_id(params, claims)
        client = None
        if client_id is not None:
            client = await provider.clients.by_client_id(client_id)
        if client is not None:
            wear(client)
        account = self._whose(hint, client, browser)
        request = read_logout(
            params,
            client=client,
            hint=claims,
            session=self._known_to(client, account),
            development=not provider.settings.is_production,
        )
        named = await self._elsewhere(hint, client, browser)
        return Logout(
            client=client,
            redirect_url=request.redirect_url,
            is_sent=await self._is_sent(request, account),
            account=account,
            must_ask=request.must_ask and account is not None,
            named=named,
        )

    async def _elsewhere(
        self, hint: Hint | None, client: Client | None, browser: Browser
    ) -> NamedSession | None:
        """Return the session that a hint names where the browser does not bring it.

        Raises:
            InvalidRequest: It goes on, and there is nobody else to sign out: nothing
                would end, and nobody may be told otherwise (ADR-0015).
        """
        if hint is None or client is None:
            return None
        named = await HintLogoutService(self._provider).find(hint, client)
        if named is None or any(
            named.session_id == each.session_id for each in browser.accounts
        ):
            return None
        if named.is_ended:
            return named
        if browser.current is None:
            raise InvalidRequest(
                "id_token_hint ends nothing without the browser",
                hint=f"issued at {hint.issued_at}; see AUTH_SERVE_OAUTH__LOGOUT_BY_HINT"
                " and AUTH_SERVE_OAUTH__LOGOUT_HINT_TTL",
            )
        return None

    async def end_named(self, logout: Logout) -> bool:
        """End what the hint may end of a session elsewhere, if it names one.

        Returns:
            Whether nothing of that session goes on.
        """
        if logout.named is None or logout.client is None:
            return True
        return await HintLogoutService(self._provider).end(logout.named, logout.client)

    async def named_frames(self, logout: Logout) -> tuple[str, ...]:
        """Return what the page loads for a session elsewhere: nobody but who asked.

        Whoever looks at it need not be the person, and learns of no other application.
        """
        if logout.named is None or logout.client is None:
            return ()
        issuer = self._provider.settings.public_url
        url = frontchannel_url(logout.client, issuer, logout.named.name)
        if url is None or not await may_send(self._provider, logout.client, url, None):
            return ()
        return (url,)

    async def _is_sent(
        self, request: LogoutRequest, account: BrowserAccount | None
    ) -> bool:
        """Ask before the end: afterwards nobody is there who agreed to anything."""
        url = request.redirect_url
        if request.client is None or url is None:
            return False
        return await may_send(self._provider, request.client, url, account)

    def _hint(self, params: Parameters) -> Hint | None:
        token = params.get("id_token_hint")
        if token is None:
            return None
        return read_hint(self._provider, token, params.get("client_id"))

    def _known_to(
        self, client: Client | None, account: BrowserAccount | None
    ) -> CurrentSession | None:
        """Return a session in the words of ID tokens to a client."""
        if account is None:
            return None
        key = self._provider.secret_key
        subject = subject_of(account.user_id, client, key) if client else ""
        sid = session_name(account.session_id, client, key) if client else ""
        return CurrentSession(sid=sid, subject=subject)

    def _whose(
        self, hint: Hint | None, client: Client | None, browser: Browser
    ) -> BrowserAccount | None:
        """Return the account that the hint names, if it is here, or the current one.

        Whether that may end unasked is the engine's to say.
        """
        if hint is None or client is None:
            return browser.current
        key = self._provider.secret_key
        for account in browser.accounts:
            if session_name(account.session_id, client, key) == hint.session_id:
                return account
        return browser.current

    async def remember(
        self, error: InvalidRequest, params: Parameters, browser: Browser
    ) -> None:
        """Record a refusal, unless too many came from there lately."""
        provider = self._provider
        difference = error.hint or error.description
        refused(error.error, difference, error)
        limit = provider.limits.refusal_address
        if not await provider.limiter.admits(*by_address(limit)):
            return  # the log line still says it
        client_id = params.get("client_id")
        account = browser.current
        async with provider.unit_of_work() as uow:
            uow.record(
                LogoutRefused(
                    user_id=account.user_id if account else None,
                    client_id=(
                        printable(client_id, MAX_CLIENT_ID) if client_id else None
                    ),
                    error=error.description,
                    difference=difference[:_MAX_DIFFERENCE],
                )
            )

    async def end(self, account: BrowserAccount) -> tuple[str, ...]:
        """End a session and tell its applications; return ``frames`` of before."""
        current().user_id = account.user_id
        frames = await self.frames(account)
        async with self._provider.unit_of_work() as uow:
            with suppress(SessionNotFound):  # over already, which is what was asked for
                await SessionService(uow).end(
                    account.user_id, account.session_id, "oauth_logout"
                )
        return frames

    async def frames(self, account: BrowserAccount) -> tuple[str, ...]:
        """Return what the page after a sign-out loads (OIDC Front-Channel Logout §2).

        Ask before the session ends: a code that ended with it counts as well.
        """
        async with self._provider.unit_of_work(read_only=True) as uow:
            framed = await framed_applications(uow, account.session_id)
        issuer, key = self._provider.settings.public_url, self._provider.secret_key
        frames: list[str] = []
        for client in (engine_client(row, []) for row in framed):
            sid = session_name(account.session_id, client, key)
            for url in logout_notices([client], issuer, sid).frontchannel:
                if await may_send(self._provider, client, url, account):
                    frames.append(url)
        return tuple(frames)


def _claims(hint: Hint | None) -> Mapping[str, Any] | None:
    if hint is None:
        return None
    return {"aud": hint.client_id, "sub": hint.subject, "sid": hint.session_id}
