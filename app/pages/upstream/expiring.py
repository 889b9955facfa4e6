"""A directory's password that is about to expire: said once, behind the sign-in."""

from fastapi import APIRouter, Response

from app.core.language import N_, gettext
from app.core.language.words import spoken_instant
from app.core.late.route import LateRoute
from app.pages.parts import texts
from app.pages.parts.browser import AtBrowser, keep_expiring
from app.pages.parts.dependencies import State
from app.pages.parts.done import show_message
from app.pages.parts.flow import EXPIRING_PATH, Flow, Section, go_back, onward
from app.pages.parts.form_page import Link
from app.pages.sign_in.directory import CHANGE
from app.services.upstreams.expiring import Expiring, expiring_at

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_SOON, _OVER = N_("Your password expires soon"), N_("Your password has expired")
_WHEN = N_("Your password of %(name)s expires on %(at)s.")
_LEFT = N_("Sign-ins that remain with your password of %(name)s: %(count)s.")
_NOW, _LATER = N_("Change it now"), N_("Later")


@router.get(EXPIRING_PATH)
async def show_expiring(
    flow: Flow, section: Section, browser: AtBrowser, runtime: State
) -> Response:
    """Say when it expires, and lead to another one or on; a second look leads on."""
    told = expiring_at(browser)
    way = await runtime.connections.find(told.connection) if told else None
    on = go_back(flow, section)
    if told is None or way is None:
        keep_expiring(on, runtime)
        return on
    change = onward(f"/upstreams/{told.connection}", flow, section)
    change += f"{'&' if '?' in change else '?'}{CHANGE}=yes"
    links = [
        Link(gettext(_NOW), change),
        Link(gettext(_LATER), on.headers["location"]),
    ]
    answer = show_message(_said(told, way.display_name), links, flow, "closed")
    keep_expiring(answer, runtime)
    return answer


def _said(told: Expiring, name: str) -> texts.Said:
    if told.at is None:
        left = gettext(_LEFT) % {"name": name, "count": told.grace}
        return texts.Said(gettext(_OVER), left)
    when = gettext(_WHEN) % {"name": name, "at": spoken_instant(told.at)}
    return texts.Said(gettext(_SOON), when)
