"""RFC 7521 §4.1, RFC 7523 §2.1: the token of a workload for one of ours.

Who asks need not be authenticated (§4.1 of RFC 7521): the token of an issuer that is
trusted says which client it speaks for. There is no refresh token, since the workload
gets new tokens of its issuer; and nothing about people, whoever it acts for.
"""

from dataclasses import replace

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.errors import Check, InvalidGrant, InvalidTarget
from app.oauth.grants.base import Granted, Stores
from app.oauth.grants.client_credentials import scope_for_itself
from app.oauth.parameters import Parameters
from app.oauth.resources.grant import ask_resources

_NOT_VALID = "the assertion is not valid"


class JwtBearer:
    """``urn:ietf:params:oauth:grant-type:jwt-bearer``."""

    name = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the workload may do.

        Raises:
            InvalidRequest: The assertion is missing.
            InvalidGrant: It is not believed, or does not speak for this client.
            InvalidTarget: A resource is not to be had, or not by its rule.
            InvalidScope: It asks for more than its rule allows, or none is left.
        """
        assertion = parameters.need("assertion")
        spoken = await stores.assertions.believe(assertion, client.client_id)
        if spoken is None:
            raise InvalidGrant(_NOT_VALID, check=Check.ASSERTION)
        if spoken.client_id != client.client_id:  # as with codes
            hint = f"it speaks for {spoken.client_id}, sent by {client.client_id}"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.TOKEN_OWNER)
        resources = await ask_resources(parameters, client, stores.resources)
        _check_resources(resources, spoken.resources)
        text = parameters.get("scope")
        scope = scope_for_itself(text, client, resources, spoken.scope)
        granted = Granted(client=client, scope=scope, resources=resources)
        begun = await stores.assertions.use(scope, granted.access_ttl)
        if begun is None:
            raise InvalidGrant(_NOT_VALID, check=Check.ASSERTION)
        return replace(granted, grant_id=begun.grant_id)


def _check_resources(
    resources: tuple[Resource, ...], allowed: tuple[str, ...] | None
) -> None:
    """Hold the token to what its rule says it may be for (RFC 8707 §2)."""
    if allowed is None:
        return
    foreign = [one.identifier for one in resources if one.identifier not in allowed]
    if foreign or not resources:
        hint = f"asked for {' '.join(foreign) or 'none'}, allowed {' '.join(allowed)}"
        raise InvalidTarget(
            "name a resource that is allowed here",
            hint=hint[:1_000],
            compared={
                "asked for": " ".join(one.identifier for one in resources) or "none",
                "the rule allows": " ".join(allowed),
            },
        )
