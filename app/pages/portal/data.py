"""``/account/data`` and ``/account/delete``: a copy of everything, and its end."""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from app.core.exceptions import AppError
from app.core.language import gettext
from app.core.late.route import LateRoute
from app.pages.parts.browser import AtBrowser, keep_accounts
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.pages.parts.form import Values, refused
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.pages.portal.section import Here, enter
from app.services.accounts.account import AccountService
from app.services.accounts.export import ExportService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_TYPED = "typed"
DATA, DELETE = "/account/data", "/account/delete"
_FILE = {"Content-Disposition": 'attachment; filename="me.json"'}


@router.get(DATA)
async def show_data(browser: AtBrowser, runtime: State) -> Response:
    """Offer a copy of everything, and the way to delete it."""
    here = await enter("data", browser, runtime)
    return here if isinstance(here, Response) else await _show_data(here)


@router.post(DATA)
async def submit_data(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Return everything that is held about the account, as a file."""
    here = await enter("data", browser, runtime)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        copy = await ExportService(runtime).begin(here.account.user_id)
        pieces = copy.pieces()
        return StreamingResponse(pieces, headers=_FILE, media_type="application/json")

    return await submit(here, values, work, _show_data)


async def _show_data(
    here: Here, error: AppError | None = None, _values: Values | None = None
) -> Response:
    return await here.render("account/data.html", error)


@router.get(DELETE)
async def show_delete(browser: AtBrowser, runtime: State) -> Response:
    """Ask once more, whoever proved just now to be the owner."""
    here = await enter("delete", browser, runtime, fresh=True)
    return here if isinstance(here, Response) else await _show_delete(here)


@router.post(DELETE)
async def submit_delete(values: Posted, browser: AtBrowser, runtime: State) -> Response:
    """Delete the account; other accounts of the browser stay signed in."""
    here = await enter("delete", browser, runtime, fresh=True)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        user_id, session_id = here.account.user_id, here.account.session_id
        _check_typed(values.get(_TYPED, ""), here.account.email)
        async with runtime.unit_of_work() as uow:
            await AccountService(uow, runtime).delete(user_id, session_id, None)
        answer = go_on("/done/account-deleted")
        keep_accounts(answer, browser.without(here.account), runtime)
        return answer

    return await submit(here, values, work, _show_delete)


async def _show_delete(
    here: Here, error: AppError | None = None, _values: Values | None = None
) -> Response:
    return await here.render(
        "account/delete.html",
        error,
        wrong=by_field(error),
        labels={_TYPED: gettext("Email address")},
    )


def _check_typed(typed: str, email: str) -> None:
    """Refuse a form that somebody sent without meaning this account.

    Raises:
        Unprocessable: What was typed is not its address.
    """
    if typed.strip().casefold() != email.casefold():
        said = gettext("This is not the email address of this account.")
        raise refused(_TYPED, "mismatch", said)
