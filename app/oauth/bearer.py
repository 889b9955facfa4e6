"""RFC 6750 §2 and §3: how an access token comes, and what a refusal says.

A token in the query is not taken (§2.3, RFC 9700 §4.3.2): URLs are logged.
"""

import re
from collections.abc import Collection

from app.oauth.errors import InvalidRequest, InvalidToken, OAuthError
from app.oauth.parameters import Parameters

_BEARER = re.compile(r"bearer(?: +(.*))?", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_UNQUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def read_access_token(
    authorization: str | None, form: Parameters | None = None
) -> str | None:
    """Return the access token of a request, or None if there is none.

    Args:
        authorization: The field, if there was one; another scheme is no token.
        form: The body of a form that was posted (§2.2), never a query.

    Raises:
        InvalidRequest: The token comes in both ways (§2).
        InvalidToken: It is not of the form of one (§2.1).
    """
    field = _BEARER.fullmatch((authorization or "").strip(" \t"))
    posted = None if form is None else form.get("access_token")
    if field is not None and posted is not None:
        raise InvalidRequest("the access token was sent twice")
    token = posted if field is None else field[1] or ""
    if token is not None and not _TOKEN.fullmatch(token):
        raise InvalidToken("the access token is malformed")
    return token


def challenge(
    error: OAuthError | None = None,
    *,
    realm: str,
    scope: Collection[str] = (),
) -> str:
    """Return ``WWW-Authenticate`` for a refusal (§3).

    Args:
        error: What is wrong; None if no token came, and then no error is named (§3.1).
        realm: What is protected.
        scope: What would be needed, for ``insufficient_scope``.
    """
    members = {"realm": realm}
    if error is not None:
        members["error"] = error.error
        members["error_description"] = error.description
    members["scope"] = " ".join(scope)
    quoted = (
        f'{name}="{_UNQUOTABLE.sub("?", value)}"'
        for name, value in members.items()
        if value
    )
    return "Bearer " + ", ".join(quoted)
