"""RFC 7591 §2 and §3.2.1: what is made of a registration before it is judged.

Programs register themselves with all that they could ever use, and with empty texts for
what they do not know. The server may replace what it was asked for, and the answer says
what was registered. Left out is what only widens: grant types, response types, scopes.
Everything else that is not acceptable is refused, since the program could not work.
"""

from collections.abc import Mapping
from typing import Any

from app.oauth.clients.metadata_value import refusal
from app.oauth.clients.redirect_uri import is_native
from app.oauth.errors import InvalidClientMetadata
from app.oauth.supported import Supported

# What goes on with a grant, and begins none.
_CONTINUES = frozenset({"refresh_token"})


def adapt(document: Any, supported: Supported) -> dict[str, Any]:
    """Return a registration without what this server does not offer.

    Members of a wrong type stay as they are, for the judge to refuse.

    Args:
        document: What the JSON of the request says.
        supported: What may be registered.

    Raises:
        InvalidClientMetadata: No grant remains that the client could use.
    """
    members = present(document)
    _adapt_flow(members, supported)
    _adapt_scope(members, supported)
    if "application_type" not in members and _is_native(members):
        members["application_type"] = "native"
    return members


def present(document: Any) -> dict[str, Any]:
    """Return the members that say something: null and empty texts are absent.

    Raises:
        InvalidClientMetadata: It is no JSON object.
    """
    if not isinstance(document, Mapping):
        raise InvalidClientMetadata("the metadata must be a JSON object")
    members = {name: _filled(value) for name, value in document.items()}
    return {n: v for n, v in members.items() if not _is_empty(v) and v != []}


def _filled(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [item for item in value if not _is_empty(item)]


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _texts(members: Mapping[str, Any], name: str) -> list[str] | None:
    """Return a list of texts, or None if the member is absent or something else."""
    value = members.get(name)
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value if is_list else None


def _adapt_flow(members: dict[str, Any], supported: Supported) -> None:
    """RFC 7591 §2.1: what remains of the grant types says which responses go along."""
    grants, responses = _texts(members, "grant_types"), _texts(
        members, "response_types"
    )
    if grants is not None:
        kept = [grant for grant in grants if grant in supported.grant_types]
        if _CONTINUES.issuperset(kept):
            reason = "has none with which a client could begin here"
            raise refusal("grant_types", reason, grants, supported.grant_types)
        members["grant_types"] = kept
    elif "grant_types" in members:
        return
    elif responses is not None and "code" not in responses:
        reason = "has none that is supported"  # they alone say what the client can
        raise refusal("response_types", reason, responses, ("code",))
    if responses is not None:
        has_code = grants is None or "authorization_code" in members["grant_types"]
        members["response_types"] = ["code"] if has_code else []


def _adapt_scope(members: dict[str, Any], supported: Supported) -> None:
    """Keep the scopes that there are; of none that is known, all may be asked for.

    People are asked about each of them anyway.
    """
    text = members.get("scope")
    if not isinstance(text, str):
        return
    known = [token for token in text.split() if token in supported.scopes]
    if known:
        members["scope"] = " ".join(known)
    else:
        del members["scope"]


def _is_native(members: Mapping[str, Any]) -> bool:
    """Tell whether only a program on the person's own device can be meant."""
    return any(is_native(uri) for uri in _texts(members, "redirect_uris") or ())
