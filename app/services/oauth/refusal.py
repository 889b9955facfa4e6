"""Refused authorization requests: who is told, and what is kept as evidence.

The client or the person gets the standard's error and a correlation id; the audit trail
has the concrete difference under that id.
"""

from typing import NoReturn

from app.core.context import current, passed, refused
from app.core.exceptions import BadRequest
from app.core.language import gettext
from app.events.oauth.authorization import AuthorizationRefused
from app.oauth.authorization_response import error_response
from app.oauth.authorize import ReturnAddress
from app.oauth.errors import Check, InvalidRequest, OAuthError
from app.oauth.response_modes import Answer
from app.services.oauth.flow import Flow, OAuthFlowService
from app.services.process.process import Process
from app.services.process.rate_limit import by_address

_MAX_HINT = 4_000  # characters of evidence


class UnanswerableRequest(BadRequest):
    """The client or its redirect URI is not known: nobody else may be told."""

    code = "invalid_authorization_request"
    title = "The application that sent you here made a mistake"

    def __init__(
        self, description: str, hint: str = "", client_id: str | None = None
    ) -> None:
        """Refuse.

        Args:
            description: What is wrong; it never holds what was sent.
            hint: The concrete difference, for the log.
            client_id: Who asked, if that is known: people find their way back there.
        """
        super().__init__(hint or description)
        self._description = description
        self.client_id = client_id

    @property
    def detail(self) -> str:
        """For the person, and in the last words for who made the application."""
        said = gettext(
            "It did not say who it is, or where you are to be sent back to, in the way "
            "that it is registered here. You cannot mend that, and nobody was told "
            "anything about you. For its maker: %(reason)s."
        )
        return said % {"reason": self._description}


class AuthorizationRefusalService:
    """Tells of refusals and records them, outside of what was refused."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def show(self, error: InvalidRequest, client_id: str | None) -> NoReturn:
        """Tell the person, since the client cannot be told.

        Raises:
            UnanswerableRequest: Always.
        """
        await self.record(error, client_id, None)
        raise UnanswerableRequest(error.description, error.hint, client_id) from None

    def answer(self, to: ReturnAddress, error: OAuthError) -> Answer:
        """Return what tells the client, with the number to ask about."""
        said = error.description or error.error
        error.description = f"{said} (correlation id {current().correlation_id})"
        return error_response(to, error, self._process.settings.public_url)

    async def record(
        self, error: OAuthError, client_id: str | None, flow: Flow | None
    ) -> None:
        """Leave evidence, as often as an address may, and end the flow of the request.

        Args:
            error: What was refused, and why.
            client_id: Of the client, if it is known.
            flow: What asking the person once more would not mend.
        """
        process, hint = self._process, error.hint or error.description
        if client_id is not None:
            passed(Check.CLIENT, {"client_id": client_id})
        refused(error.error, hint, error)
        is_kept = await process.limiter.admits(
            *by_address(process.limits.refusal_address)
        )
        async with process.unit_of_work() as uow:
            if flow is not None:
                await OAuthFlowService(uow, process).end(flow)
            if is_kept:
                uow.record(
                    AuthorizationRefused(
                        client_id=client_id, error=error.error, hint=hint[:_MAX_HINT]
                    )
                )
