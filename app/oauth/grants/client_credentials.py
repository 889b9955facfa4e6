"""RFC 6749 §4.4, RFC 9700 §2.3: a client that speaks for itself."""

from collections.abc import Iterable

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import InvalidScope, UnauthorizedClient
from app.oauth.grants.base import Granted, Stores
from app.oauth.parameters import Parameters
from app.oauth.resources.grant import ask_resources
from app.oauth.resources.request import assigned_scope, scope_of
from app.oauth.scopes import PERSONAL, parse_scope


class ClientCredentials:
    """``client_credentials``: no person, so no ID token; no refresh token (§4.4.3)."""

    name = "client_credentials"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the client may do for itself.

        Raises:
            UnauthorizedClient: It cannot prove who it is.
            InvalidScope: A scope is about a person or is not assigned to the client,
                or none is.
            InvalidTarget: A resource is not to be had, or not together with another.
        """
        if client.is_public:  # §4.4: confidential clients only
            raise UnauthorizedClient("the client has to authenticate for this grant")
        resources = await ask_resources(parameters, client, stores.resources)
        scope = scope_for_itself(parameters.get("scope"), client, resources)
        return Granted(client=client, scope=scope, resources=resources)


def own_scope(client_scope: Iterable[str]) -> frozenset[str]:
    """Return what a client may have for itself: nobody is there to speak of."""
    return frozenset(client_scope) - PERSONAL


def scope_for_itself(
    text: str | None,
    client: Client,
    resources: tuple[Resource, ...],
    allowed: Iterable[str] | None = None,
) -> tuple[str, ...]:
    """Return what is asked for, or all that is assigned (RFC 6749 §3.3).

    Where resources are named, it is what is assigned there. One that has no scopes is
    asked for without any.

    Args:
        text: The parameter, if it was sent.
        client: Whose assigned scope counts.
        resources: Those that the token is for.
        allowed: What it may have of that now, if not all.

    Raises:
        InvalidScope: A scope is about a person or is not assigned to the client, or
            none is.
    """
    assigned = own_scope(client.scope)
    if resources:
        assigned = assigned_scope(resources, client, alone=True)
    if allowed is not None:
        assigned = assigned.intersection(allowed)
    wanted = tuple(sorted(assigned)) if text is None else parse_scope(text)
    personal = [token for token in wanted if token in PERSONAL]
    if personal:
        raise InvalidScope("a scope is about a person", hint=" ".join(personal))
    foreign = [token for token in wanted if token not in assigned]
    if foreign:
        hint = f"not registered for {' '.join(foreign)}"
        raise InvalidScope(
            "the client may not ask for this scope",
            hint=hint[:1_000],
            compared={
                "asked for": " ".join(wanted),
                "assigned": " ".join(sorted(assigned)),
            },
        )
    if not wanted and not (resources and not scope_of(resources)):
        elsewhere = "; name one of its resources" if client.resources else ""
        raise InvalidScope(f"no scope is assigned to the client{elsewhere}")
    return wanted
