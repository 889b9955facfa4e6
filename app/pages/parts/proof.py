"""Forms that may ask for a sign-in of just now, at the account and in the console.

A page that changes what protects somebody asks for the strongest that the account has;
whoever comes without it is led through that and back again (NIST SP 800-63B-4, 7.2).
Services decide it where the API asks for the same; what only the console asks for is
asked of ``demand_presence`` there.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import Response

from app.core.exceptions import AppError
from app.pages.parts.browser import ask_second_step, check_form
from app.pages.parts.flow import go_on, with_section
from app.pages.parts.form import Values
from app.pages.parts.form_page import note
from app.services.server.runtime import Runtime
from app.services.sessions.errors import ReauthenticationRequired
from app.services.sign_in.browser_session import Browser, BrowserAccount
from app.services.sign_in.step_up import StepUpService

Show = Callable[..., Awaitable[Response]]


class Visitor(Protocol):
    """Somebody who is in, at a page."""

    @property
    def place(self) -> str:
        """Return where a sign-in leads back to."""
        ...

    @property
    def browser(self) -> Browser:
        """Return whose form it is."""
        ...

    @property
    def account(self) -> BrowserAccount:
        """Return who acts."""
        ...

    @property
    def runtime(self) -> Runtime:
        """Return the parts of the process."""
        ...


async def lead_to_proof(
    place: str, account: BrowserAccount, runtime: Runtime
) -> Response:
    """Lead to what is missing: the second factor alone, or a sign-in from the start."""
    required = await StepUpService(runtime).demand(account)
    if required is not None:
        return ask_second_step("", required, runtime, place)
    return go_on(with_section("/signin", place))


async def submit(
    here: Visitor, values: Values, work: Callable[[], Awaitable[Response]], show: Show
) -> Response:
    """Do what a form asks for; show the page again with what was wrong.

    Args:
        here: Who, and where.
        values: What was posted.
        work: Does it, and returns the answer.
        show: Returns the page, from ``here``, the error and what was typed.
    """
    try:
        check_form(here.browser, values, here.runtime)
        return await work()
    except ReauthenticationRequired as error:
        note(error)
        return await lead_to_proof(here.place, here.account, here.runtime)
    except AppError as error:
        note(error)
        return await show(here, error, values)
