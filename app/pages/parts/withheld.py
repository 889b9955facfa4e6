"""The way to an application that nobody vouches for: a person may choose it.

RFC 9700 §4.11.2: what an application asked for and did not get is told here.
"""

from fastapi.responses import HTMLResponse

from app.core.context import current
from app.pages.parts.asked import place_name
from app.pages.parts.render import ONWARD, render
from app.services.oauth.redirect import Withheld

# Of the form the browser says where it comes from, as `form_post.py` has it; a link
# tells nothing.
_HEADERS = ONWARD | {"Referrer-Policy": "strict-origin"}


def render_withheld(withheld: Withheld) -> HTMLResponse:
    """Return a page with the answer as a link, or as a form without script."""
    error = withheld.error()
    return render(
        "withheld.html",
        status=error.status,
        headers=_HEADERS,
        error=error,
        answer=withheld.answer,
        place=place_name(withheld.redirect_uri),
        reason=withheld.reason,
        correlation_id=current().correlation_id,
    )
