"""RFC 6749 §2.1 and §3.2.1, RFC 7591 §2: public clients name themselves only."""

from app.oauth.client_auth.base import Credentials, Surroundings
from app.oauth.clients.client import AuthMethod, Client
from app.oauth.parameters import Parameters

_PROOFS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


class NoAuthentication:
    """``none``: PKCE and rotation protect such a client, no secret does."""

    name: AuthMethod = "none"

    def read(
        self, authorization: str | None, parameters: Parameters
    ) -> Credentials | None:
        """Return the client's name, if nothing came with it that proves something."""
        client_id = parameters.get("client_id")
        if client_id is None or authorization is not None:
            return None
        if not _PROOFS.isdisjoint(parameters):
            return None
        return Credentials(self.name, client_id)

    async def verify(
        self, client: Client, credentials: Credentials, surroundings: Surroundings
    ) -> None:
        """Return always: that the client is registered for this is all there is."""
