"""``/language``: the language that somebody chooses, kept in a cookie.

A language acts for nobody: its form has no token, and the origin that browsers tell is
enough.
"""

import re
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from app.core.language import chosen_value, known_language, languages
from app.core.late.route import LateRoute
from app.pages.parts.dependencies import Posted, State
from app.pages.parts.flow import go_on
from app.pages.parts.render import OPENER, render
from app.services.sign_in.browser_cookie import BrowserCookies

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_LIFE = timedelta(days=365)
# A path of ours; with a second slash or a backslash it would be another host.
_BACK = re.compile(r"/(?![/\\])[!-~]{0,4000}")


@router.get("/language")
async def show_languages(request: Request) -> Response:
    """Ask for a language, and remember the page that somebody comes from."""
    back = _checked(request.query_params.get("back", ""))
    known = languages().values()
    headers = OPENER  # that page may be in an application's window
    return render("language.html", headers=headers, back=back, languages=known)


@router.post("/language")
async def choose_language(values: Posted, runtime: State) -> Response:
    """Keep the choice, and lead back to the page that it was made for."""
    answer = go_on(_checked(values.get("back", "")))
    answer.headers.update(OPENER)
    if chosen := known_language(values.get("language")):
        cookies = BrowserCookies(runtime.settings.public_url)
        value = chosen_value(chosen, runtime.clock.now())
        life = int(_LIFE.total_seconds())
        field = cookies.write(cookies.language, value, life)
        answer.headers.append("Set-Cookie", field)
    return answer


def _checked(back: str) -> str:
    return back if _BACK.fullmatch(back) else "/"
