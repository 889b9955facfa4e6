"""Redirect URIs of preview deployments: one label of a host that the operator owns.

RFC 9700 §2.1 and §4.1.1 want redirect URIs compared as strings. A deployment for every
branch has a host for every branch, and nobody registers those by hand. The exception is
as narrow as it can be: an administrator writes it, all but the first label is compared
as a string, and that label stands under a name that the settings say is the operator's.
"""

import re
from collections.abc import Collection

from app.oauth.uri import Uri, parse_uri

# Every label that somebody may choose; IDN's "xn--" looks like others' names.
_LABEL = re.compile(r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_WILD = "https://*."
_STAND_IN = "https://x."


def _read(pattern: str) -> Uri | None:
    """Return a pattern's parts with a label in place of its star, or None."""
    if not pattern.startswith(_WILD) or "*" in pattern[len(_WILD) :]:
        return None
    return parse_uri(_STAND_IN + pattern[len(_WILD) :])


def why_no_pattern(pattern: str, preview_hosts: Collection[str]) -> str | None:
    """Return why an administrator may not register a pattern, or None.

    Args:
        pattern: Such as ``https://*.preview.example.com/callback``.
        preview_hosts: Names under which every host is the operator's.
    """
    parsed = _read(pattern)
    if parsed is None or parsed.host != parsed.host.lower():
        return "must be https, with * as the whole first label of its host and no other"
    if ".." in parsed.path or "/./" in parsed.path or "%" in parsed.path:
        return "must not have dot segments or encoded characters in its path"
    if not _is_owned(parsed.host, preview_hosts):
        return "must be below a name of AUTH_SERVE_OAUTH__PREVIEW_HOSTS"
    return None


def _is_owned(host: str, preview_hosts: Collection[str]) -> bool:
    parent = host.partition(".")[2]
    return any(is_below_host(parent, owned) for owned in preview_hosts)


def is_below_host(name: str, owned: str) -> bool:
    """Tell whether a host is the owned one, or below it."""
    return name == owned or name.endswith(f".{owned}")


def pattern_parent(pattern: str) -> str:
    """Return the name that every host of an acceptable pattern is right below."""
    parsed = _read(pattern)
    return "" if parsed is None else parsed.host.partition(".")[2]


def matches_pattern(uri: str, pattern: str) -> bool:
    """Tell whether a URI is a pattern with one label in place of the star."""
    sent, known = parse_uri(uri), _read(pattern)
    if sent is None or known is None:
        return False
    label, dot, parent = sent.host.partition(".")
    if not _LABEL.fullmatch(label) or parent != known.host.partition(".")[2]:
        return False
    return uri == f"https://{label}{dot}{pattern[len(_WILD) :]}"
