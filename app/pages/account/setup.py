"""The first administrator, with the link that the log prints."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.models.user import User
from app.pages.parts.browser import (
    check_form,
    keep_accounts,
    keep_device,
    refusal_of,
    render_form,
)
from app.pages.parts.dependencies import LinkToken, Posted
from app.pages.parts.flow import Flow, go_on
from app.pages.parts.form import Values, validated
from app.pages.parts.form_page import EMAIL, PASSWORD, Form, FormPage, by_field
from app.pages.parts.link_page import LinkPage
from app.pages.parts.new_password import validated_with_password
from app.pages.parts.passkey import RENEW, RESPONSE, answer_of, renewed
from app.pages.parts.render import HEADERS, allow_script
from app.pages.parts.request import AtPage, Here
from app.pages.parts.script import SETUP_SOURCE
from app.schemas.base import Email, Input, MailedToken, Password
from app.services.accounts.password import PasswordService
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.token import Purpose
from app.services.server.setup import SetupService
from app.services.sign_in.browser_session import BrowserSessionService
from app.services.sign_in.password import SignInService
from app.services.sign_in.start import StartedSession

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_PATH, _AFTER = "/setup", "/admin/start"


@dataclass(frozen=True, slots=True)
class _SetupPage(LinkPage):
    """A passkey first, a password for whoever wants one; both by the same link."""

    async def _show(
        self, values: Values, flow: str, here: Here, error: AppError | None = None
    ) -> Response:
        token = values.get("token", "")
        options = await _options(token, here) if token else None
        if options is None:
            return await LinkPage._show(self, {}, flow, here, error)
        is_open = error is not None and RESPONSE not in values
        return render_form(
            "setup.html",
            here.browser,
            here.runtime,
            error=error,
            headers=allow_script(HEADERS, SETUP_SOURCE),
            page=self.page,
            form=self.page.forms[0],
            values=values,
            options=json.dumps(options),
            site=here.runtime.settings.public_url,
            minimum=here.runtime.settings.password.min_length,
            wrong=by_field(error),
            labels={each.name: each.label for each in self.page.forms[0].fields},
            is_password_open=is_open,
        )


_PAGE = _SetupPage(
    FormPage(
        _PATH,
        N_("Create the first administrator"),
        N_("Choose how the first administrator signs in."),
        (Form(N_("Create administrator"), (EMAIL, PASSWORD)),),
        # The same before and after: whether there is an administrator is not told here.
        closed=N_(
            "The first administrator is created with a one-time link. The service "
            "prints it when it starts without an administrator. Where it runs, the "
            "command auth-serve setup link prints it again or says that set-up is "
            "finished."
        ),
    ),
    Purpose.SETUP,
    "setup",
)


class _WithPassword(Input):
    token: MailedToken
    email: Email
    password: Password


class _WithPasskey(Input):
    token: MailedToken
    email: Email


@router.get(_PATH)
async def show_setup(token: LinkToken, flow: Flow, here: AtPage) -> Response:
    """Show the form to whoever holds the link, and an explanation to others."""
    return await _PAGE.open(token, flow, here)


@router.post(_PATH)
async def submit_setup(values: Posted, here: AtPage) -> Response:
    """Make the administrator, and sign them in at the browser that sent its form."""
    runtime = here.runtime
    if RENEW in values:
        options = await _options(values.get("token", ""), here)
        if options is not None:
            return renewed(options)
    service = SetupService(runtime.uow(here.db), runtime, PasswordService(runtime))
    made: list[User] = []
    begun: list[StartedSession] = []

    async def work(fields: Values) -> None:
        if RESPONSE in fields:
            check_form(here.browser, values, runtime)  # for a session begins with it
            named = {name: text for name, text in fields.items() if name != RESPONSE}
            form = validated(_WithPasskey, named)
            answer = answer_of(fields)
            begun.append(
                await service.complete_with_passkey(form.token, form.email, answer)
            )
            return
        chosen = validated_with_password(_WithPassword, fields, runtime)
        made.append(await service.complete(chosen.token, chosen.email, chosen.password))

    answer = await _PAGE.submit(values, here, work)
    if made and refusal_of(here.browser, values, runtime) is None:
        started = await SignInService(runtime).browser_registered(made[0])
        begun += [started] if started else []
    return await _signed_in(begun[0], here) if begun else answer


async def _signed_in(begun: StartedSession, here: Here) -> Response:
    joined = await BrowserSessionService(here.runtime).joined(here.browser, begun)
    answer = go_on(_AFTER)
    keep_accounts(answer, joined, here.runtime)
    keep_device(answer, here.runtime)
    return answer


async def _options(token: str, here: Here) -> dict[str, Any] | None:
    """Return what makes a passkey with this link; None where the link is over."""
    passwords = PasswordService(here.runtime)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        service = SetupService(uow, here.runtime, passwords)
        try:
            return await service.passkey_options(token)
        except InvalidOneTimeToken:
            return None
