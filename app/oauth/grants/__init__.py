"""Grants: the list of what exists."""

from app.oauth.grants.authorization_code import AuthorizationCode
from app.oauth.grants.base import Grant
from app.oauth.grants.client_credentials import ClientCredentials
from app.oauth.grants.device_code import DeviceCode
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.grants.refresh_token import RefreshToken
from app.oauth.grants.token_exchange import TokenExchange

GRANTS: tuple[Grant, ...] = (
    AuthorizationCode(),
    RefreshToken(),
    ClientCredentials(),
    DeviceCode(),
    JwtBearer(),
    TokenExchange(),
)
