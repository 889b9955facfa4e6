"""Pages that links from mails lead to: opened, sent, and opened once more.

Opening one changes nothing: mail programs and scanners do it before people do, so it is
the button that uses the link up.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Response

from app.core.exceptions import AppError
from app.pages.parts import texts
from app.pages.parts.asked import asking, waiting_at
from app.pages.parts.browser import typed
from app.pages.parts.done import show_message
from app.pages.parts.flow import FLOW, checked_flow, go_on
from app.pages.parts.form import Values
from app.pages.parts.form_page import Around, FormPage, Link, note
from app.pages.parts.request import Here
from app.pages.parts.way_back import lead_after, links_back, way_back_of_link
from app.services.one_time.errors import InvalidCode, InvalidOneTimeToken
from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.one_time.used_link import UsedLinkService

# Whoever comes once more may want what the page leads to, though all is done.
_AGAIN = (Purpose.RESET_PASSWORD, Purpose.FACTOR_RECOVERY_STOP)

Work = Callable[[Values], Awaitable[UUID | None]]


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A page for the link of a mail, or for the code that may be typed instead.

    Attributes:
        page: What is shown.
        purpose: What the link is for.
        done: Which text comes afterwards, and when the link is opened once more; see
            ``texts.DONE`` and ``texts.HAPPENED``.
        again: Where another link comes from, or what helps instead, if there is a page
            for that.
    """

    page: FormPage
    purpose: Purpose
    done: str
    again: Link | None = None

    async def open(self, token: str, flow: str, here: Here) -> Response:
        """Show the form; a link that cannot work is said so before anybody types."""
        if not token:
            return await self._show({}, flow, here)
        async with here.runtime.unit_of_work(read_only=True) as uow:
            tokens = OneTimeTokenService(uow, here.runtime)
            is_usable = await tokens.is_usable(self.purpose, token)
        if is_usable:
            return await self._show({"token": token}, flow, here)
        refusal = InvalidOneTimeToken(hint="opened a link that cannot work")
        return await self._refuse(token, flow, here, refusal, status=200)

    async def submit(self, values: Values, here: Here, work: Work) -> Response:
        """Do the work and lead on, or show the form again.

        What a refused attempt wrote is taken back, as for the API; what had to be
        remembered was committed before it was refused.

        Args:
            values: What was posted.
            here: Where.
            work: What the form asks for; it is given the fields and returns which
                token it used, if that may have been asked for at an application.
        """
        flow, fields = checked_flow(values.get(FLOW, "")), typed(values)
        try:
            used = await work(fields)
            uow = here.runtime.uow(here.db)
            await uow.commit()  # the way back is read by other connections
        except AppError as error:
            await here.db.rollback()
            note(error)
            token = fields.get("token", "")
            if isinstance(error, InvalidOneTimeToken) and token:
                return await self._refuse(token, flow, here, error, error.status)
            return await self._show(fields, flow, here, error)
        if used is None:
            return go_on(f"/done/{self.done}", flow)
        return await lead_after(self.done, used, here.browser, here.runtime, flow=flow)

    async def _refuse(
        self, token: str, flow: str, here: Here, error: AppError, status: int
    ) -> Response:
        """Say that a link does not work; or that what it is for is so already."""
        async with here.runtime.unit_of_work(read_only=True) as uow:
            used = UsedLinkService(uow, here.runtime.secret_key)
            has_happened = await used.has_happened(self.purpose, token)
        if not has_happened:
            return await self._show({}, flow, here, error)
        way = await way_back_of_link(self.purpose, token, here.runtime)
        links = links_back(way, here.browser)
        if self.purpose in _AGAIN and self.again:
            links.append(self.again)
        page = show_message(texts.HAPPENED[self.done], links)
        page.status_code = status
        return page

    async def _show(
        self, values: Values, flow: str, here: Here, error: AppError | None = None
    ) -> Response:
        waiting = await waiting_at(here.browser, flow, here.runtime)
        around = Around(
            flow=flow,
            links=self._links(error, bool(values.get("token")), here),
            application=asking(waiting),
            username=await self._owner(values.get("token", ""), here),
            minimum=here.runtime.settings.password.min_length,
        )
        return self.page.show(values, error, around)

    def _links(
        self, error: AppError | None, is_by_link: bool, here: Here
    ) -> list[Link]:
        """Return what leads on from where the form alone does not."""
        is_stuck = isinstance(error, InvalidOneTimeToken | InvalidCode)
        if is_by_link and not is_stuck:
            return []
        links = [self.again] if self.again else []
        return [*links, *links_back(None, here.browser)]

    async def _owner(self, token: str, here: Here) -> str:
        """Return the address of the account, for the field that managers look for."""
        if not token or not self.page.has_password:
            return ""
        async with here.runtime.unit_of_work(read_only=True) as uow:
            used = UsedLinkService(uow, here.runtime.secret_key)
            user = await used.owner(self.purpose, token)
        return user.email if user else ""
