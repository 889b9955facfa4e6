"""Refuses forms that another site sent.

Browsers say where a request comes from (Fetch Metadata, W3C) and a page cannot make
them lie. Programs that are no browser send neither field; they hold no cookies of
somebody else either.
"""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from app.core.exceptions import Forbidden
from app.services.runtime import Runtime

_PORTS = {"http": 80, "https": 443}


class CrossSiteRequest(Forbidden):
    """The form was sent from another site."""

    code = "cross_site_request"
    title = "This form was not sent from our own page; open it again and retry"


def refuse_cross_site(request: Request) -> None:
    """Let a request through that our own page sent; for every unsafe method of a page.

    Raises:
        CrossSiteRequest: Another site sent it, or an old page that hides its origin.
    """
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise CrossSiteRequest(hint=f"Sec-Fetch-Site: {site}")
    origin = request.headers.get("origin")
    if origin is None or origin_of(origin) == origin_of(settings.public_url):
        return
    # Our pages send no Referer, and a form on such a page has the origin "null"
    # (Fetch, append a request Origin header); then the other field must vouch for it.
    if origin == "null" and site == "same-origin":
        return
    host = request.headers.get("host", "")
    if not settings.is_production and _is_this_machine(origin, host):
        return
    raise CrossSiteRequest(hint=f"Origin: {origin[:200]}")


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
