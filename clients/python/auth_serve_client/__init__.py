"""Access tokens of Auth Serve, checked in an API by itself."""

from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.resource_server import ResourceServer
from auth_serve_client.token import AccessToken

__all__ = ["AccessToken", "Refused", "ResourceServer", "Unavailable"]
