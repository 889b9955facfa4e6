"""Authorization requests, read with what this server knows: clients, keys, settings."""

from app.oauth.authorize import (
    AuthorizationRequest,
    ReturnAddress,
    identify,
    read_request,
)
from app.oauth.device.authorization import DeviceRequest
from app.oauth.errors import InvalidRequest
from app.oauth.parameters import RESOURCE, Parameters
from app.services.clients.document import ClientDocumentService
from app.services.clients.provider import Provider
from app.services.oauth.device.device_answer import read_device
from app.services.oauth.flow import Flow
from app.services.oauth.hint import read_hint
from app.services.oauth.refusal import AuthorizationRefusalService
from app.services.sign_in.browser_session import Browser

_ADDRESS = frozenset({"client_id", "redirect_uri"})


class AuthorizationRequestReader:
    """Says who asks, where the answer goes, and what is asked for."""

    def __init__(
        self, provider: Provider, refusals: AuthorizationRefusalService
    ) -> None:
        """Hand what nobody can be told to ``refusals``."""
        self._provider = provider
        self._refusals = refusals
        self._documents = ClientDocumentService(provider)

    async def address(
        self, params: Parameters, repeated: frozenset[str] = frozenset()
    ) -> ReturnAddress:
        """Return who asks and where the answer goes.

        Args:
            params: What came.
            repeated: Names of parameters that came twice.

        Raises:
            UnanswerableRequest: There is nobody to answer; the trail has the reason.
        """
        client = None
        try:
            client = await self._documents.asking(params.get("client_id", ""))
            if repeated & _ADDRESS:
                raise InvalidRequest("client_id or redirect_uri is there twice")
            return identify(
                params,
                client,
                scopes=self._provider.supported.scopes,
                development=not self._provider.settings.is_production,
            )
        except InvalidRequest as error:
            await self._refusals.show(error, client.client_id if client else None)

    async def of_flow(self, flow: Flow, browser: Browser) -> ReturnAddress:
        """Return the same of what waits; of a device there is all that it asks for.

        Raises:
            FlowNotFound: The device's code is over, or somebody else answers it.
            UnanswerableRequest: There is nobody to answer.
        """
        if not flow.user_code:
            return await self.address(flow.parameters)
        return await read_device(self._provider, flow.user_code, browser)

    async def read(self, params: Parameters, to: ReturnAddress) -> AuthorizationRequest:
        """Return what is asked for.

        Raises:
            OAuthError: The client is told.
        """
        if isinstance(to, DeviceRequest):
            return to
        provider = self._provider
        pkce = provider.settings.oauth.pkce
        named = params.every(RESOURCE)
        known = await provider.resources.find(named) if named else {}
        return read_request(
            params, to, supported=provider.supported, pkce=pkce, known=known
        )

    def hinted_subject(self, request: AuthorizationRequest) -> str | None:
        """Return ``sub`` of the ``id_token_hint``, verified; None if none was sent.

        Raises:
            InvalidRequest: It is none of ours, or not for this client.
        """
        if request.id_token_hint is None:
            return None
        client_id = request.client.client_id
        return read_hint(self._provider, request.id_token_hint, client_id).subject
