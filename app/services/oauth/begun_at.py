"""At which application somebody began what a mail ends (ADR-0026).

A mail is opened hours later, and often elsewhere. Its token remembers who asked, so
that the person is led back: to the flow where that still waits in this very browser, to
the application's own registered address everywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from app.models.one_time_token import OneTimeToken
from app.services.oauth.flow import FlowNotFound, OAuthFlowService
from app.services.one_time.token import Purpose
from app.services.server.runtime import Runtime
from app.services.sign_in.browser import Browser

_KEY = "begun_at"  # in the data of a token


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunAt:
    """An application, and what waits for it.

    Attributes:
        client_id: Which; whether it still exists is seen when it is shown.
        redirect_uri: Where its answer would have gone; empty where it asked for none.
        flow_id: What waited when it began; whether it still does, and in whose browser,
            is for ``OAuthFlowService`` to say.
    """

    client_id: str
    redirect_uri: str = ""
    flow_id: UUID | None = None

    def data(self) -> dict[str, Any]:
        """Return what a one-time token keeps of it; nothing of it opens anything."""
        flow = self.flow_id.hex if self.flow_id else None
        kept = {"client_id": self.client_id, "redirect_uri": self.redirect_uri}
        return {_KEY: kept | {"flow": flow}}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self | None:
        """Return what a token keeps; None if it was begun nowhere."""
        kept = data.get(_KEY)
        if kept is None:
            return None
        return cls(
            client_id=kept["client_id"],
            redirect_uri=kept["redirect_uri"],
            flow_id=UUID(hex=kept["flow"]) if kept["flow"] else None,
        )


class BegunAtService:
    """Finds out where somebody began; it decides nothing."""

    def __init__(self, runtime: Runtime) -> None:
        """Work outside of a request's transaction."""
        self._runtime = runtime

    async def waiting(self, flow: str, browser: Browser) -> BegunAt | None:
        """Return the application of a flow that waits in this browser; it is stored.

        For what is kept with a mail: a flow of another browser, or one that is over,
        is nobody's beginning.
        """
        if not flow:
            return None
        try:
            async with self._runtime.unit_of_work() as uow:
                found = await OAuthFlowService(uow, self._runtime).keep(flow, browser)
        except FlowNotFound:
            return None
        return BegunAt(
            client_id=found.parameters["client_id"],
            redirect_uri=found.parameters.get("redirect_uri", ""),
            flow_id=found.id,
        )

    async def of_flow(self, flow: str) -> BegunAt | None:
        """Return the application of a flow, over or begun elsewhere as it may be."""
        async with self._runtime.unit_of_work(read_only=True) as uow:
            parameters = await OAuthFlowService(uow, self._runtime).asked_for(flow)
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
        async with self._runtime.unit_of_work(read_only=True) as uow:
            row = await uow.one_time_tokens.by_id(token_id)
        return BegunAt.read(row.data) if row else None

    async def _row(self, purpose: Purpose, token: str) -> OneTimeToken | None:
        token_id = self._runtime.secret_key.read_one_time_token(purpose, token)
        if token_id is None:
            return None
        async with self._runtime.unit_of_work(read_only=True) as uow:
            row = await uow.one_time_tokens.by_id(token_id)
        return row if row is not None and row.purpose == purpose else None
