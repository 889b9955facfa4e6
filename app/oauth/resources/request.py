"""RFC 8707 §2: which resources are asked for, and which of them a client may have.

A resource is asked for by the name that it is registered under. §2 wants an absolute
URI without a fragment; an API whose ``aud`` is another string is asked for by that, and
by nothing else: what no resource is called is refused, whatever it looks like.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidScope, InvalidTarget
from app.oauth.parameters import RESOURCE, Parameters
from app.oauth.scopes import OFFLINE_ACCESS, PERSONAL, resolve_scope

MAX_RESOURCES = 20  # of one request


class Resources(Protocol):
    """Registered resources."""

    async def find(self, names: Collection[str]) -> Mapping[str, Resource]:
        """Return those of these names that get tokens now, by the name asked for."""
        ...


def resolve_resources(
    parameters: Parameters, client: Client, known: Mapping[str, Resource]
) -> tuple[Resource, ...]:
    """Return what a request names as ``resource``, in its order, each once.

    Args:
        parameters: The request; the parameter may be there several times.
        client: Who asks.
        known: What ``Resources.find`` made of the names.

    Raises:
        InvalidTarget: One is unknown, gets no tokens now, or is none of the client's.
            Which of it, the client is not told.
    """
    names = parameters.every(RESOURCE)
    if len(names) > MAX_RESOURCES:
        raise InvalidTarget("too many resources")
    for name in names:
        if name not in known or not known[name].is_live:
            raise _refused(f"no resource is called {ascii(name)}")
        if not may_ask(client, known[name]):
            raise _refused(f"{known[name].identifier} is not assigned to the client")
    found = {known[name].identifier: known[name] for name in names}
    return tuple(found.values())


def may_ask(client: Client, resource: Resource) -> bool:
    """Tell whether tokens for a resource may be given to a client at all."""
    if resource.access == "any":
        return True
    return resource.identifier in (*client.resources, client.audience)


def scope_at(
    resource: Resource, client: Client, *, alone: bool = False
) -> frozenset[str]:
    """Return what of a resource's scope a client may have.

    What is assigned to it there; at a resource that is open to any, all that a person
    may agree to. What it is registered for counts everywhere that knows it. A scope
    that speaks of a person is never the resource's to give.

    Args:
        resource: One that the client may ask for.
        client: Who asks.
        alone: Whether the client speaks for itself, and nobody is there to agree.
    """
    known = frozenset(resource.scopes)
    assigned = client.resources.get(resource.identifier, ())
    if assigned is None or (resource.access == "any" and not alone):
        own = known
    else:
        own = known.intersection(assigned)
    registered = known & client.scope
    return (own | registered) - PERSONAL if alone else (own - PERSONAL) | registered


def scope_of(resources: Iterable[Resource]) -> frozenset[str]:
    """Return all scopes that these resources know."""
    return frozenset(token for resource in resources for token in resource.scopes)


def assigned_scope(
    resources: Iterable[Resource], client: Client, *, alone: bool = False
) -> frozenset[str]:
    """Return what of them a client may have at one of these resources at least."""
    each = (scope_at(resource, client, alone=alone) for resource in resources)
    return frozenset[str]().union(*each)


def requested_scope(
    text: str | None,
    client: Client,
    supported: Collection[str],
    resources: Sequence[Resource] = (),
) -> tuple[str, ...]:
    """Return what is asked for, less ``offline_access`` for who cannot make use of it.

    OIDC Core §11: it is ignored for a client that is not registered for refresh
    tokens. For the others it stays: the person is then asked for it in so many words.

    Args:
        text: ``scope``, if it was sent.
        client: Who asks.
        supported: What this server offers to everybody.
        resources: What it is asked for by name.

    Raises:
        InvalidScope: Malformed, not the client's, or nothing is left.
    """
    scope = given = resolve_scope(
        text,
        client,
        supported,
        of_resources=scope_of(resources) if resources else None,
        assigned=assigned_scope(resources, client),
    )
    if "refresh_token" not in client.grant_types:
        scope = tuple(token for token in scope if token != OFFLINE_ACCESS)
    if given and not scope:
        raise InvalidScope("the client is not registered for refresh_token")
    return scope


def scope_for(
    scope: Iterable[str],
    resources: Sequence[Resource],
    client: Client,
    *,
    alone: bool = False,
) -> tuple[str, ...]:
    """Return the scope of a token for these resources (RFC 9068 §2.2.3).

    Every one that it is for takes its scope at its word. So it has what means something
    to one of them, and nothing that the client may not have at another (RFC 8707 §3).
    """
    if len(resources) == 1:  # what a client may have there, the API knows
        mine = scope_at(resources[0], client, alone=alone)
        return tuple(token for token in scope if token in mine)
    having = [
        (frozenset(one.scopes), scope_at(one, client, alone=alone)) for one in resources
    ]
    return tuple(
        token
        for token in scope
        if any(token in known for known, _ in having)
        and all(token in mine for known, mine in having if token in known)
    )


def check_together(resources: Sequence[Resource]) -> None:
    """Refuse resources that no single token could be for.

    Raises:
        InvalidTarget: One wants to be alone, or they differ in how tokens are signed,
            what type they have, or what form their scope has.
    """
    if len(resources) < 2:
        return
    forms = {(one.algorithm, one.typ, one.scope_form) for one in resources}
    if len(forms) > 1 or any(one.is_exclusive for one in resources):
        raise InvalidTarget("no token can be for these resources together; name one")


def _refused(hint: str) -> InvalidTarget:
    return InvalidTarget(
        "the resource is unknown, or not for this client", hint=hint[:1_000]
    )
