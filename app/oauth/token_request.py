"""RFC 6749 §3.2, §4 and §5.2: what all token requests have in common."""

from collections.abc import Collection

from app.oauth.clients.client import Client
from app.oauth.errors import UnauthorizedClient, UnsupportedGrantType
from app.oauth.grants import GRANTS
from app.oauth.grants.base import Granted, Stores
from app.oauth.parameters import Parameters

_BY_NAME = {grant.name: grant for grant in GRANTS}


async def redeem_grant(
    parameters: Parameters,
    client: Client,
    stores: Stores,
    offered: Collection[str] = _BY_NAME,
) -> Granted:
    """Return what a token request is given.

    Args:
        parameters: The body of the request.
        client: Whom ``authenticate_client`` found it to come from.
        stores: What grants are redeemed from.
        offered: Grant types that are not switched off.

    Raises:
        InvalidRequest: A parameter is missing or malformed.
        UnsupportedGrantType: This server knows no such grant.
        UnauthorizedClient: The client is not registered for it.
        InvalidGrant: What it redeems does not hold; the caller keeps what the stores
            changed, such as a code that was used up.
        InvalidScope: It asks for too much; the caller keeps nothing.
        InvalidTarget: A resource is not to be had; the caller keeps what it keeps after
            ``InvalidGrant``.
    """
    name = parameters.need("grant_type")
    grant = _BY_NAME.get(name)
    if grant is None or name not in offered:
        hint = f"grant_type is {ascii(name)[:200]}"
        raise UnsupportedGrantType(
            "grant_type is not supported",
            hint=hint,
            compared={"asked for": ascii(name)[:200], "offered": " ".join(offered)},
        )
    if grant.name not in client.grant_types:
        registered = " ".join(sorted(client.grant_types))
        hint = f"asked for {grant.name}, registered for {registered}"
        raise UnauthorizedClient(
            "the client may not use this grant",
            hint=hint,
            compared={"asked for": grant.name, "registered": registered},
        )
    return await grant.redeem(parameters, client, stores)
