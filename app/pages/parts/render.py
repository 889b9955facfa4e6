"""From templates to answers; every page has the same strict headers."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.responses import HTMLResponse

from app.core.context import current
from app.core.language import (
    ENGLISH,
    Message,
    direction,
    gettext,
    language,
    languages,
    speaking,
)
from app.core.language.templating import EXTENSION, speak
from app.core.language.words import spoken_day, spoken_instant, spoken_number
from app.pages.look.application_theme import of_application
from app.pages.look.brand import Brand
from app.pages.look.chart import counted
from app.pages.look.people import hue, initials
from app.pages.look.static import address
from app.pages.parts.refusal_texts import said
from app.pages.parts.script import (
    CHALLENGE_SCRIPT,
    PASSKEY_SCRIPT,
    PASSWORD_SCRIPT,
    SETUP_SCRIPT,
)
from app.utils.base_path import base_path, links_under

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parents[1]
# What waits, what for, a link of a mail, where one was used up, and a second factor.
_OURS = re.compile(r"(?:flow|to|token|after|factor)=[A-Za-z0-9_.-]{1,1600}")
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    # No script of ours turns text into markup or into script, and none can.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# For mails alone: their own markup has its style inline, as mail programs want it; no
# script, no form and no frame can come with it.
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",  # pages hold links that work
    # So do their addresses: no other site learns them. "no-referrer" would also hide
    # the origin of our own forms (Fetch), which is how they are known to be ours.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# For every page and redirect on the way of an application's request. An application
# may have opened it in a window that it waits for: "same-origin", which all other
# answers have, would cut the two apart for good.
OPENER = {"Cross-Origin-Opener-Policy": "unsafe-none"}
# For its pages. Chrome applies form-action to every redirect that follows a form, the
# application's own included, and nobody knows where those go; so it is with a form
# that leads to where somebody is known already.
LEAVING = {"Content-Security-Policy": CSP.replace("form-action 'self'; ", "")}
ONWARD = OPENER | LEAVING


@cache
def _environment() -> "Environment":
    # Here: many a service is asked for no page, and jinja2 is two megabytes.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[EXTENSION],
        finalize=_translated,
    )
    speak(environment)
    environment.filters["hue"] = hue
    environment.filters["initials"] = initials
    environment.globals["static"] = address
    environment.globals["password_script"] = PASSWORD_SCRIPT
    environment.globals["passkey_script"] = PASSKEY_SCRIPT
    environment.globals["setup_script"] = SETUP_SCRIPT
    environment.globals["challenge_script"] = CHALLENGE_SCRIPT
    environment.globals["said"] = said
    # For constants: what `_` is given as a name would count as markup of ours.
    environment.globals["say"] = gettext
    environment.globals["spoken_day"] = spoken_day
    environment.globals["spoken_instant"] = spoken_instant
    environment.globals["spoken_number"] = spoken_number
    environment.globals["counted"] = counted
    return environment


def _translated(value: object) -> object:
    """Translate a sentence of ours where a template shows it; it is escaped after."""
    return gettext(value) if isinstance(value, Message) else value


def allow_script(headers: dict[str, str], source: str) -> dict[str, str]:
    """Return header fields whose policy lets one script run, or one more."""
    policy = headers.get("Content-Security-Policy", CSP)
    known, found, others = policy.partition("script-src ")  # a second one is ignored
    if found:
        policy = f"{known}{source} {others}"
    else:
        policy = f"{policy}; {source}"
    return headers | {"Content-Security-Policy": policy}


def render(
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page; whatever people typed is escaped."""
    # A refusal says nothing of the address: a page that shows what its address says
    # lends our name to anybody (T062).
    here = "" if values.get("error") else _here()
    around = {"here": here, "brand": _brand(), **_spoken(), **values}
    html = _environment().get_template(template).render(around)
    if base := _base():
        html = links_under(html, base)
    said = {"Content-Language": language(), "Vary": "Accept-Language"}
    return HTMLResponse(html, status, headers=HEADERS | said | (headers or {}))


def render_for_developers(
    template: str, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """Return a page that is in English, as the API and its errors are (ADR-0064)."""
    with speaking(ENGLISH):
        return render(template, headers=headers, here="", **values)


def _spoken() -> dict[str, str]:
    """Return what a page says of its language."""
    name = languages()[language()].name
    return {"lang": language(), "dir": direction(), "language_name": name}


def _brand() -> Brand:
    """Return whose pages these are; ours where there is no service around."""
    app = current().scope.get("app")
    brand: Brand = app.state.brand if app is not None else Brand()
    worn = current().worn
    return brand if worn is None else of_application(brand, *worn)


def _base() -> str:
    """Return the path of the public URL; none where there is no service around."""
    app = current().scope.get("app")
    return base_path(app.state.runtime.settings.public_url) if app is not None else ""


def _here() -> str:
    """Return the way back to this page, for the link that chooses a language.

    Of what stands after the path only our own words come along: anybody makes links
    to our pages, and what they put there would be said in ours (T062). Where an
    application's request is the address, there is no way back without it.
    """
    scope = current().scope
    if scope.get("method") not in ("GET", "HEAD"):
        return ""  # a form was sent to it
    path = quote(scope["path"])
    asked = [
        each for each in scope["query_string"].decode("latin-1").split("&") if each
    ]
    kept = [each for each in asked if _OURS.fullmatch(each)]
    if kept != asked and path.startswith("/oauth2/"):
        return ""
    return quote(f"{path}?{'&'.join(kept)}" if kept else path)
