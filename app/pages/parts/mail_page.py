"""Pages that ask for an address, and have a mail sent there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Response

from app.core.exceptions import AppError
from app.pages.parts import texts
from app.pages.parts.asked import asking, waiting_at
from app.pages.parts.browser import typed
from app.pages.parts.flow import FLOW, checked_flow, go_on, with_flow
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import Around, FormPage, Link, note
from app.pages.parts.request import Here
from app.pages.parts.way_back import links_if_over
from app.schemas.auth import EmailRequest
from app.services.accounts.begun_at import BegunAt
from app.services.oauth.begun_at import BegunAtService

Send = Callable[[str, BegunAt | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MailPage:
    """A page whose answer never tells whether a mail was sent.

    Attributes:
        page: What is shown.
        done: Which text comes afterwards, see ``texts.DONE``.
    """

    page: FormPage
    done: str

    async def show(
        self, values: Values, flow: str, here: Here, error: AppError | None = None
    ) -> Response:
        """Ask for the address."""
        waiting = await waiting_at(here.browser, flow, here.runtime)
        back = await links_if_over(flow, waiting, here.runtime)
        flow = flow if waiting else ""
        around = Around(
            flow=flow,
            notice="" if back is None else texts.OVER_NOTICE,
            links=[*(back or ()), Link(texts.SIGN_IN, with_flow("/signin", flow))],
            application=asking(waiting),
        )
        return self.page.show(values, error, around)

    async def submit(self, values: Values, here: Here, send: Send) -> Response:
        """Have the mail sent; it remembers the application that waits, if one does."""
        flow, fields = checked_flow(values.get(FLOW, "")), typed(values)
        begun_at = await BegunAtService(here.runtime).waiting(flow, here.browser)
        try:
            await send(validated(EmailRequest, fields).email, begun_at)
        except AppError as error:
            await here.db.rollback()
            note(error)
            return await self.show(fields, flow, here, error)
        return go_on(f"/done/{self.done}", flow)
