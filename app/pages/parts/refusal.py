"""Refusals as pages: what is wrong, and one step that leads on."""

from typing import Any

from fastapi import Request, Response

from app.core.context import current
from app.core.exceptions import AppError
from app.pages.parts import texts
from app.pages.parts.form_page import Link
from app.pages.parts.render import render

# Where another try may come to another end; of a form the page is opened again.
_PASSING = frozenset({408, 413, 415, 422, 429, 500, 503})
_MALFORMED = frozenset({"malformed_form", "bad_request", "foreign_form"})
# Addresses that are posted to from another page, and open as none.
_NO_PAGES = ("/switch-account", "/oauth2/", "/upstreams/")


def render_error(request: Request, error: AppError) -> Response:
    """Return a refusal as a page; the hint stays in the log."""
    known = [Link(text, to) for text, to in error.steps]
    told: dict[str, Any] = {
        "links": known or [next_step(request, error)],
        "correlation_id": current().correlation_id,
        # Said by the console: to look it up here would ask a database that may be gone.
        "may_trace": getattr(request.state, "may_trace", False),
    }
    if framed := getattr(request.state, "refuse", None):  # so does a page of its frame
        page: Response = framed(error, **told)
        return page
    return render(
        "error.html", status=error.status, headers=error.headers, error=error, **told
    )


def next_step(request: Request, error: AppError) -> Link:
    """Return the one link that a page of refusal has."""
    if error.status in _PASSING or error.code in _MALFORMED:
        if again := _address_of(request):
            return Link(texts.AGAIN, again)
    return Link(texts.START, "/")


def _address_of(request: Request) -> str:
    """Return the page that was asked for, or whose form was sent; empty if none.

    An address that begins with two slashes would lead to another host.
    """
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if "route" not in request.scope or path.startswith(("//", *_NO_PAGES)):
        return ""
    return f"{path}?{query}" if query and request.method == "GET" else path
