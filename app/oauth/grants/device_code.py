"""RFC 8628 §3.4-§3.5: a device asks whether its person has agreed."""

from collections.abc import Mapping

from app.oauth.clients.client import Client
from app.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    Check,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
    SlowDown,
)
from app.oauth.grants.authorization_code import FIRST_COUNTER
from app.oauth.grants.base import Granted, Stores, still_assigned
from app.oauth.parameters import Parameters
from app.oauth.ports import DevicePoll
from app.oauth.resources.grant import narrow_resources

_REFUSALS: Mapping[DevicePoll, type[OAuthError]] = {
    DevicePoll.PENDING: AuthorizationPending,
    DevicePoll.TOO_SOON: SlowDown,
    DevicePoll.DENIED: AccessDenied,
    DevicePoll.EXPIRED: ExpiredToken,
    DevicePoll.INVALID: InvalidGrant,
}
_NOT_VALID = "the device code is not valid"
_SAID: Mapping[DevicePoll, str] = {
    DevicePoll.PENDING: "the person has not decided yet",
    DevicePoll.TOO_SOON: "wait for five seconds more between two requests from now on",
    DevicePoll.DENIED: "the person said no",
    DevicePoll.EXPIRED: "the device code has expired; ask for another",
    DevicePoll.INVALID: _NOT_VALID,
}
_CHECKS = {DevicePoll.INVALID: Check.DEVICE_CODE}  # else it is that of the class


class DeviceCode:
    """``urn:ietf:params:oauth:grant-type:device_code``."""

    name = "urn:ietf:params:oauth:grant-type:device_code"

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the person agreed to, once.

        Raises:
            InvalidRequest: The device code is missing.
            AuthorizationPending: Nobody has decided yet.
            SlowDown: The same, and it was asked too soon.
            AccessDenied: The person said no.
            ExpiredToken: Nobody decided in time.
            InvalidGrant: It cannot be used, or not by this client.
            InvalidTarget: It was not issued for what it is redeemed for.
        """
        code = parameters.need("device_code")
        issued = await stores.device_codes.redeem(code, client.client_id)
        if isinstance(issued, DevicePoll):
            raise _REFUSALS[issued](_SAID[issued], check=_CHECKS.get(issued))
        if issued.client_id != client.client_id:  # the store looked; as with codes
            hint = f"issued to {issued.client_id}, sent by {client.client_id}"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.TOKEN_OWNER)
        resources, wanted = await narrow_resources(
            parameters, client, issued.resources, stores.resources
        )
        scope = still_assigned(issued.scope, client, resources)
        if issued.scope and not scope:
            hint = "no scope is left"
            raise InvalidGrant(_NOT_VALID, hint=hint, check=Check.SCOPE)
        may_refresh = "refresh_token" in client.grant_types
        return Granted(
            client=client,
            scope=scope,
            resources=wanted,
            authentication=issued.authentication,
            grant_id=issued.grant_id,
            refresh_counter=FIRST_COUNTER if may_refresh else None,
            is_narrowed=len(scope) < len(issued.scope),
        )
