"""Where somebody began: from a flow, the token of a mail, or a name (ADR-0026)."""

from uuid import UUID

from app.core.exceptions import FieldError, Unprocessable
from app.models.one_time_token import OneTimeToken
from app.oauth.clients.start import start_of
from app.services.accounts.begun_at import BegunAt
from app.services.clients.provider import Provider
from app.services.oauth.flow import FlowNotFound, OAuthFlowService
from app.services.one_time.token import Purpose
from app.services.process.rate_limit import by_address
from app.services.sign_in.browser_session import Browser


class BegunAtService:
    """Finds out where somebody began; it decides nothing."""

    def __init__(self, process: Provider) -> None:
        """Work outside of a request's transaction."""
        self._process = process

    async def waiting(self, flow: str, browser: Browser) -> BegunAt | None:
        """Return the application of a flow that waits in this browser; it is stored.

        For what is kept with a mail: a flow of another browser, or one that is over,
        is nobody's beginning.
        """
        if not flow:
            return None
        try:
            async with self._process.unit_of_work() as uow:
                found = await OAuthFlowService(uow, self._process).keep(flow, browser)
        except FlowNotFound:
            return None
        return BegunAt(
            client_id=found.parameters["client_id"],
            redirect_uri=found.parameters.get("redirect_uri", ""),
            flow_id=found.id,
        )

    async def named(self, client_id: str | None) -> BegunAt | None:
        """Return the application that a caller names; None if they name none.

        Identifiers of clients are public (``/oauth2/authorize`` tells as much), so an
        unknown one is refused, and counts where it counts there: this must be no way
        around that limit. It is looked up before anything about an account is, and
        without the caller's transaction.

        Raises:
            Unprocessable: There is none of this name that may be used.
            TooManyRequests: Too many such names from the caller's address.
        """
        if client_id is None:
            return None
        limiter, limits = self._process.limiter, self._process.limits
        charge = await limiter.take(*by_address(limits.authorize_address))
        if await self._process.clients.by_client_id(client_id) is None:
            message = "there is no such application"
            raise Unprocessable([FieldError("client_id", "unknown_client", message)])
        await charge.give_back()
        return BegunAt(client_id=client_id)

    async def start_in_mail(self, begun: BegunAt | None) -> str:
        """Return where signing in at an application begins, for a mail; or nothing.

        Anybody can have a mail sent that names theirs: only where somebody here answers
        for it (ADR-0014) does its address get into mails of ours.
        """
        client = None
        if begun is not None:
            client = await self._process.clients.by_client_id(begun.client_id)
        if begun is None or client is None or not client.is_vouched_for:
            return ""
        issuer = self._process.settings.public_url
        return start_of(client, begun.redirect_uri, issuer)

    async def of_flow(self, flow: str) -> BegunAt | None:
        """Return the application of a flow, over or begun elsewhere as it may be."""
        async with self._process.unit_of_work(read_only=True) as uow:
            parameters = await OAuthFlowService(uow, self._process).asked_for(flow)
        if not parameters or "client_id" not in parameters:
            return None
        return BegunAt(
            client_id=parameters["client_id"],
            redirect_uri=parameters.get("redirect_uri", ""),
        )

    async def of_link(self, purpose: Purpose, token: str) -> BegunAt | None:
        """Return where the link of a mail was asked for, used up as it may be."""
        row = await self._row(purpose, token)
        return BegunAt.read(row.data) if row else None

    async def of_token(self, token_id: UUID) -> BegunAt | None:
        """Return where a one-time token was asked for, for as long as it is kept."""
        async with self._process.unit_of_work(read_only=True) as uow:
            row = await uow.one_time_tokens.by_id(token_id)
        return BegunAt.read(row.data) if row else None

    async def _row(self, purpose: Purpose, token: str) -> OneTimeToken | None:
        token_id = self._process.secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            return None
        async with self._process.unit_of_work(read_only=True) as uow:
            row = await uow.one_time_tokens.by_id(token_id)
        return row if row is not None and row.purpose == purpose else None
