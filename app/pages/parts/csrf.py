"""Refuses forms that another site sent, or that were made for somebody else.

Browsers say where a request comes from (Fetch Metadata, W3C) and a page cannot make
them lie. Programs that are no browser send neither field; they hold no cookies of
somebody else either. Forms of pages that act for a signed-in browser carry a token too,
which is bound to the browser and the session that the page was made for.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from app.core.exceptions import Forbidden
from app.core.language import gettext
from app.services.server.runtime import Runtime

CSRF = "csrf"  # name of the hidden field
_PORTS = {"http": 80, "https": 443}


class CrossSiteRequest(Forbidden):
    """The form was sent from another site."""

    code = "cross_site_request"
    title = "This form was not sent from our own page"

    def __init__(self, public_url: str, hint: str) -> None:
        """Refuse; whoever came by another name of this machine is told the right one.

        Args:
            public_url: Where our pages are.
            hint: What gave it away.
        """
        super().__init__(hint)
        self._public_url = public_url

    @property
    def detail(self) -> str:
        """Where to go, for retrying on the same page would not help."""
        said = gettext("Open the page at %(site)s and send it from there.")
        return said % {"site": self._public_url}


class ForeignForm(Forbidden):
    """The form was made for another browser, or for who was signed in before.

    Most often it was open for long, or somebody signed in or out in another tab: the
    page is shown again, so that it takes no more than the button.
    """

    code = "foreign_form"
    title = "This page was out of date, so nothing was changed"

    @property
    def detail(self) -> str:
        """What to do, and the one thing that keeps it from helping."""
        return gettext(
            "It is up to date now: please try again. Your browser must allow cookies."
        )


def refuse_foreign_form(is_ours: bool, sent: str) -> None:
    """Let a form through that carries the token of this browser and session.

    Args:
        is_ours: Whether it does.
        sent: What came.

    Raises:
        ForeignForm: It does not.
    """
    if not is_ours:
        raise ForeignForm(hint="form token missing" if not sent else "form token wrong")


def refuse_cross_site(request: Request) -> None:
    """Let a request through that our own page sent; for every unsafe method of a page.

    Raises:
        CrossSiteRequest: Another site sent it, or a page that hides its origin.
    """
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise CrossSiteRequest(settings.public_url, f"Sec-Fetch-Site: {site}")
    origin = request.headers.get("origin")
    if origin is None or origin_of(origin) == origin_of(settings.public_url):
        return
    # A browser that was told to send no Referer says "null" for our own pages too
    # (Fetch, append a request Origin header); then the other field must vouch for it.
    # Over plain HTTP it does not send that one.
    if origin == "null" and site == "same-origin":
        return
    host = request.headers.get("host", "")
    if not settings.is_production and _is_this_machine(origin, host):
        return
    raise CrossSiteRequest(settings.public_url, f"Origin: {origin[:200]}")


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port (RFC 6454 section 4); None for what has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or parts.scheme not in _PORTS:
        return None
    return parts.scheme, parts.hostname, port


def _is_this_machine(origin: str, host: str) -> bool:
    """Tell whether a page of a loopback address posts to where it came from.

    In development people type 127.0.0.1 for localhost. A foreign name that resolves
    to loopback (DNS rebinding) is no loopback name.
    """
    found = origin_of(origin)
    if found is None or found != origin_of(f"{found[0]}://{host}"):
        return False
    try:
        return ipaddress.ip_address(found[1]).is_loopback
    except ValueError:
        return found[1] == "localhost"
