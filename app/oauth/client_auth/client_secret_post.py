"""RFC 6749 §2.3.1, OIDC Core §9: a secret in the body of the request."""

from app.oauth.client_auth.base import Credentials, Surroundings
from app.oauth.clients.client import AuthMethod, Client
from app.oauth.clients.secrets import find_secret, is_live
from app.oauth.errors import InvalidClient
from app.oauth.parameters import Parameters


class ClientSecretPost:
    """``client_secret_post``."""

    name: AuthMethod = "client_secret_post"

    def read(
        self, authorization: str | None, parameters: Parameters
    ) -> Credentials | None:
        """Return name and secret, if there is a secret.

        Raises:
            InvalidRequest: There is no name beside it.
        """
        secret = parameters.get("client_secret")
        if secret is None:
            return None
        return Credentials(self.name, parameters.need("client_id"), secret)

    async def verify(
        self, client: Client, credentials: Credentials, surroundings: Surroundings
    ) -> None:
        """Return if the secret is one of the client's that lives.

        Raises:
            InvalidClient: It is not.
        """
        check_secret(client, credentials, surroundings)


def check_secret(
    client: Client, credentials: Credentials, surroundings: Surroundings
) -> None:
    """Return if the secret is one of the client's that lives.

    Raises:
        InvalidClient: It is not; the hint says which of the two.
    """
    secret = find_secret(credentials.proof, client.secrets)
    if secret is None:
        raise InvalidClient(hint=f"matches none of {len(client.secrets)} secrets")
    if not is_live(secret, surroundings.now):
        raise InvalidClient(hint=f"the secret ended at {secret.expires_at}")
