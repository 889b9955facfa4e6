"""RFC 6749 §6, RFC 9700 §4.14.2, OIDC Core §12: a refresh token for new tokens."""

from app.oauth.clients.client import Client
from app.oauth.errors import Check, InvalidGrant
from app.oauth.grants.base import Granted, Stores, still_assigned
from app.oauth.parameters import Parameters
from app.oauth.resources.grant import narrow_resources
from app.oauth.scopes import narrow_scope

_NOT_VALID = "the refresh token is not valid"


class RefreshToken:
    """``refresh_token``."""

    name = "refresh_token"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what was granted, or less of it if that is asked for.

        Less is for this access token only: the next one may have all again.

        Raises:
            InvalidRequest: The token is missing.
            InvalidGrant: It does not hold, or not for this client.
            InvalidScope: It asks for more than was granted.
            InvalidTarget: It asks for another resource, or none that was granted is
                left.
        """
        token = parameters.need("refresh_token")
        rotated = await stores.refresh_tokens.rotate(token, client.client_id)
        if rotated is None:
            hint = "unknown, spent, expired, revoked, or of another client"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.REFRESH_TOKEN)
        if rotated.client_id != client.client_id:  # as with codes
            hint = f"issued to {rotated.client_id}, sent by {client.client_id}"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.TOKEN_OWNER)
        resources, wanted = await narrow_resources(
            parameters, client, rotated.resources, stores.resources
        )
        scope = still_assigned(rotated.scope, client, resources)
        if rotated.scope and not scope:
            hint = "no scope is left"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.SCOPE)
        narrowed = narrow_scope(parameters.get("scope"), scope)
        return Granted(
            client=client,
            scope=narrowed,
            resources=wanted,
            authentication=rotated.authentication,
            claims=rotated.claims,
            grant_id=rotated.grant_id,
            refresh_counter=rotated.counter,
            is_narrowed=len(narrowed) < len(rotated.scope),
        )
