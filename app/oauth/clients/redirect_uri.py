"""RFC 9700 §2.1, §2.6 and §4.1.3, RFC 8252 §7 and §8.3-§8.4, RFC 6749 §3.1.2.

Redirect URIs are compared as strings. There are two exceptions: the port of a native
client's loopback address, which the operating system chooses while it runs, and what an
administrator's pattern allows (``redirect_pattern``).
``localhost`` counts as such an address: RFC 8252 §8.3 would rather not have it, but
programs register it, and browsers resolve it to this machine alone (ADR-0016).
"""

import re
from collections.abc import Collection, Sequence

from app.oauth.clients.client import ApplicationType, Client
from app.oauth.clients.redirect_pattern import matches_pattern
from app.oauth.errors import Check, InvalidRequest
from app.oauth.uri import Uri, parse_uri

# Dot segments, also ``/..;/``, and separators that a later decoder would find.
_DETOUR = re.compile(r"\.\.|/\.(?:/|$)|%(?:2[EeFf5]|5[Cc])")
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_COMPONENTS = re.compile(
    r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)  # RFC 3986 appendix B: it matches everything
_NAMES = ("scheme", "authority", "path", "query", "fragment")
_SHOWN_URIS = 10
_SHOWN_LENGTH = 300


def why_not(
    uri: str,
    application_type: ApplicationType,
    development: bool,
    private_schemes: Collection[str] = (),
) -> str | None:
    """Return why a URI may not be registered as a target of redirects, or None.

    The words follow the name of the metadata member, and never hold the URI.

    Args:
        uri: What is to be registered.
        application_type: Of the client.
        development: Whether plain http is acceptable on this machine.
        private_schemes: Schemes of native clients that are accepted without a dot.
    """
    parsed = parse_uri(uri)
    if parsed is None:
        return "must be absolute, without fragment, user information or wildcard"
    if _DETOUR.search(parsed.path):
        return "must not have dot segments or encoded separators in its path"
    if parsed.scheme == "https":
        return None
    if parsed.scheme == "http":
        is_allowed = _may_use_http(parsed, application_type, development)
        return None if is_allowed else "must use https"
    # RFC 8252 §7.1: a reversed domain name, so that it has a dot
    is_private = _PRIVATE_USE.fullmatch(parsed.scheme)
    if application_type == "native" and (
        is_private or parsed.scheme in private_schemes
    ):
        return None
    return (
        "must use https, or for native clients a scheme with a dot or one that "
        "AUTH_SERVE_OAUTH__PRIVATE_SCHEMES names"
    )


def is_native(uri: str) -> bool:
    """Tell whether a URI leads to a program on the person's own device."""
    parsed = parse_uri(uri)
    if parsed is None or parsed.scheme == "https":
        return False
    return parsed.scheme != "http" or parsed.is_loopback


def _may_use_http(
    uri: Uri, application_type: ApplicationType, development: bool
) -> bool:
    """Tell whether plain http is acceptable: it never leaves the machine.

    Other names than ``localhost`` may be made to mean another machine (RFC 8252 §8.3).
    """
    if development:
        return uri.is_loopback
    is_here = uri.is_loopback_ip or uri.host == "localhost"
    return application_type == "native" and is_here


def may_register(
    uri: str,
    application_type: ApplicationType,
    development: bool,
    private_schemes: Collection[str] = (),
) -> bool:
    """Tell whether a client of this type may have its users sent to this URI."""
    return why_not(uri, application_type, development, private_schemes) is None


def _may_use(uri: str, client: Client, development: bool) -> bool:
    kind, schemes = client.application_type, client.private_schemes
    return may_register(uri, kind, development, schemes)


def place_of(uri: str) -> str:
    """Return to whom a URI leads: what people agree to be sent to (ADR-0014).

    Scheme, host and port, whatever the path. On this machine the port does not count:
    the operating system chooses it anew (RFC 8252 §7.3).
    """
    parsed = parse_uri(uri)
    if parsed is None:
        return uri
    scheme, host, port = parsed.origin
    named = "" if port is None or parsed.is_loopback else f":{port}"
    return f"{scheme}://{host}{named}"


