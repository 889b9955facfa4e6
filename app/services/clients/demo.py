"""The client that the built-in demo application is (ADR-0071)."""

from typing import Any

from app.core.exceptions import Conflict
from app.models.oauth.client import OAuthClient
from app.repositories.unit_of_work import UnitOfWork
from app.services.clients.client import OAuthClientService
from app.services.clients.provider import Provider

DEMO_CLIENT = "auth-serve-demo"
CALLBACK, HOME = "/demo/callback", "/demo"


class DemoClientTaken(Conflict):
    """A client of this name is there that the demo application did not make."""

    code = "demo_client_taken"
    title = f"There is another client called {DEMO_CLIENT}; rename or delete it"


class DemoClientService:
    """Registers the demo application, as an administrator would."""

    def __init__(self, uow: UnitOfWork, provider: Provider) -> None:
        """Work in this transaction."""
        self._uow = uow
        self._provider = provider
        self._clients = OAuthClientService(uow, provider)

    async def ensure(self) -> None:
        """Have it registered with the addresses that it has now.

        In development the port changes from start to start, and the last one counts.

        Raises:
            ClientExists: Another request registered it just now.
            DemoClientTaken: It is somebody else's.
        """
        row = await self._uow.oauth_clients.by_client_id(DEMO_CLIENT)
        wanted = self._metadata()
        if row is None:
            await self._clients.create(wanted, {}, DEMO_CLIENT)
            return
        if not is_demo(row):
            raise DemoClientTaken
        if any(row.document.get(name) != value for name, value in wanted.items()):
            await self._clients.update(DEMO_CLIENT, wanted, {}, None)

    def _metadata(self) -> dict[str, Any]:
        """Return what it is: without a secret, so that there is none to keep."""
        origin = self._provider.settings.public_url
        return {
            "client_name": "Demo application",
            "software_id": DEMO_CLIENT,
            "application_type": "web",
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [f"{origin}{CALLBACK}"],
            "post_logout_redirect_uris": [f"{origin}{HOME}"],
            "scope": "openid profile email",
        }


def is_demo(client: OAuthClient) -> bool:
    """Tell whether a client is the demo application and nobody's own."""
    return client.document.get("software_id") == DEMO_CLIENT
