"""The page that posts an answer to an application (OIDC Form Post §2, appendix A)."""

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.oauth.response_modes import Answer
from app.pages.parts.render import ONWARD, allow_script, render
from app.pages.parts.script import source_of

# It is always the same, so the policy names its digest and nothing that an application
# sends can become another one. Without script there is the button.
SCRIPT = "document.forms[0].submit()"
_HEADERS = allow_script(ONWARD, source_of(SCRIPT)) | {
    # Of another site's form the browser says where it comes from only if it may; many
    # applications refuse a form that hides it.
    "Referrer-Policy": "strict-origin",
}


def render_form_post(answer: Answer) -> HTMLResponse:
    """Return a page with a form that sends itself to the application."""
    return render(
        "form_post.html", headers=_HEADERS, answer=answer, script=Markup(SCRIPT)
    )
