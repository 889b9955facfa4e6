"""RFC 6749 §3.3 and §6, OIDC Core §5.4 and §11: what is asked for and given."""

import re
from collections.abc import Collection

from app.oauth.clients.client import Client
from app.oauth.errors import InvalidScope

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
ACCOUNT = "account"  # of our own: to act for the owner of an account (ADR-0054)
# These speak of a person (OIDC Core §5.4 and §11); all others are of an API. Settings
# have the same as `OWN_SCOPES`, so that no API takes one for its own.
PERSONAL = frozenset(
    {
        *(OPENID, OFFLINE_ACCESS, ACCOUNT, "profile", "email", "address", "phone"),
        *("groups", "roles"),
    }
)
# What a person belongs to. An administrator gives a client these, and `ACCOUNT`; who
# registers itself has none of them.
MEMBERSHIP = frozenset({"groups", "roles"})
ASSIGNED = MEMBERSHIP | {ACCOUNT}
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def parse_scope(text: str) -> tuple[str, ...]:
    """Return the scope tokens in the order sent, each once.

    Raises:
        InvalidScope: A token has a character that RFC 6749 §3.3 does not allow, or
            there is more than one space between two.
    """
    tokens = text.split(" ")
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise InvalidScope("scope is malformed")
    return tuple(dict.fromkeys(tokens))


def resolve_scope(
    text: str | None,
    client: Client,
    supported: Collection[str],
    *,
    of_resources: frozenset[str] | None = None,
    assigned: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return what a client asks for and may have.

    Values that this server does not know are left out (OIDC Core §3.1.2.1), and so is
    what a person belongs to, if the client is not told of it; other values that the
    server knows and the client is not registered for are refused. Where none is known,
    a client that registered itself gets ``default_scope``. Nothing need be left for a
    resource that has no scopes: being named is all that can be asked of it.

    Args:
        text: ``scope``, if it was sent.
        client: Who asks.
        supported: What this server offers to everybody.
        of_resources: What the resources know that are asked for; None if none is.
        assigned: What the client may have there.

    Raises:
        InvalidScope: Malformed, not the client's, or nothing is left.
    """
    asked = () if text is None else parse_scope(text)
    there = of_resources or frozenset()
    # Programs ask for membership of any server; RFC 6749 §3.3: it is left out, and the
    # answer says so.
    offered = {*supported, *there} - (MEMBERSHIP - client.scope)
    known = tuple(token for token in asked if token in offered)
    mine = client.scope | assigned
    foreign = [token for token in known if token not in mine]
    if foreign:
        hint = f"not registered for {' '.join(foreign)}"
        raise InvalidScope(
            "the client may not ask for this scope",
            hint=hint,
            compared={"asked for": " ".join(known), "registered": " ".join(mine)},
        )
    if not known and client.is_self_registered:
        own = None if of_resources is None else assigned
        known = default_scope(client, supported, own)
    nothing_to_ask = text is None and of_resources == frozenset()
    if not known and not nothing_to_ask:
        said = "scope is missing" if text is None else "no known scope is asked for"
        raise InvalidScope(said)
    return known


def default_scope(
    client: Client, supported: Collection[str], assigned: frozenset[str] | None = None
) -> tuple[str, ...]:
    """Return what a program is asking for that does not know this server (ADR-0045).

    Who signs in, and what there is at its APIs; at those that it names, if it names
    any. Never the profile or the address, and no access that outlives the session:
    whoever wants these has to say so.
    """
    mine = [token for token in supported if token in client.scope]
    if assigned is not None:
        mine = [token for token in mine if token == OPENID] + sorted(assigned)
    return tuple(token for token in mine if token == OPENID or token not in PERSONAL)


def narrow_scope(text: str | None, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scope of a refreshed token: never more than was granted.

    Raises:
        InvalidScope: It asks for more (RFC 6749 §6).
    """
    if text is None:
        return granted
    wanted = parse_scope(text)
    if not set(wanted) <= set(granted):
        raise InvalidScope("more than was granted")
    return wanted
