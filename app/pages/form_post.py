"""The page that posts an answer to an application (OIDC Form Post §2, appendix A)."""

import hashlib
from base64 import b64encode

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.oauth.response_modes import Answer
from app.pages.render import ONWARD, render

# The one script of these pages. It is always the same, so the policy names its digest
# and nothing that an application sends can become another one. Without script there is
# the button.
SCRIPT = "document.forms[0].submit()"
_DIGEST = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
_HEADERS = ONWARD | {
    "Content-Security-Policy": ONWARD["Content-Security-Policy"]
    + f"; script-src 'sha256-{_DIGEST}'",
    # Of another site's form the browser says where it comes from only if it may; many
    # applications refuse a form that hides it.
    "Referrer-Policy": "strict-origin",
}


def render_form_post(answer: Answer) -> HTMLResponse:
    """Return a page with a form that sends itself to the application."""
    return render(
        "form_post.html", headers=_HEADERS, answer=answer, script=Markup(SCRIPT)
    )
