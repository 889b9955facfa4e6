"""Where signing in to an application begins, at its own registered address."""

from app.oauth.clients.client import Client
from app.oauth.clients.redirect_uri import place_of
from app.oauth.uri import add_query, parse_uri


def start_of(client: Client, redirect_uri: str, issuer: str) -> str:
    """Return where signing in to an application begins; empty if no browser gets there.

    Its ``initiate_login_uri`` (OIDC Core §4, which wants ``iss``), else its own page,
    else the origin of a redirect URI; all of them are registered. Of a client that
    registered itself the first two count only where its redirect URIs are: those are
    what was approved, and what people are told the name of (ADR-0014).

    Args:
        client: Which.
        redirect_uri: The one that was asked with, empty if none was; one that is not
            registered any more is as good as none.
        issuer: Our own name.
    """
    login = client.links.get("initiate_login_uri", "")
    if login and _is_its_place(client, login):
        return add_query(login, {"iss": issuer})
    page = client.links.get("client_uri", "")
    if is_page(page) and _is_its_place(client, page):
        return page
    if client.application_type == "native":
        return ""
    asked = [redirect_uri] if redirect_uri in client.redirect_uris else []
    own = (*asked, *client.redirect_uris)
    return next((origin for uri in own if (origin := _origin(uri))), "")


def _is_its_place(client: Client, url: str) -> bool:
    places = map(place_of, client.redirect_uris)
    return not client.is_self_registered or place_of(url) in set(places)


def is_page(url: str) -> bool:
    """Tell whether a browser opens an address."""
    parsed = parse_uri(url)
    return parsed is not None and parsed.scheme in ("http", "https")


def _origin(url: str) -> str:
    parsed = parse_uri(url)
    if parsed is None or parsed.scheme not in ("http", "https"):
        return ""
    port = "" if parsed.port is None else f":{parsed.port}"
    return f"{parsed.scheme}://{parsed.host}{port}/"
