"""RFC 8707 §2.2: for which of the granted resources the next token is."""

from typing import NamedTuple

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidTarget
from app.oauth.parameters import RESOURCE, Parameters
from app.oauth.resources.request import (
    Resources,
    check_together,
    may_ask,
    resolve_resources,
)
from app.oauth.scopes import OPENID


class Narrowed(NamedTuple):
    """What is left of a grant's resources.

    Attributes:
        granted: Those of the grant that the client may still have.
        wanted: Those of them that the token is for.
    """

    granted: tuple[Resource, ...] = ()
    wanted: tuple[Resource, ...] = ()


async def ask_resources(
    parameters: Parameters, client: Client, resources: Resources
) -> tuple[Resource, ...]:
    """Return what a request without an earlier one is for; empty is the default.

    Raises:
        InvalidTarget: A resource is not to be had, or not together with another.
    """
    names = parameters.every(RESOURCE)
    if not names:
        check_default(client)
        return _meant(parameters.get("scope"), client)
    known = await resources.find(names)
    found = resolve_resources(parameters, client, known)
    check_together(found)
    return found


def _meant(text: str | None, client: Client) -> tuple[Resource, ...]:
    """Return the client's own API, if a scope is asked for that only that knows.

    RFC 8707 §2: where none is named the server may have a default. libpq cannot name
    one. With ``openid`` the token is for userinfo too, which that API is not.
    """
    own = client.resource
    if own is None or text is None:
        return ()
    asked = set(text.split(" "))
    only_there = set(own.scopes) - client.scope
    return (own,) if OPENID not in asked and asked & only_there else ()


async def narrow_resources(
    parameters: Parameters,
    client: Client,
    granted: tuple[str, ...],
    resources: Resources,
) -> Narrowed:
    """Return which of a grant's resources are left, and which are asked for now.

    Args:
        parameters: Of the token request.
        client: Who asks.
        granted: Identifiers that were granted; empty where none was asked for. Nothing
            can be asked for then but what tokens are for anyway: the client's own API.
        resources: Where resources are found.

    Raises:
        InvalidTarget: More is asked for than was granted, nothing of it is left, or no
            single token could be for all of it.
    """
    names = parameters.every(RESOURCE)
    if not granted and not names:
        check_default(client)
        return Narrowed()
    allowed = granted or ((client.audience,) if client.audience else ())
    known = await resources.find({*allowed, *names})
    left = tuple(
        known[name]
        for name in allowed
        if name in known and may_ask(client, known[name])
    )
    if not left:
        raise InvalidTarget("no resource of the grant is left")
    wanted = resolve_resources(parameters, client, known) if names else left
    foreign = [one.identifier for one in wanted if one.identifier not in allowed]
    if foreign:
        hint = f"not granted: {' '.join(foreign)}"
        raise InvalidTarget("the resource was not granted", hint=hint[:1_000])
    check_together(wanted)
    return Narrowed(left, wanted)


def check_default(client: Client) -> None:
    """Refuse tokens for a resource that gets none, where it is meant without a word.

    Raises:
        InvalidTarget: The API that the client is registered for is disabled.
    """
    if client.resource is not None and not client.resource.is_live:
        hint = f"{client.resource.identifier} is disabled"
        raise InvalidTarget("the API of this client gets no tokens now", hint=hint)
