"""From templates to answers; every page has the same strict headers."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from app.core.language import gettext, ngettext
from app.pages.look.brand import Brand
from app.pages.look.people import hue, initials
from app.pages.look.static import address
from app.pages.parts import texts
from app.pages.parts.script import (
    CHALLENGE_SCRIPT,
    PASSKEY_SCRIPT,
    PASSWORD_SCRIPT,
    SETUP_SCRIPT,
    SIGN_IN_SCRIPT,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parents[1]
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    # No script of ours turns text into markup or into script, and none can.
    "require-trusted-types-for 'script'; trusted-types 'none'"
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
# application's own included, and nobody knows where those go.
ONWARD = OPENER | {"Content-Security-Policy": CSP.replace("form-action 'self'; ", "")}


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
        extensions=["jinja2.ext.i18n"],
    )
    # newstyle: what stands in for %(name)s is escaped, the sentence itself is ours.
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(gettext, ngettext, newstyle=True)
    environment.filters["hue"] = hue
    environment.filters["initials"] = initials
    environment.globals["lang"] = "en"
    environment.globals["dir"] = "ltr"
    environment.globals["brand"] = Brand()
    environment.globals["static"] = address
    environment.globals["password_script"] = PASSWORD_SCRIPT
    environment.globals["passkey_script"] = PASSKEY_SCRIPT
    environment.globals["sign_in_script"] = SIGN_IN_SCRIPT
    environment.globals["setup_script"] = SETUP_SCRIPT
    environment.globals["challenge_script"] = CHALLENGE_SCRIPT
    environment.globals["said"] = texts.said
    # For constants: what `_` is given as a name would count as markup of ours.
    environment.globals["say"] = gettext
    return environment


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
    html = _environment().get_template(template).render(values)
    return HTMLResponse(html, status, headers=HEADERS | (headers or {}))
