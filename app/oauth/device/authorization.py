"""RFC 8628 §3.1-§3.3: a device asks, and gets two codes: one to show, one to poll with.

What a person then decides about is an authorization request like any other, but for
two things: it has no address to return to, and it is always asked about, whoever
vouches for the client (§5.4: somebody else's device may have begun it).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.oauth.authorize import AuthorizationRequest
from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from app.oauth.device.user_code import shown_user_code
from app.oauth.errors import UnauthorizedClient
from app.oauth.grants.device_code import DeviceCode
from app.oauth.parameters import Parameters
from app.oauth.resources.grant import ask_resources
from app.oauth.resources.request import Resources, requested_scope

INTERVAL = 5  # seconds between two polls (§3.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest(AuthorizationRequest):
    """What a device asks for, once a person typed its code.

    Attributes:
        device_code_id: What is approved, or not.
        user_code: As it was made; the device shows it in two halves.
        ip: Address of the device.
        user_agent: What the device calls itself; anybody can call it anything.
        asked_at: When it asked.
    """

    device_code_id: UUID
    user_code: str
    ip: str
    user_agent: str
    asked_at: datetime


class Asked(NamedTuple):
    """What a device asks for."""

    scope: tuple[str, ...]
    resources: tuple[Resource, ...]


async def read_device_request(
    parameters: Parameters,
    client: Client,
    supported: Collection[str],
    resources: Resources,
) -> Asked:
    """Return what a device asks for (§3.1, RFC 8707 §2.1).

    Args:
        parameters: The body of the request.
        client: Whom ``authenticate_client`` found it to come from.
        supported: Scopes that this server offers.
        resources: Where resources are found.

    Raises:
        UnauthorizedClient: The client is not registered for the grant.
        InvalidTarget: A resource is not to be had.
        InvalidScope: Malformed, not the client's, or nothing is left.
    """
    if DeviceCode.name not in client.grant_types:
        hint = f"registered for {' '.join(sorted(client.grant_types))}"
        raise UnauthorizedClient("the client may not use this grant", hint=hint)
    found = await ask_resources(parameters, client, resources)
    scope = requested_scope(parameters.get("scope"), client, supported, found)
    return Asked(scope, found)


def device_response(
    *, device_code: str, user_code: str, page: str, expires_in: int
) -> dict[str, Any]:
    """Return the body of the answer (§3.2).

    Args:
        device_code: What the device polls with.
        user_code: What it shows, as it was made.
        page: Where the person types it.
        expires_in: Seconds that both codes live.
    """
    shown = shown_user_code(user_code)
    return {
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={shown}",
        "expires_in": expires_in,
        "interval": INTERVAL,
    }


def device_request(
    client: Client,
    asked: Asked,
    **device: Any,
) -> DeviceRequest:
    """Return what the person is asked; ``device`` are the attributes of our own."""
    return DeviceRequest(
        client=client,
        redirect_uri="",
        redirect_uri_sent=None,
        response_mode="",
        state=None,
        scope=asked.scope,
        resources=asked.resources,
        nonce=None,
        code_challenge=None,
        prompt=frozenset({"consent"}),
        max_age=client.default_max_age,
        acr_values=client.default_acr_values,
        login_hint=None,
        id_token_hint=None,
        claims={},
        ui_locales=(),
        display="page",
        **device,
    )
