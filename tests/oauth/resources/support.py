"""APIs, and who may ask for tokens for them; a test changes what it is about."""

from typing import Any

from app.oauth.clients.client import Client
from app.oauth.clients.resource import Resource
from tests.oauth.token_support import client

ORDERS = "https://orders.example.com"
STOCK = "https://stock.example.com/v1"
BROKER = "rabbitmq"  # what RabbitMQ calls itself is a plain word


def a_resource(identifier: str = ORDERS, **members: Any) -> Resource:
    """Return an API with two scopes that clients have to be assigned to."""
    usual: dict[str, Any] = {"scopes": {"read": "See it", "write": "Change it"}}
    return Resource(identifier=identifier, **(usual | members))


def a_client(*assigned: str, **members: Any) -> Client:
    """Return a client to which these APIs are assigned with all that they have."""
    return client(resources=dict.fromkeys(assigned), **members)
