"""The applications that somebody allowed, each with a button that takes it back.

The page to ``/api/v1/users/me/consents``: the same list, and the same end.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.context import current
from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.asked import in_words, registered_application
from app.pages.parts.browser import AtBrowser, refusal_of, render_form
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.pages.parts.form_page import note
from app.services.oauth.consent import Consent, ConsentNotFound, OAuthConsentService
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser
from app.utils.helpers import printable

PATH = "/applications"
_PAGE = 20  # applications
_MAX_NAME = 200

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """An application as the page shows it; ``place`` is empty if it is disabled."""

    client_id: str
    name: str
    place: str
    allowed: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None


@router.get(PATH)
async def show_applications(
    browser: AtBrowser, runtime: State, after: UUID | None = None
) -> Response:
    """List what the account in use allowed, the oldest first; it changes nothing."""
    return await _show(browser, runtime, after=after)


@router.post(PATH)
async def submit_applications(
    values: Posted, browser: AtBrowser, runtime: State
) -> Response:
    """Take back what an application may have; everything granted to it ends."""
    if refusal := refusal_of(browser, values, runtime):
        return await _show(browser, runtime, refusal)
    if browser.current is None:
        return go_on("/signin")
    user_id = current().user_id = browser.current.user_id
    try:
        async with runtime.unit_of_work() as uow:
            consents = OAuthConsentService(uow)
            await consents.revoke(user_id, values.get("client_id", ""))
    except ConsentNotFound as error:  # in another tab, most often
        note(error)
        return await _show(browser, runtime, error)
    return go_on(PATH)


async def _show(
    browser: Browser,
    runtime: Runtime,
    error: AppError | None = None,
    *,
    after: UUID | None = None,
) -> Response:
    if browser.current is None:
        return go_on("/signin")
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await OAuthConsentService(uow).list_page(
            browser.current.user_id, after=[after] if after else None, limit=_PAGE + 1
        )
    shown = rows[:_PAGE]
    return render_form(
        "applications.html",
        browser,
        runtime,
        error=error,
        account=browser.current,
        has_others=len(browser.accounts) > 1,
        applications=[await _allowed(row, runtime) for row in shown],
        more=f"{PATH}?after={shown[-1].id}" if len(rows) > _PAGE else "",
    )


async def _allowed(row: Consent, runtime: Runtime) -> _Allowed:
    """Return what is shown of a consent; who is disabled is known by name alone."""
    name, place = printable(row.client_name, _MAX_NAME).strip(), ""
    if client := await runtime.clients.by_client_id(row.client_id):
        application = registered_application(client)
        name, place = application.name, application.place
    return _Allowed(
        client_id=row.client_id,
        name=name or row.client_id,
        place=place,
        allowed=in_words(row.scope.split(), row.claims, runtime.settings.oauth.scopes),
        since=row.created_at,
        last_used_at=row.last_used_at,
    )
