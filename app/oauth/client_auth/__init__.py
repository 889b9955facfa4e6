"""Methods of client authentication: the list of what exists."""

from app.oauth.client_auth.base import ClientAuthenticator
from app.oauth.client_auth.client_secret_basic import ClientSecretBasic
from app.oauth.client_auth.client_secret_post import ClientSecretPost
from app.oauth.client_auth.none import NoAuthentication
from app.oauth.client_auth.private_key_jwt import PrivateKeyJwt

METHODS: tuple[ClientAuthenticator, ...] = (
    ClientSecretBasic(),
    ClientSecretPost(),
    PrivateKeyJwt(),
    NoAuthentication(),
)
