"""A form about one program: sent by who signed in just now, or shown again."""

from collections.abc import Awaitable, Callable

from fastapi import Response

from app.core.exceptions import AppError, NotFound
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import Section
from app.pages.parts.form import Values
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.repositories.unit_of_work import UnitOfWork

Work = Callable[[Here, UnitOfWork], Awaitable[Response]]
Deed = Callable[[Here], Awaitable[Response]]
Show = Callable[[Here, AppError | None, Values], Awaitable[Response]]


async def change(
    at: AtConsole, section: Section, shown: str, values: Values, work: Work, show: Show
) -> Response:
    """Do something in one transaction.

    Args:
        at: Who, by whatever right.
        section: What it belongs to; names the permission.
        shown: Where a sign-in leads back to, as ``Visit.enter`` has it.
        values: What was posted.
        work: Does it, and returns the answer.
        show: Returns the page with what was wrong.

    Raises:
        NotFound: What it is about is gone, so there is no page to show.
    """

    async def whole(here: Here) -> Response:
        async with here.runtime.unit_of_work() as uow:
            return await work(here, uow)

    return await deed(at, section, shown, values, whole, show)


async def deed(
    at: AtConsole, section: Section, shown: str, values: Values, work: Deed, show: Show
) -> Response:
    """Do the same where ``work`` shows a page with what came of it.

    Raises:
        NotFound: What it is about is gone, so there is no page to show.
    """
    here = await at.enter(section, shown=shown, permission=section.act)
    if isinstance(here, Response):
        return here

    async def do() -> Response:
        await here.demand_presence()
        return await work(here)

    async def again(here: Here, error: AppError | None, values: Values) -> Response:
        if isinstance(error, NotFound):
            raise error
        return await show(here, error, values)

    return await submit(here, values, do, again)


def wrong_in(error: AppError | None) -> dict[str, str]:
    """Return the sentence for each field; one of a member is said at the whole."""
    found: dict[str, str] = {}
    for name, said in by_field(error).items():
        found.setdefault(name.partition(".")[0], said)
    return found
