"""Where people come who may not enter a protected host, or who left it.

It is here and not at the host: there, everything that is not refused passes.
"""

from fastapi import APIRouter, Request, Response

from app.core.exceptions import NotFound
from app.core.language import Message
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import AtBrowser, show_page
from app.pages.parts.dependencies import State
from app.pages.parts.form_page import Around, FormPage, Link
from app.services.forward_auth.directory import HostPolicy
from app.services.forward_auth.entrance import PAGE
from app.services.forward_auth.gate import START
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import BrowserAccount

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.get(PAGE)
async def show_protected_host(
    request: Request, browser: AtBrowser, runtime: State
) -> Response:
    """Say who is signed in here, whether they may enter, and where they go on."""
    named = request.query_params.getlist("host")
    policy = await runtime.gate.hosts.find(named[0]) if len(named) == 1 else None
    if policy is None:
        raise NotFound(hint="no protected host is named")
    start = Link(
        texts.continue_to(policy.name), f"{runtime.gate.scheme}://{policy.host}/"
    )
    if browser.current is None:
        title = Message(texts.not_signed_in_at(policy.name))
        page = FormPage(PAGE, title, closed=texts.CONTINUE_TO_SIGN_IN)
        return show_page(page, browser, runtime, {}, around=Around(first=[start]))
    notice = texts.signed_in_as(browser.current.email)
    other = Link(texts.OTHER_ACCOUNT, f"{start.to.rstrip('/')}{START}")
    links = [other, Link(texts.SIGN_OUT, "/signout")]
    if await _may_enter(browser.current, policy, runtime):
        page = FormPage(PAGE, Message(policy.name))
        around = Around(notice=notice, first=[start], links=links)
        return show_page(page, browser, runtime, {}, around=around)
    title = Message(texts.may_not_enter(policy.name))
    page = FormPage(PAGE, title, closed=texts.ASK_WHO_LETS_IN)
    around = Around(notice=notice, links=links)
    answer = show_page(page, browser, runtime, {}, around=around)
    answer.status_code = 403
    return answer


async def _may_enter(
    account: BrowserAccount, policy: HostPolicy, runtime: Runtime
) -> bool:
    async with runtime.unit_of_work(read_only=True) as uow:
        roles = await uow.users.held_roles_of(account.user_id)
        groups = await uow.groups.names_of_user(account.user_id)
    return policy.admits(roles, groups)