def may_send(client: Client, uri: str, agreed: Collection[str]) -> bool:
    """Tell whether a browser may be sent to a client without a click (ADR-0014).

    Args:
        client: Whose URI it is.
        uri: Where it would be sent; it matched what is registered.
        agreed: Places that the person there agreed to be sent to for this client.
    """
    return client.is_vouched_for or place_of(uri) in agreed


def match_redirect_uri(
    sent: str | None, client: Client, *, development: bool = False
) -> str:
    """Return where the answer to an authorization request goes.

    What was registered in development and may not be used in production does not match
    there (RFC 9700 §2.6).

    Raises:
        InvalidRequest: It is not registered, or was left out by a client that has not
            exactly one (RFC 6749 §3.1.2.3). The hint says what differs.
    """
    usable = [uri for uri in client.redirect_uris if _may_use(uri, client, development)]
    patterns = client.redirect_uri_patterns
    if sent is None and len(usable) == 1 and not patterns:
        return usable[0]
    if sent is None:
        hint = f"registered {_listed(client.redirect_uris)}"
        raise InvalidRequest(
            "redirect_uri is missing", hint=hint, check=Check.REDIRECT_URI
        )
    if sent in usable or _is_own_port(sent, usable, client, development):
        return sent
    if any(matches_pattern(sent, pattern) for pattern in patterns):
        return sent
    raise InvalidRequest(
        "redirect_uri is not registered for this client",
        hint=describe_difference(sent, (*client.redirect_uris, *patterns)),
        check=Check.REDIRECT_URI,
        compared={
            "sent": _shown(sent),
            "registered": _listed((*client.redirect_uris, *patterns)),
        },
    )


def match_post_logout_redirect_uri(
    sent: str, client: Client, *, development: bool = False
) -> str:
    """Return where the browser goes after signing out.

    Here the port counts too: OIDC RP-Initiated Logout §3 knows no exception.

    Raises:
        InvalidRequest: It is not registered; the hint says what differs.
    """
    registered = client.post_logout_redirect_uris
    if sent in registered and _may_use(sent, client, development):
        return sent
    raise InvalidRequest(
        "post_logout_redirect_uri is not registered for this client",
        hint=describe_difference(sent, registered),
        check=Check.REDIRECT_URI,
        compared={"sent": _shown(sent), "registered": _listed(registered)},
    )


def _is_own_port(
    sent: str, usable: Sequence[str], client: Client, development: bool
) -> bool:
    """Tell whether only the port of a native client's loopback address differs."""
    parsed = parse_uri(sent)
    if client.application_type != "native" or parsed is None:
        return False
    if parsed.scheme != "http":
        return False
    if not _may_use_http(parsed, client.application_type, development):
        return False
    known = (parse_uri(candidate) for candidate in usable)
    without_port = parsed._replace(port=None)
    return any(uri and uri._replace(port=None) == without_port for uri in known)


def describe_difference(sent: str, registered: Sequence[str]) -> str:
    """Return what was sent, what is registered, and which parts differ.

    For the audit trail: with everything but ASCII escaped, since letters that only
    look alike are one of the differences to find.
    """
    text = f"sent {_shown(sent)}; registered {_listed(registered)}"
    if sent in registered:
        return f"{text}; it may not be used outside development"
    if not registered:
        return text
    differences = min((_differing(sent, known) for known in registered), key=len)
    return f"{text}; differs in {', '.join(differences)}"


def _differing(sent: str, known: str) -> list[str]:
    return [
        f"{name} ({_shown(there)} for {_shown(here)})"
        for name, there, here in zip(_NAMES, _parts(sent), _parts(known), strict=True)
        if there != here
    ]


def _parts(uri: str) -> tuple[str | None, ...]:
    return next(_COMPONENTS.finditer(uri)).groups()


def _shown(text: str | None) -> str:
    return "none" if text is None else ascii(text[:_SHOWN_LENGTH])


def _listed(uris: Sequence[str]) -> str:
    shown = ", ".join(_shown(uri) for uri in uris[:_SHOWN_URIS]) or "none"
    return f"{shown} and more" if len(uris) > _SHOWN_URIS else shown
