"""What a personal access token may do: its scopes, and never more than its owner."""

from collections.abc import Iterable
from typing import get_args

from app.policies.permission import covers
from app.schemas.personal_token import AccountScope, TokenScope

ACCOUNT_READ: str
ACCOUNT_WRITE: str
HOSTS_ENTER: str
ACCOUNT_READ, ACCOUNT_WRITE, HOSTS_ENTER = get_args(AccountScope)
SCOPES: tuple[str, ...] = get_args(TokenScope)
_ME = "/api/v1/users/me"
# Named one by one, so that a route of tomorrow is closed until somebody decides:
# nothing of passwords, addresses, factors, or further tokens.
_WRITES = frozenset(
    {
        ("PATCH", _ME),
        ("PUT", f"{_ME}/claims"),
        ("PUT", f"{_ME}/picture"),
        ("DELETE", f"{_ME}/picture"),
        ("DELETE", f"{_ME}/sessions"),
        ("DELETE", f"{_ME}/sessions/{{session_id}}"),
        ("DELETE", f"{_ME}/devices/{{device_id}}"),
        ("DELETE", f"{_ME}/consents/{{client_id}}"),
    }
)


def scope_for(method: str, path: str) -> str | None:
    """Return the scope that a route of the owner's part asks for; None is never.

    Args:
        method: Of the request.
        path: Of the route, with the names of its parameters.
    """
    if path != _ME and not path.startswith(f"{_ME}/"):
        return None
    if method in ("GET", "HEAD"):
        return ACCOUNT_READ
    return ACCOUNT_WRITE if (method, path) in _WRITES else None


def narrowed(permissions: Iterable[str], scope: Iterable[str]) -> frozenset[str]:
    """Return the permissions that a token has: those of its scope that are held."""
    held = frozenset(permissions)
    return frozenset(name for name in scope if covers(held, (name,)))


def offered(permissions: Iterable[str], *, enters_hosts: bool) -> list[str]:
    """Return the scopes that somebody may give a token, in their order.

    Args:
        permissions: What they may do themselves.
        enters_hosts: Whether any protected host lets tokens in.
    """
    held = frozenset(permissions)
    own = [ACCOUNT_READ, ACCOUNT_WRITE] + [HOSTS_ENTER] * enters_hosts
    others = (name for name in SCOPES if name not in (*own, HOSTS_ENTER))
    return [*own, *(name for name in others if covers(held, (name,)))]
