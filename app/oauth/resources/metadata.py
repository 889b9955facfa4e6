"""RFC 9728 §2, §3.1 and §5.1: what an API of this server says of itself.

Clients that know no more than an address of the API find out here whom to ask for
tokens, and by which name.
"""

from collections.abc import Sequence
from typing import Any

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def resource_metadata(
    resource: str,
    *,
    issuer: str,
    scopes: Sequence[str],
    name: str,
    documentation: str | None = None,
) -> dict[str, Any]:
    """Return the metadata; what is unset is left out (§3.2).

    Args:
        resource: Its identifier, as clients ask for it (RFC 8707).
        issuer: Who issues tokens for it.
        scopes: What an application can ask for.
        name: For people.
        documentation: For developers.
    """
    members = {
        "resource": resource,
        "authorization_servers": [issuer],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": name,
        "resource_documentation": documentation,
    }
    return {name: value for name, value in members.items() if value}


def metadata_url(resource: str, issuer: str) -> str:
    """Return where the metadata of a resource of this server is (§3.1).

    Args:
        resource: Its identifier, which begins with the issuer.
        issuer: Of this server.
    """
    return issuer + WELL_KNOWN + resource.removeprefix(issuer)


def with_metadata(challenge: str, url: str) -> str:
    """Return ``WWW-Authenticate`` that says where the metadata is (§5.1).

    Args:
        challenge: Of one scheme, with parameters or without.
        url: As ``metadata_url`` has it.
    """
    joint = ", " if "=" in challenge else " "
    return f'{challenge}{joint}resource_metadata="{url}"'
